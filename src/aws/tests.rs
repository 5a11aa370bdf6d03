//! The real SDK against a pretend AWS.

use std::time::Duration;

use jiff::Timestamp;
use prometheus::Registry;
use tokio::task::JoinSet;

use super::{
    Aws, AwsError, Operation,
    pretend::{Asked, Pretend, Reply, connect},
};
use crate::domain::{CoverageState, Question, Scope, Window, window::WindowKind};

const ACCOUNT: &str = "111122223333";
const PAGE: &str = r#"{"Findings":[],"NextToken":"t1"}"#;

fn scope() -> Scope {
    Scope {
        account: ACCOUNT.into(),
        region: "eu-west-1".into(),
    }
}

fn question() -> Question {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    Question::Updated(Window {
        kind: WindowKind::Tail,
        start: at("2026-03-01T10:00:00.123456Z"),
        end: at("2026-03-01T10:10:00Z"),
    })
}

async fn page(aws: &Aws) -> Result<bytes::Bytes, AwsError> {
    aws.findings_page(&scope(), &question(), None).await
}

/// Answers `GetFindings` with one reply, and everything else well.
fn findings(reply: Reply) -> impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static {
    move |asked| {
        if asked.operation == Operation::AssumeRole {
            return Reply::session(&format!("ASIA{}", asked.before));
        }
        reply.clone()
    }
}

fn counted(registry: &Registry, name: &str, labels: &[&str]) -> f64 {
    let families = registry.gather();
    let family = families.iter().find(|f| f.name() == name).unwrap();
    family
        .get_metric()
        .iter()
        .filter(|m| m.get_label().iter().all(|l| labels.contains(&l.value())))
        .map(|m| m.get_counter().get_value())
        .sum()
}

#[tokio::test]
async fn a_page_comes_out_byte_for_byte() {
    let body = "\n{ \"Findings\" : [{\"Severity\":{\"Product\":1e400,\"Normalized\":70.000},\
                \"Confidence\":12345678901234567890123,\"Title\":\"\\u00e9é\\ud83d\\ude00 💥\",\
                \"RecordState\":\"NOT_IN_THE_MODEL\",\"NewerThanTheSdk\":{\"a\":[null,-0.0]},\
                \"Resources\":\"of the wrong type\",\"a\":1,\"a\":2}]\t}\n ";
    let pretend = Pretend::start(findings(Reply::ok(body))).await;
    let (aws, _) = pretend.connect("").await;
    assert_eq!(page(&aws).await.unwrap(), body.as_bytes());
}

#[tokio::test]
async fn every_page_asks_the_same_question_in_the_scope_with_the_accounts_session() {
    let pretend = Pretend::start(findings(Reply::ok(PAGE))).await;
    let (aws, _) = pretend.connect("").await;
    for token in [None, Some("t1")] {
        aws.findings_page(&scope(), &question(), token)
            .await
            .unwrap();
    }
    let asked = pretend.asked(Operation::GetFindings);
    let questions: Vec<serde_json::Value> = asked
        .iter()
        .map(|a| serde_json::from_str(&a.body).unwrap())
        .collect();
    let first = serde_json::json!({
        "Filters": { "UpdatedAt": [{
            "Start": "2026-03-01T10:00:00.123Z",
            "End": "2026-03-01T10:10:00.000Z",
        }] },
        "SortCriteria": [{ "Field": "UpdatedAt", "SortOrder": "asc" }],
        "MaxResults": 100,
    });
    assert_eq!(questions[0], first);
    let mut second = first;
    second["NextToken"] = "t1".into();
    assert_eq!(questions[1], second);
    for asked in asked {
        assert_eq!(
            (asked.access_key.as_str(), asked.region.as_str()),
            ("ASIA0", "eu-west-1")
        );
    }
}

#[tokio::test]
async fn twenty_callers_of_one_account_assume_its_role_once() {
    let pretend = Pretend::start(|asked| {
        if asked.operation == Operation::AssumeRole {
            return Reply {
                after: Duration::from_millis(50),
                ..Reply::session("ASIA")
            };
        }
        Reply::ok(PAGE)
    })
    .await;
    let extra = "[aws]\nregion = \"eu-central-1\"\n[aws.role]\nname = \"path/reader\"\n\
                 external_id_file = \"x\"\nsession_name = \"me@here\"\nduration = \"15m\"";
    let (aws, registry) = pretend.connect(extra).await;
    let aws = std::sync::Arc::new(aws);
    let mut callers = JoinSet::new();
    for number in 0..20 {
        let aws = std::sync::Arc::clone(&aws);
        let scope = Scope {
            region: format!("eu-west-{number}").as_str().into(),
            ..scope()
        };
        callers.spawn(async move { aws.findings_page(&scope, &question(), None).await.unwrap() });
    }
    assert_eq!(callers.join_all().await.len(), 20);
    let asked = pretend.asked(Operation::AssumeRole);
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (asked[0].access_key.as_str(), asked[0].region.as_str()),
        ("AKIAOWN", "eu-central-1")
    );
    for part in [
        "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fpath%2Freader",
        "ExternalId=external-1",
        "RoleSessionName=me%40here",
        "DurationSeconds=900",
    ] {
        assert!(asked[0].body.contains(part), "{part} in {}", asked[0].body);
    }
    assert!((counted(&registry, "hubwatch_credentials_total", &["ok"]) - 1.0).abs() < 0.1);
}

#[tokio::test]
async fn after_an_expired_session_the_next_call_assumes_the_role_anew() {
    let pretend = Pretend::start(|asked| match (asked.operation, asked.access_key.as_str()) {
        (Operation::AssumeRole, _) => Reply::session(&format!("ASIA{}", asked.before)),
        (_, "ASIA0") => Reply::error(
            403,
            "ExpiredTokenException",
            "The security token is expired",
        ),
        _ => Reply::ok(PAGE),
    })
    .await;
    let (aws, _) = pretend.connect("").await;
    assert_eq!(page(&aws).await, Err(AwsError::ExpiredSession));
    assert_eq!(page(&aws).await.unwrap(), PAGE.as_bytes());
    assert_eq!(pretend.asked(Operation::AssumeRole).len(), 2);
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_asked_for_once_by_all_regions() {
    let said = "User: arn:aws:iam::999988887777:user/me is not authorized to perform: \
                sts:AssumeRole on resource: arn:aws:iam::111122223333:role/hubwatch-read";
    let pretend = Pretend::start(move |_| Reply::sts_error(403, "AccessDenied", said)).await;
    let (aws, registry) = pretend
        .connect("[aws.role]\nexternal_id_file = \"x\"")
        .await;
    for _ in 0..30 {
        let error = page(&aws).await.unwrap_err();
        assert_eq!(error.coverage(), CoverageState::RoleMissing);
        let text = error.to_string();
        assert!(text.starts_with("cannot assume arn:aws:iam::111122223333:role/hubwatch-read: "));
        assert!(!text.contains("external-1"), "{text}");
    }
    assert_eq!(pretend.asked(Operation::AssumeRole).len(), 1);
    let missing = counted(&registry, "hubwatch_credentials_total", &["role_missing"]);
    assert!((missing - 1.0).abs() < 0.1);
}

#[tokio::test]
async fn one_accounts_missing_role_costs_no_other_account() {
    let pretend = Pretend::start(|asked| {
        let assumes = asked.operation == Operation::AssumeRole;
        match (assumes, asked.body.contains(ACCOUNT)) {
            (true, true) => Reply::sts_error(403, "AccessDenied", "no"),
            (true, false) => Reply::session("ASIA"),
            (false, _) => Reply::ok(PAGE),
        }
    })
    .await;
    let (aws, _) = pretend.connect("").await;
    page(&aws).await.unwrap_err();
    let other = Scope {
        account: "444455556666".into(),
        ..scope()
    };
    aws.findings_page(&other, &question(), None).await.unwrap();
}

#[tokio::test]
async fn a_throttled_request_is_not_repeated_behind_the_budgets_back() {
    let throttled = Reply {
        headers: vec![("retry-after", "7".to_owned())],
        ..Reply::error(429, "TooManyRequestsException", "Too Many Requests")
    };
    let pretend = Pretend::start(findings(throttled)).await;
    let (aws, registry) = pretend.connect("").await;
    let retry_after = Some(Duration::from_secs(7));
    assert_eq!(page(&aws).await, Err(AwsError::Throttled { retry_after }));
    assert_eq!(pretend.asked(Operation::GetFindings).len(), 1);
    let throttles = counted(&registry, "hubwatch_aws_throttles_total", &[]);
    assert!((throttles - 1.0).abs() < 0.1);
    let requests = counted(
        &registry,
        "hubwatch_aws_requests_total",
        &["securityhub", "GetFindings", "throttled"],
    );
    assert!((requests - 1.0).abs() < 0.1);
}

#[tokio::test]
async fn refusals_read_by_the_sdk_become_coverage_states() {
    let table = [
        (
            Reply::error(
                401,
                "InvalidAccessException",
                "Account 111122223333 is not subscribed to AWS Security Hub",
            ),
            CoverageState::NotSubscribed,
        ),
        (
            Reply::error(
                403,
                "AccessDeniedException",
                "User is not authorized to perform: securityhub:GetFindings",
            ),
            CoverageState::Denied,
        ),
        (
            Reply::error(
                403,
                "UnrecognizedClientException",
                "The security token included in the request is invalid",
            ),
            CoverageState::RegionDisabled,
        ),
        (
            Reply::error(500, "InternalException", "oops"),
            CoverageState::Unreachable,
        ),
        (
            Reply {
                status: 502,
                ..Reply::ok("<html>Bad Gateway</html>")
            },
            CoverageState::Unreachable,
        ),
    ];
    for (reply, state) in table {
        let said = reply.clone();
        let pretend = Pretend::start(findings(reply)).await;
        let (aws, _) = pretend.connect("").await;
        assert_eq!(page(&aws).await.unwrap_err().coverage(), state, "{said:?}");
    }
}

#[tokio::test]
async fn a_refused_page_token_is_stale() {
    let stale = Reply::error(
        400,
        "InvalidInputException",
        "Invalid NextToken: Input Query has changed",
    );
    let pretend = Pretend::start(findings(stale)).await;
    let (aws, _) = pretend.connect("").await;
    let answer = aws.findings_page(&scope(), &question(), Some("old")).await;
    assert_eq!(answer, Err(AwsError::StaleToken));
}

#[tokio::test]
async fn a_success_that_is_no_answer_is_malformed() {
    for body in ["", "<html>Log in to the hotel network</html>", "[]"] {
        let pretend = Pretend::start(findings(Reply::ok(body))).await;
        let (aws, _) = pretend.connect("").await;
        let error = page(&aws).await.unwrap_err();
        assert_eq!(error.label(), "malformed", "{body}");
    }
    let pretend = Pretend::start(|_| Reply::ok("not XML")).await;
    let (aws, _) = pretend.connect("").await;
    assert_eq!(aws.caller().await.unwrap_err().label(), "malformed");
}

#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (aws, _) = connect(&url, "").await;
    let error = page(&aws).await.unwrap_err();
    assert_eq!(error.label(), "unreachable");
    assert!(error.to_string().contains("sts:AssumeRole"), "{error}");
}

#[tokio::test]
async fn the_organization_is_read_to_its_end_through_empty_pages() {
    let pages = [
        r#"{"Accounts":[{"Id":"111122223333","Name":"one","Status":"ACTIVE"}],"NextToken":"a"}"#,
        r#"{"Accounts":[],"NextToken":"b"}"#,
        r#"{"NextToken":"c"}"#,
        r#"{"Accounts":[{"Id":"111122223333","Name":"one"},
            {"Id":"444455556666","Name":"two","State":"SUSPENDED","Status":"ACTIVE"},
            {"Id":"777788889999","Name":"left out"},{"Id":"not-an-id"},
            {"Id":"000000000001"}]}"#,
    ];
    let pretend = Pretend::start(move |asked| Reply::ok(pages[asked.before])).await;
    let (aws, _) = pretend
        .connect("[accounts]\nexclude = { ids = [\"777788889999\"] }")
        .await;
    let accounts = aws.accounts().await.unwrap();
    let seen: Vec<_> = accounts
        .iter()
        .map(|a| (a.id.as_str(), a.name.as_str(), a.active))
        .collect();
    assert_eq!(
        seen,
        [
            ("111122223333", "one", true),
            ("444455556666", "two", false),
            ("000000000001", "000000000001", true),
        ]
    );
    let tokens: Vec<_> = pretend
        .asked(Operation::ListAccounts)
        .into_iter()
        .map(|a| a.body)
        .collect();
    assert_eq!(tokens.len(), 4);
    assert!(tokens[1].contains("\"a\"") && tokens[3].contains("\"c\""));
}

#[tokio::test]
async fn half_an_organization_is_no_answer() {
    let pretend = Pretend::start(|asked| match asked.before {
        0 => Reply::ok(r#"{"Accounts":[{"Id":"111122223333"}],"NextToken":"a"}"#),
        _ => Reply::error(400, "AccessDeniedException", "You don't have permissions"),
    })
    .await;
    let (aws, _) = pretend.connect("").await;
    let error = aws.accounts().await.unwrap_err();
    assert_eq!(error.label(), "denied");
    assert!(error.to_string().contains("accounts.discover = \"list\""));
}

#[tokio::test]
async fn an_accounts_regions_are_asked_with_its_session_and_the_home_regions_with_our_own() {
    let regions = "<DescribeRegionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
        <requestId>r</requestId><regionInfo>\
        <item><regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus></item>\
        <item><regionName>af-south-1</regionName><optInStatus>not-opted-in</optInStatus></item>\
        <item><regionName>ap-east-1</regionName><optInStatus>opted-in</optInStatus></item>\
        <item><regionName>evil.example/</regionName></item>\
        <item><regionName>me-new-1</regionName></item>\
        </regionInfo></DescribeRegionsResponse>";
    let pretend = Pretend::start(findings(Reply::ok(regions))).await;
    let (aws, _) = pretend.connect("").await;
    let account = ACCOUNT.into();
    let states = aws.regions(&account).await.unwrap();
    let seen: Vec<_> = states
        .iter()
        .map(|s| (s.region.as_str(), s.enabled))
        .collect();
    assert_eq!(
        seen,
        [
            ("af-south-1", false),
            ("ap-east-1", true),
            ("me-new-1", true),
            ("us-east-1", true),
        ]
    );
    assert_eq!(aws.home_regions().await.unwrap(), states);
    let asked = pretend.asked(Operation::DescribeRegions);
    let keys: Vec<_> = asked.iter().map(|a| a.access_key.as_str()).collect();
    assert_eq!(keys, ["ASIA0", "AKIAOWN"]);
    assert!(asked[0].body.contains("AllRegions=true"));
}

#[tokio::test]
async fn listed_accounts_and_regions_are_not_asked_of_aws() {
    let pretend = Pretend::start(|_| Reply::error(500, "Never", "asked")).await;
    let (aws, _) = pretend
        .connect(
            "[accounts]\ndiscover = \"list\"\n\
             list = [{ id = \"111122223333\", regions = [\"eu-west-1\"] }]\n\
             [regions]\ndiscover = \"list\"\nlist = [\"us-east-1\"]",
        )
        .await;
    let accounts = aws.accounts().await.unwrap();
    assert_eq!(accounts[0].regions, Some(vec!["eu-west-1".into()]));
    assert_eq!(aws.regions(&accounts[0].id).await.unwrap().len(), 1);
    assert_eq!(aws.home_regions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn our_own_bad_credentials_are_named_as_such() {
    let pretend = Pretend::start(|_| {
        Reply::sts_error(403, "InvalidClientTokenId", "The security token is invalid")
    })
    .await;
    let (aws, _) = pretend.connect("").await;
    assert_eq!(aws.caller().await.unwrap_err().label(), "bad_credentials");
    assert_eq!(page(&aws).await.unwrap_err().label(), "bad_credentials");
}

#[tokio::test]
async fn we_learn_who_we_are() {
    let pretend = Pretend::start(|_| {
        Reply::ok(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::999988887777:user/me</Arn>\
             <UserId>U</UserId><Account>999988887777</Account></GetCallerIdentityResult>\
             </GetCallerIdentityResponse>",
        )
    })
    .await;
    let (aws, _) = pretend.connect("").await;
    let caller = aws.caller().await.unwrap();
    assert_eq!(caller.account.as_str(), "999988887777");
    assert_eq!(caller.arn, "arn:aws:iam::999988887777:user/me");
}
