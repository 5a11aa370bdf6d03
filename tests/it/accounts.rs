//! Choosing accounts of the simulated organization, and the ways to ask it.

use std::collections::BTreeSet;

use aws_sdk_organizations::config::{BehaviorVersion, Credentials, Region};
use hubwatch::{
    aws::{Aws, Settings},
    domain::Clock,
    simulator::{Options, Running, Simulator},
};
use secrecy::SecretString;

use super::support::{Bench, terminate};

async fn simulator() -> Running {
    let options = Options {
        accounts: 60,
        findings: 100,
        ..Options::default()
    };
    Simulator::start(options).await.unwrap()
}

/// The real room, with `extra` as its settings beside the endpoint.
async fn connect(simulator: &Running, role: &str, accounts: &str) -> Aws {
    let at = simulator.endpoints();
    let text = format!(
        "accounts = {{ {accounts} }}\n[aws]\nregion = \"{}\"\nendpoint_url = \"{}\"\n\
         [aws.role]\nname = \"{}\"\nexternal_id_file = \"x\"\n{role}",
        at.region, at.aws_endpoint_url, at.role_name
    );
    let settings: Settings = toml::from_str(&text).unwrap();
    let external_id = SecretString::from(at.external_id.as_str());
    let config = settings
        .validate(&|_| Ok(external_id.clone()))
        .unwrap()
        .with_keys(
            &at.access_key_id,
            SecretString::from(at.secret_access_key.as_str()),
        );
    let registry = prometheus::Registry::new();
    Aws::connect(config, Clock::system(), &registry)
        .await
        .unwrap()
}

async fn selected(simulator: &Running, accounts: &str) -> BTreeSet<String> {
    let aws = connect(simulator, "", accounts).await;
    let accounts = aws.accounts().await.unwrap();
    accounts.into_iter().map(|account| account.name).collect()
}

/// The names that the simulator's truth says so of.
fn names(simulator: &Running, says: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let scopes = simulator.world().truth().scopes.into_iter();
    let names = scopes.map(|scope| scope.account_name);
    names.filter(|name| says(name)).collect()
}

/// A unit's id and those of the units in it, as another client of the same organization sees them.
async fn unit(simulator: &Running, name: &str) -> String {
    let at = simulator.endpoints();
    let keys = Credentials::new(&at.access_key_id, &at.secret_access_key, None, None, "test");
    let config = aws_sdk_organizations::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(at.region.clone()))
        .endpoint_url(&at.aws_endpoint_url)
        .credentials_provider(keys)
        .build();
    let client = aws_sdk_organizations::Client::from_conf(config);
    let roots = client.list_roots().send().await.unwrap();
    let mut parents = vec![roots.roots()[0].id().unwrap().to_owned()];
    while let Some(parent) = parents.pop() {
        let request = client.list_organizational_units_for_parent();
        let units = request.parent_id(parent).send().await.unwrap();
        for unit in units.organizational_units() {
            if unit.name() == Some(name) {
                return unit.id().unwrap().to_owned();
            }
            parents.push(unit.id().unwrap().to_owned());
        }
    }
    panic!("no unit {name}");
}

#[tokio::test]
async fn units_and_tags_select_what_the_organization_says() {
    let simulator = simulator().await;
    let (prod, dev) = (
        names(&simulator, |name| name.contains("-prod")),
        names(&simulator, |name| name.contains("-dev")),
    );
    assert!(prod.len() > 5 && dev.len() > 5, "a test that cannot fail");

    let typed = "include = { tags = { environment = [\"prod\", \"live\"] } }";
    let by_tag = selected(&simulator, typed).await;
    // Two accounts are named after what they do, and have tags like all others.
    let others = ["management", "security-tooling"].map(str::to_owned);
    assert_eq!(&by_tag - &others.into(), prod);

    let workloads = unit(&simulator, "Workloads").await;
    let production = unit(&simulator, "Production").await;
    let inner = format!("include = {{ ous = [\"{production}\"] }}");
    // Suspended accounts are in a unit of their own.
    let active = selected(&simulator, &inner).await;
    assert!(active.is_subset(&prod) && active.len() + 3 > prod.len());
    let outer = format!(
        "include = {{ ous = [\"{workloads}\"] }}, \
         exclude = {{ ous = [\"{production}\"], tags = {{ environment = [\"staging\"] }} }}"
    );
    let rest = selected(&simulator, &outer).await;
    assert!(!rest.is_empty() && rest.is_subset(&dev), "{rest:?}");

    let nowhere = connect(&simulator, "", "include = { ous = [\"ou-zzzz-00000000\"] }").await;
    let error = nowhere.accounts().await.unwrap_err().to_string();
    assert!(error.starts_with("accounts.include.ous: "), "{error}");
    simulator.stop().await;
}

#[tokio::test]
async fn the_administrator_knows_its_members_and_a_role_on_the_way_can_be_it() {
    let simulator = simulator().await;
    let truth = simulator.world().truth();
    let administrator = truth
        .scopes
        .iter()
        .find(|scope| scope.account_name == "security-tooling")
        .unwrap();
    let via = format!(
        "via = \"arn:aws:iam::{}:role/{}\"\nsource_identity = \"security\"\n\
         session_tags = {{ team = \"security\" }}",
        administrator.account_id,
        simulator.endpoints().role_name
    );
    let aws = connect(&simulator, &via, "discover = \"hub-members\"").await;
    let caller = aws.caller().await.unwrap();
    assert_eq!(caller.account.as_str(), administrator.account_id);
    let accounts = aws.accounts().await.unwrap();
    let suspended = truth.accounts - accounts.len();
    assert!(suspended <= 2, "{suspended}");
    assert!(accounts.iter().any(|account| account.id == caller.account));
    // From there to another account: a session of a session.
    let other = accounts.iter().find(|a| a.id != caller.account).unwrap();
    assert_eq!(aws.regions(&other.id).await.unwrap().len(), truth.regions);

    // The management account is not the administrator, and must not pass for one without members.
    let own = connect(&simulator, "", "discover = \"hub-members\"").await;
    let error = own.accounts().await.unwrap_err().to_string();
    assert!(error.starts_with("accounts.discover: "), "{error}");
    simulator.stop().await;
}

#[tokio::test]
async fn a_selection_that_leaves_no_account_makes_nothing_stale() {
    let bench = Bench::start(Options {
        accounts: 3,
        regions: 2,
        findings: 50,
        ..Options::default()
    })
    .await;
    let (code, ..) = bench.run(&["sync"]).await;
    assert_eq!(code, Some(0));

    let config = bench.path("hubwatch.toml");
    let log = std::fs::File::create(bench.path("daemon.log")).unwrap();
    let daemon = bench
        .hubwatch(&["run", "--config", config.to_str().unwrap()])
        .env("HUBWATCH_ACCOUNTS__INCLUDE", "{ ids = [\"999999999999\"] }")
        .stderr(log)
        .spawn()
        .unwrap();
    let said = "accounts: include and exclude leave none of the 3 accounts that are there";
    for _ in 0..200 {
        if bench.log().contains(said) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(terminate(daemon).await, Some(0));
    assert!(bench.log().contains(said), "{}", bench.log());
    bench.assert_store_equals_hub().await;
}
