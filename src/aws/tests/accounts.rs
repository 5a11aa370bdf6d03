//! Which accounts are followed, and as whom AWS is asked.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a pretend AWS answers what a test is about, and all else alike"
)]

use super::{Asked, AwsError, CALLER, PAGE, Pretend, Reply, findings, page};
use crate::aws::Operation;

/// An organization of three accounts: 1 and 2 in a unit within `ou-ab12-outer000`, 3 at the root.
/// `placed` says whether it tells where they are.
fn organization(placed: bool) -> impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static {
    let listed = |id: &str, units: &str| {
        let path = format!("o-1/r-ab12/{units}{id}/");
        let paths = if placed { vec![path] } else { vec![] };
        serde_json::json!({ "Id": id, "Name": id, "State": "ACTIVE", "Paths": paths })
    };
    let (one, two) = ("111122223333", "222233334444");
    let inner = "ou-ab12-outer000/ou-ab12-inner000/";
    let all = [
        listed(one, inner),
        listed(two, inner),
        listed("333344445555", ""),
    ];
    move |asked| {
        let parent = |id: &str| asked.body.contains(&format!("\"ParentId\":\"{id}\""));
        let answer = match asked.operation {
            Operation::ListAccounts => serde_json::json!({ "Accounts": all }),
            Operation::ListAccountsForParent if parent("ou-ab12-inner000") => {
                serde_json::json!({ "Accounts": all[..2] })
            }
            Operation::ListOrganizationalUnitsForParent if parent("ou-ab12-outer000") => {
                serde_json::json!({ "OrganizationalUnits": [{ "Id": "ou-ab12-inner000" }] })
            }
            Operation::ListAccountsForParent if parent("ou-ab12-missing0") => {
                let said = "You specified parent that doesn't exist.";
                return Reply::error(400, "ParentNotFoundException", said);
            }
            Operation::ListTagsForResource => {
                let prod = asked.body.contains(one);
                let value = if prod { "prod" } else { "dev" };
                serde_json::json!({ "Tags": [{ "Key": "env", "Value": value }] })
            }
            _ => serde_json::json!({}),
        };
        Reply::ok(answer.to_string())
    }
}

async fn selected(pretend: &Pretend, accounts: &str) -> Result<Vec<String>, AwsError> {
    let (aws, _) = pretend.connect(&format!("[accounts]\n{accounts}")).await;
    let accounts = aws.accounts().await?;
    Ok(accounts.iter().map(|a| a.id.to_string()).collect())
}

#[tokio::test]
async fn a_unit_stands_for_all_accounts_below_it_whether_or_not_the_organization_places_them() {
    for placed in [true, false] {
        let pretend = Pretend::start(organization(placed)).await;
        let below = selected(&pretend, "include = { ous = [\"ou-ab12-outer000\"] }").await;
        assert_eq!(below.unwrap(), ["111122223333", "222233334444"]);
        let others = selected(&pretend, "exclude = { ous = [\"ou-ab12-inner000\"] }").await;
        assert_eq!(others.unwrap(), ["333344445555"]);
        let walked = !pretend.asked(Operation::ListAccountsForParent).is_empty();
        assert_eq!(walked, !placed);
        assert!(pretend.asked(Operation::ListTagsForResource).is_empty());
    }
}

#[tokio::test]
async fn a_unit_that_is_not_there_is_an_error_that_names_the_key() {
    let pretend = Pretend::start(organization(true)).await;
    for key in ["include", "exclude"] {
        let typed = format!("{key} = {{ ous = [\"ou-ab12-missing0\"] }}");
        let error = selected(&pretend, &typed).await.unwrap_err();
        assert_eq!(error.label(), "selection");
        let text = error.to_string();
        let begin = format!("accounts.{key}.ous: the organization has no unit ou-ab12-missing0; ");
        assert!(text.starts_with(&begin), "{text}");
    }
}

#[tokio::test]
async fn an_empty_selection_is_an_error_and_not_an_empty_organization() {
    let pretend = Pretend::start(organization(true)).await;
    for typed in [
        "include = { ous = [\"ou-ab12-empty000\"] }",
        "include = { tags = { env = \"production\" } }",
        "include = { ids = [\"999999999999\"] }",
        "exclude = { ous = [\"r-ab12\"] }",
    ] {
        let error = selected(&pretend, typed).await.unwrap_err();
        assert_eq!(error.label(), "selection", "{typed}");
        assert!(
            error.to_string().contains("none of the 3 accounts"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn tags_select_and_are_asked_once_for_each_account_in_question() {
    let pretend = Pretend::start(organization(true)).await;
    let prod = "include = { tags = { env = [\"prod\", \"live\"] } }\n\
                exclude = { ids = [\"333344445555\"] }";
    assert_eq!(selected(&pretend, prod).await.unwrap(), ["111122223333"]);
    assert_eq!(pretend.asked(Operation::ListTagsForResource).len(), 2);
}

#[tokio::test]
async fn an_account_whose_tags_are_not_told_is_not_one_without_tags() {
    let pretend = Pretend::start(|asked| match asked.operation {
        Operation::ListTagsForResource => Reply::error(400, "AccessDeniedException", "no"),
        _ => organization(true)(asked),
    })
    .await;
    let error = selected(&pretend, "exclude = { tags = { env = \"dev\" } }").await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("organizations:ListTagsForResource"), "{text}");
}

#[tokio::test]
async fn a_throttled_list_goes_on_where_it_was() {
    let pretend = Pretend::start(|asked| {
        // More often than the SDK asks by itself.
        if asked.operation == Operation::ListAccounts && (1..5).contains(&asked.before) {
            return Reply::error(400, "TooManyRequestsException", "slower");
        }
        let token = if asked.before == 0 { Some("a") } else { None };
        let accounts = serde_json::json!({
            "Accounts": [{ "Id": format!("{:012}", asked.before) }], "NextToken": token,
        });
        Reply::ok(accounts.to_string())
    })
    .await;
    let accounts = selected(&pretend, "").await.unwrap();
    assert_eq!(accounts, ["000000000000", "000000000005"]);
}

/// A room that wants units and tags of accounts.
async fn wanting(pretend: &Pretend, units: &[&str]) -> crate::aws::Aws {
    let (mut aws, _) = pretend.connect("").await;
    let unit = |unit: &&str| ("routes[0].match.ous".to_owned(), (*unit).to_owned());
    let wanted = crate::aws::Wanted {
        units: units.iter().map(unit).collect(),
        tags: true,
    };
    aws.config = std::sync::Arc::new((*aws.config).clone().with_wanted(wanted));
    aws
}

#[tokio::test]
async fn the_roll_says_which_wanted_units_are_above_and_which_tags_there_are() {
    for placed in [true, false] {
        let pretend = Pretend::start(organization(placed)).await;
        let aws = wanting(&pretend, &["ou-ab12-outer000", "ou-ab12-missing0"]).await;
        let roll = aws.roll().await.unwrap();
        let is_below = |account: &crate::domain::Account| {
            let ous = account.learned.ous.as_ref().unwrap();
            ous.iter().any(|ou| ou == "ou-ab12-outer000")
        };
        let below: Vec<bool> = roll.accounts.iter().map(is_below).collect();
        assert_eq!(below, [true, true, false], "placed {placed}");
        let tags = roll.accounts.iter().map(|account| {
            let tags = account.learned.tags.as_ref().unwrap();
            tags["env"].clone()
        });
        assert_eq!(tags.collect::<Vec<_>>(), ["prod", "dev", "dev"]);
        // A unit that is not there is said with its key, and holds nobody up.
        assert_eq!(roll.troubles.len(), 1);
        let text = roll.troubles[0].1.to_string();
        assert!(
            text.starts_with("routes[0].match.ous: the organization has no unit ou-ab12-missing0"),
            "{text}"
        );
        // Within ten minutes one of three is asked again.
        aws.roll().await.unwrap();
        assert_eq!(pretend.asked(Operation::ListTagsForResource).len(), 4);
    }
}

#[tokio::test]
async fn tags_that_are_no_longer_told_stay_as_they_were() {
    let pretend = Pretend::start(|asked| match asked.operation {
        Operation::ListTagsForResource if asked.before >= 3 => {
            Reply::error(400, "AccessDeniedException", "no")
        }
        _ => organization(true)(asked),
    })
    .await;
    let aws = wanting(&pretend, &[]).await;
    let before = aws.roll().await.unwrap();
    assert!(before.troubles.is_empty());
    let after = aws.roll().await.unwrap();
    assert_eq!(after.accounts, before.accounts);
    assert_eq!(after.troubles[0].0, Operation::ListTagsForResource);
}

/// Answers as the administrator's account 999988887777 with these pages of members.
fn administrator(
    pages: &'static [&'static str],
) -> impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static {
    |asked| match asked.operation {
        Operation::CallerIdentity => Reply::ok(CALLER),
        _ => Reply::ok(pages[asked.before]),
    }
}

#[tokio::test]
async fn members_are_read_to_their_end_and_the_administrator_is_one_of_us() {
    let pretend = Pretend::start(administrator(&[
        r#"{"Members":[{"AccountId":"111122223333"},{"AccountId":"x"}],"NextToken":"a"}"#,
        r#"{"Members":[],"NextToken":"b"}"#,
        r#"{"Members":[{"AccountId":"111122223333"},{"AccountId":"222233334444"}]}"#,
    ]))
    .await;
    let accounts = selected(&pretend, "discover = \"hub-members\"").await;
    let ids = ["111122223333", "222233334444", "999988887777"];
    assert_eq!(accounts.unwrap(), ids);
    let asked = pretend.asked(Operation::ListMembers);
    assert_eq!(asked[0].query, "OnlyAssociated=true&MaxResults=50");
    assert!(asked[2].query.contains("NextToken=b"), "{}", asked[2].query);
    assert_eq!(asked[0].region, "us-east-1");
}

#[tokio::test]
async fn an_account_without_members_is_not_the_administrator() {
    let pretend = Pretend::start(administrator(&[r#"{"Members":[]}"#])).await;
    let error = selected(&pretend, "discover = \"hub-members\"").await;
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("accounts.discover: "), "{text}");
    assert!(text.contains("delegated administrator"), "{text}");
}

const VIA: &str = "arn:aws:iam::999988887777:role/hub";

#[tokio::test]
async fn a_role_on_the_way_is_assumed_once_and_everything_else_is_asked_as_it() {
    let pretend = Pretend::start(|asked| match asked.operation {
        Operation::AssumeRole if asked.access_key == "AKIAOWN" => Reply::session("ASIAVIA"),
        Operation::AssumeRole => Reply::session("ASIA"),
        Operation::ListAccounts => Reply::ok(r#"{"Accounts":[{"Id":"111122223333"}]}"#),
        _ => Reply::ok(PAGE),
    })
    .await;
    let role = format!(
        "[aws.role]\nvia = \"{VIA}\"\nexternal_id_file = \"x\"\nsource_identity = \"sec\"\n\
         session_tags = {{ team = \"blue\" }}"
    );
    let (aws, _) = pretend.connect(&role).await;
    aws.accounts().await.unwrap();
    page(&aws).await.unwrap();
    let roles = pretend.asked(Operation::AssumeRole);
    assert_eq!(roles.len(), 2);
    assert!(roles[0].body.contains("999988887777%3Arole%2Fhub"));
    assert!(roles[0].body.contains("SourceIdentity=sec"));
    assert!(!roles[0].body.contains("Tags"));
    assert_eq!(roles[1].access_key, "ASIAVIA");
    assert!(
        roles[1]
            .body
            .contains("Tags.member.1.Key=team&Tags.member.1.Value=blue")
    );
    assert!(!roles[1].body.contains("SourceIdentity"));
    assert!(
        roles
            .iter()
            .all(|asked| asked.body.contains("ExternalId=external-1"))
    );
    assert_eq!(
        pretend.asked(Operation::ListAccounts)[0].access_key,
        "ASIAVIA"
    );
    assert_eq!(pretend.asked(Operation::GetFindings)[0].access_key, "ASIA");
}

#[tokio::test]
async fn a_role_on_the_way_that_cannot_be_assumed_is_named() {
    let pretend = Pretend::start(|_| Reply::sts_error(403, "AccessDenied", "no")).await;
    let (aws, _) = pretend
        .connect(&format!("[aws.role]\nvia = \"{VIA}\""))
        .await;
    let error = page(&aws).await.unwrap_err();
    assert_eq!(error.label(), "bad_credentials");
    let text = error.to_string();
    assert!(
        text.contains(&format!("cannot assume aws.role.via {VIA}")),
        "{text}"
    );
}

#[tokio::test]
async fn without_a_role_on_the_way_the_sessions_carry_the_source_identity() {
    let pretend = Pretend::start(findings(Reply::ok(PAGE))).await;
    let (aws, _) = pretend
        .connect("[aws.role]\nsource_identity = \"sec\"")
        .await;
    page(&aws).await.unwrap();
    let asked = pretend.asked(Operation::AssumeRole);
    assert!(asked[0].body.contains("SourceIdentity=sec"));
}
