//! Variables of the environment.

use std::time::Duration;

use hubwatch::config::load;

use super::{Secrets, example, owned, told};

fn errors(variables: &[(&str, &str)]) -> Vec<String> {
    let errors = load(None, owned(variables)).unwrap_err();
    errors.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_configuration_can_come_from_the_environment_alone() {
    let config = load(
        None,
        owned(&[
            ("HUBWATCH_SYNC__POLL_INTERVAL", "30s"),
            ("HUBWATCH_SYNC__CONCURRENCY", "7"),
            ("HUBWATCH_HTTP__LISTEN", "[::1]:9000"),
            ("HUBWATCH_ACCOUNTS__DISCOVER", "list"),
            ("HUBWATCH_ACCOUNTS__LIST", r#"[{ id = "111122223333" }]"#),
            ("PATH", "/bin"),
        ]),
    )
    .unwrap();
    assert_eq!(config.sync.poll_interval, Duration::from_secs(30));
    assert_eq!(config.sync.concurrency, 7);
    assert_eq!(config.http.listen.to_string(), "[::1]:9000");
    assert!(format!("{:?}", config.aws).contains("111122223333"));
}

#[test]
fn a_variable_wins_over_the_file_and_finds_its_spelling() {
    let secrets = Secrets::new("0123456789abcdef");
    let text = secrets.named_in(&example());
    let config = secrets
        .load_with(&text, &[("HUBWATCH_SINKS__JIRA_SEC__PROJECT", "OPS")])
        .unwrap();
    let jira = format!("{:?}", config.sinks["jira-sec"]);
    assert!(jira.contains("OPS"), "{jira}");
    assert_eq!(config.sinks.len(), 2);
}

#[test]
fn text_that_looks_like_a_number_stays_text_where_text_is_wanted() {
    let list = r#"{ discover = "list", list = [{ id = "012345678901" }] }"#;
    let config = load(
        None,
        owned(&[
            ("HUBWATCH_ACCOUNTS", list),
            ("HUBWATCH_AWS__ROLE__NAME", "007"),
        ]),
    )
    .unwrap();
    let aws = format!("{:?}", config.aws);
    assert!(
        aws.contains("\"007\"") && aws.contains("012345678901"),
        "{aws}"
    );
}

#[test]
fn a_problem_names_the_variable_that_made_it() {
    assert_eq!(
        errors(&[
            ("HUBWATCH_SYNC__CONCURRENCY", "lots"),
            ("HUBWATCH_SYNC__OVERLAP", "long"),
            ("HUBWATCH_SYNC__POLL_INTERVALL", "30s"),
            ("HUBWATCH_STROE__URL", "x"),
            ("HUBWATCH_HTTP____LISTEN", "x"),
        ]),
        [
            "HUBWATCH_HTTP____LISTEN: expected a name such as HUBWATCH_SECTION__KEY",
            "HUBWATCH_STROE__URL: stroe: unknown key; did you mean `store`?",
            "HUBWATCH_SYNC__CONCURRENCY: sync.concurrency: expected a whole number, not negative, \
             found a string",
            "HUBWATCH_SYNC__POLL_INTERVALL: sync.poll_intervall: unknown key; did you mean \
             `poll_interval`?",
            "HUBWATCH_SYNC__OVERLAP: sync.overlap: expected a duration from 1m to 7d",
        ]
    );
}

#[test]
fn a_kubernetes_service_called_hubwatch_does_not_keep_the_daemon_from_starting() {
    load(
        None,
        owned(&[
            ("HUBWATCH_SERVICE_HOST", "10.0.0.1"),
            ("HUBWATCH_SERVICE_PORT", "9465"),
            ("HUBWATCH_SERVICE_PORT_METRICS", "9465"),
            ("HUBWATCH_PORT", "tcp://10.0.0.1:9465"),
            ("HUBWATCH_PORT_9465_TCP_ADDR", "10.0.0.1"),
        ]),
    )
    .unwrap();
}

#[test]
fn a_value_that_is_not_text_is_a_problem() {
    use std::os::unix::ffi::OsStringExt as _;
    let value = std::ffi::OsString::from_vec(vec![0xff, b'x']);
    let errors = load(None, [("HUBWATCH_STORE__URL".into(), value)]).unwrap_err();
    assert_eq!(told(&errors), [": expected text in UTF-8"]);
}
