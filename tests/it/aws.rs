//! The real SDK reads the simulated organization over a socket.

use std::collections::{BTreeMap, BTreeSet};

use hubwatch::{
    aws::{Aws, AwsError, AwsSection, Pace, RoleSection, Settings},
    domain::{Account, Clock, CoverageState, Question, Scope, Timestamp, Window, window},
    simulator::{Faults, Options, Quota, Reach, Running, Simulator},
};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    #[serde(borrow)]
    findings: Vec<&'a RawValue>,
    next_token: Option<String>,
}

async fn connect(simulator: &Running, pace: Option<Pace>) -> (Aws, prometheus::Registry) {
    let at = simulator.endpoints();
    let settings = Settings {
        aws: AwsSection {
            region: Some(at.region.clone()),
            endpoint_url: Some(at.aws_endpoint_url.clone()),
            role: RoleSection {
                name: Some(at.role_name.clone()),
                external_id_file: Some("external-id".into()),
                ..RoleSection::default()
            },
            ..AwsSection::default()
        },
        ..Settings::default()
    };
    let external_id = SecretString::from(at.external_id.as_str());
    let mut config = settings
        .validate(&|_| Ok(external_id.clone()))
        .unwrap()
        .with_keys(
            &at.access_key_id,
            SecretString::from(at.secret_access_key.as_str()),
        );
    if let Some(pace) = pace {
        config = config.with_pace(pace);
    }
    let registry = prometheus::Registry::new();
    let aws = Aws::connect(config, Clock::system(), &registry)
        .await
        .unwrap();
    (aws, registry)
}

/// Reads a scope to its end, as the pipeline would: what passes is asked again, and after a stale
/// token the window is read from its beginning.
async fn read(aws: &Aws, scope: &Scope, tries: usize) -> Result<BTreeSet<String>, AwsError> {
    let question = Question::Updated(Window {
        kind: window::WindowKind::Backfill,
        start: window::ORIGIN,
        end: Timestamp::now() + jiff::SignedDuration::from_hours(1),
    });
    let mut findings = BTreeSet::new();
    let mut token: Option<String> = None;
    let mut tries = tries;
    loop {
        let body = match aws.findings_page(scope, &question, token.as_deref()).await {
            Ok(body) => body,
            Err(error) => {
                let passes = matches!(
                    error.coverage(),
                    CoverageState::Throttled | CoverageState::Unreachable
                );
                if !passes || tries == 0 {
                    return Err(error);
                }
                if error == AwsError::StaleToken {
                    token = None;
                }
                tries -= 1;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                continue;
            }
        };
        let page: Page<'_> = serde_json::from_slice(&body).unwrap();
        findings.extend(page.findings.iter().map(|raw| raw.get().to_owned()));
        token = page.next_token;
        if token.is_none() {
            return Ok(findings);
        }
    }
}

fn expected(reach: Reach) -> CoverageState {
    match reach {
        Reach::Ok => CoverageState::Ok,
        Reach::Suspended => CoverageState::Suspended,
        Reach::RoleMissing => CoverageState::RoleMissing,
        Reach::Denied => CoverageState::Denied,
        Reach::NotSubscribed => CoverageState::NotSubscribed,
        Reach::RegionDisabled => CoverageState::RegionDisabled,
    }
}

/// Reads every scope and compares what came with what the simulator holds.
async fn everything_arrives(simulator: &Running, aws: &Aws, tries: usize) {
    let truth = simulator.world().truth();
    let accounts: BTreeMap<String, Account> = aws
        .accounts()
        .await
        .unwrap()
        .into_iter()
        .map(|a| (a.id.to_string(), a))
        .collect();
    assert_eq!(accounts.len(), truth.accounts);
    let mut states = BTreeMap::<_, usize>::new();
    for scope_truth in &truth.scopes {
        let scope = Scope {
            account: scope_truth.account_id.as_str().into(),
            region: scope_truth.region.as_str().into(),
        };
        let account = &accounts[&scope_truth.account_id];
        assert_eq!(account.name, scope_truth.account_name);
        let found = if account.active {
            match read(aws, &scope, tries).await {
                Ok(findings) => {
                    let held = simulator
                        .world()
                        .findings(&scope_truth.account_id, &scope_truth.region)
                        .unwrap();
                    let held: BTreeSet<_> = held.into_iter().collect();
                    assert!(
                        findings == held,
                        "{scope}: {} of {}",
                        findings.len(),
                        held.len()
                    );
                    CoverageState::Ok
                }
                Err(error) => error.coverage(),
            }
        } else {
            CoverageState::Suspended
        };
        *states.entry(found.as_str()).or_default() += 1;
        assert_eq!(found, expected(scope_truth.reach), "{scope}");
    }
    assert!(
        states.len() >= 5,
        "the world has few kinds of trouble: {states:?}"
    );
}

const FAST: Pace = Pace {
    per_second: 1_000,
    burst: 1_000,
};

#[tokio::test]
async fn every_readable_finding_arrives_as_it_was_sent_and_every_refusal_has_its_state() {
    let simulator = Simulator::start(Options {
        quota: Quota::OFF,
        // An administrator sees the findings of others, too.
        administrator: false,
        ..Options::default()
    })
    .await
    .unwrap();
    let (aws, _) = connect(&simulator, Some(FAST)).await;
    let caller = aws.caller().await.unwrap();
    assert_eq!(
        caller.account.as_str(),
        simulator.endpoints().management_account_id
    );
    everything_arrives(&simulator, &aws, 0).await;
    assert_eq!(
        aws.home_regions().await.unwrap().len(),
        simulator.world().truth().regions
    );
    simulator.stop().await;
}

#[tokio::test]
async fn faults_that_pass_lose_nothing() {
    let faults = Faults {
        throttle: 0.1,
        server_error: 0.1,
        cut: 0.1,
        short_pages: 0.3,
        services: ["securityhub".to_owned()].into(),
        ..Faults::default()
    };
    let simulator = Simulator::start(Options {
        quota: Quota::OFF,
        // An administrator sees the findings of others, too.
        administrator: false,
        faults,
        ..Options::default()
    })
    .await
    .unwrap();
    let (aws, _) = connect(&simulator, Some(FAST)).await;
    everything_arrives(&simulator, &aws, 100).await;
    assert!(simulator.world().revoke_sessions() > 0);
    everything_arrives(&simulator, &aws, 100).await;
    simulator.stop().await;
}

#[tokio::test]
async fn a_region_that_is_switched_off_is_told_from_bad_credentials() {
    let simulator = Simulator::start(Options::default()).await.unwrap();
    let account = simulator.endpoints().management_account_id.clone();
    let off = simulator.world().truth().scopes[1].region.clone();
    simulator.world().set_faults(Faults {
        region_off: [format!("{account}/{off}")].into(),
        ..Faults::default()
    });
    let (aws, _) = connect(&simulator, None).await;
    let scope = Scope {
        account: account.as_str().into(),
        region: off.as_str().into(),
    };
    let error = read(&aws, &scope, 0).await.unwrap_err();
    assert_eq!(error, AwsError::RegionDisabled);
    let states = aws.regions(&scope.account).await.unwrap();
    let state = states.iter().find(|s| s.region == scope.region).unwrap();
    assert!(!state.enabled);
    simulator.stop().await;
}

#[tokio::test]
async fn the_quota_is_used_without_a_refusal() {
    let simulator = Simulator::start(Options {
        accounts: 1,
        regions: 1,
        findings: 2_000,
        faults: Faults::none(),
        ..Options::default()
    })
    .await
    .unwrap();
    let (aws, registry) = connect(&simulator, None).await;
    let scope = Scope {
        account: simulator.endpoints().management_account_id.as_str().into(),
        region: simulator.endpoints().region.as_str().into(),
    };
    let started = tokio::time::Instant::now();
    assert_eq!(read(&aws, &scope, 0).await.unwrap().len(), 2_000);
    // 20 pages, 5 of them at once, 3 a second.
    let took = started.elapsed().as_secs_f64();
    assert!((4.6..6.5).contains(&took), "{took} s");
    let throttles = registry
        .gather()
        .into_iter()
        .find(|f| f.name() == "hubwatch_aws_throttles_total")
        .unwrap();
    assert!(throttles.get_metric()[0].get_counter().get_value() < 0.5);
    simulator.stop().await;
}
