use crate::correlate::RouteSettings;

use super::*;

fn mutes(json: &str) -> Vec<Mute> {
    let json = format!(r#"{{"name":"r","sinks":["jira"],"mute":{json}}}"#);
    let settings: RouteSettings = serde_json::from_str(&json).unwrap();
    settings.validate(&["jira"]).unwrap().mutes
}

/// At each time, the end of the mute time that it is in; `-` for none.
fn check(json: &str, table: &[(&str, &str)]) {
    let mutes = mutes(json);
    for (now, expected) in table {
        let until = muted_until(&mutes, now.parse().unwrap());
        let expected: Option<Timestamp> = (*expected != "-").then(|| expected.parse().unwrap());
        assert_eq!(until, expected, "{json} at {now}");
    }
}

#[test]
fn without_a_mute_time_it_is_none() {
    check("[]", &[("2026-07-01T12:00:00Z", "-")]);
}

#[test]
fn a_time_of_day_is_by_the_clocks_of_its_place() {
    // Summer in Berlin is two hours ahead.
    check(
        r#"[{"from":"12:00","to":"13:30","time_zone":"Europe/Berlin"}]"#,
        &[
            ("2026-07-01T09:59:59.999999Z", "-"),
            ("2026-07-01T10:00:00Z", "2026-07-01T11:30:00Z"),
            ("2026-07-01T11:29:59.999999Z", "2026-07-01T11:30:00Z"),
            ("2026-07-01T11:30:00Z", "-"),
            ("2026-01-01T11:00:00Z", "2026-01-01T12:30:00Z"),
        ],
    );
    check(
        r#"[{"from":"12:00","to":"13:30"}]"#,
        &[
            ("2026-07-01T11:59:59Z", "-"),
            ("2026-07-01T12:00:00Z", "2026-07-01T13:30:00Z"),
        ],
    );
}

#[test]
fn a_period_over_midnight_belongs_to_the_day_on_which_it_begins() {
    // The third of July 2026 is a Friday.
    check(
        r#"[{"days":["fri"],"from":"22:00","to":"06:00"}]"#,
        &[
            ("2026-07-03T05:00:00Z", "-"),
            ("2026-07-03T21:59:59Z", "-"),
            ("2026-07-03T22:00:00Z", "2026-07-04T06:00:00Z"),
            ("2026-07-04T00:00:00Z", "2026-07-04T06:00:00Z"),
            ("2026-07-04T06:00:00Z", "-"),
            ("2026-07-04T22:00:00Z", "-"),
        ],
    );
}

#[test]
fn whole_days_end_with_the_last_of_them() {
    check(
        r#"[{"days":["sat","sun"],"time_zone":"America/New_York"}]"#,
        &[
            ("2026-07-04T03:59:59Z", "-"),
            ("2026-07-04T04:00:00Z", "2026-07-06T04:00:00Z"),
            ("2026-07-06T03:59:59Z", "2026-07-06T04:00:00Z"),
            ("2026-07-06T04:00:00Z", "-"),
        ],
    );
}

#[test]
fn what_follows_without_a_gap_is_one_mute_time_whatever_the_zones() {
    let json = r#"[{"days":["sat","sun"],"time_zone":"Europe/Berlin"},
                   {"from":"18:00","to":"08:00","time_zone":"Europe/Berlin"},
                   {"from":"06:00","to":"07:00"}]"#;
    check(
        json,
        &[
            ("2026-07-03T15:59:59Z", "-"),
            // From Friday evening to Monday 08:00 in Berlin, and then to 07:00 in UTC.
            ("2026-07-03T16:00:00Z", "2026-07-06T07:00:00Z"),
            ("2026-07-06T07:00:00Z", "-"),
            ("2026-07-06T16:00:00Z", "2026-07-07T07:00:00Z"),
        ],
    );
}

#[test]
fn when_clocks_go_forward_a_time_that_is_skipped_is_the_moment_at_which_they_do() {
    // Berlin skips from 02:00 to 03:00 on the 29th of March 2026, at 01:00 in UTC.
    let zone = r#""time_zone":"Europe/Berlin""#;
    check(
        &format!(r#"[{{"from":"02:30","to":"05:00",{zone}}}]"#),
        &[
            ("2026-03-29T00:59:59Z", "-"),
            ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"),
        ],
    );
    check(
        &format!(r#"[{{"from":"23:00","to":"02:30",{zone}}}]"#),
        &[
            ("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"),
            ("2026-03-29T01:00:00Z", "-"),
            // The day after, as ever.
            ("2026-03-29T21:00:00Z", "2026-03-30T00:30:00Z"),
        ],
    );
    // Skipped as a whole.
    check(
        &format!(r#"[{{"from":"02:15","to":"02:45",{zone}}}]"#),
        &[
            ("2026-03-29T00:59:59Z", "-"),
            ("2026-03-29T01:00:00Z", "-"),
            ("2026-03-30T00:15:00Z", "2026-03-30T00:45:00Z"),
        ],
    );
    // A whole day has 23 hours.
    check(
        &format!(r#"[{{"days":["sun"],{zone}}}]"#),
        &[("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")],
    );
}

#[test]
fn when_clocks_go_back_a_time_that_is_shown_twice_is_quiet_both_times() {
    // Berlin shows 02:00 to 03:00 twice on the 25th of October 2026, the second time from 01:00 in
    // UTC.
    let zone = r#""time_zone":"Europe/Berlin""#;
    check(
        &format!(r#"[{{"from":"22:00","to":"02:30",{zone}}}]"#),
        &[
            ("2026-10-24T20:00:00Z", "2026-10-25T01:30:00Z"),
            ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            ("2026-10-25T01:30:00Z", "-"),
        ],
    );
    check(
        &format!(r#"[{{"from":"02:30","to":"04:00",{zone}}}]"#),
        &[
            ("2026-10-25T00:29:59Z", "-"),
            ("2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z"),
        ],
    );
    // A whole day has 25 hours.
    check(
        &format!(r#"[{{"days":["sun"],{zone}}}]"#),
        &[("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")],
    );
}

#[test]
fn clocks_that_change_at_midnight_end_a_day_once() {
    // Santiago skips from 00:00 to 01:00 on Sunday the 6th of September 2026, at 04:00 in UTC, and
    // shows 23:00 to 24:00 twice on Saturday the 4th of April.
    let zone = r#""time_zone":"America/Santiago""#;
    check(
        &format!(r#"[{{"days":["sat"],{zone}}}]"#),
        &[
            ("2026-09-06T03:59:59Z", "2026-09-06T04:00:00Z"),
            ("2026-09-06T04:00:00Z", "-"),
            ("2026-04-05T03:59:59Z", "2026-04-05T04:00:00Z"),
            ("2026-04-05T04:00:00Z", "-"),
        ],
    );
    check(
        &format!(r#"[{{"days":["sun"],{zone}}}]"#),
        &[
            ("2026-09-06T03:59:59Z", "-"),
            ("2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"),
            ("2026-04-05T03:59:59Z", "-"),
            ("2026-04-05T04:00:00Z", "2026-04-06T04:00:00Z"),
        ],
    );
}

#[test]
fn a_gap_that_is_skipped_one_week_is_there_the_next() {
    // All but Sunday 02:00 to 03:00.
    let json = r#"[{"days":["mon","tue","wed","thu","fri","sat"],"time_zone":"Europe/Berlin"},
                   {"days":["sun"],"to":"02:00","time_zone":"Europe/Berlin"},
                   {"days":["sun"],"from":"03:00","time_zone":"Europe/Berlin"}]"#;
    check(
        json,
        &[
            ("2026-03-22T01:30:00Z", "-"),
            ("2026-03-22T02:00:00Z", "2026-04-05T00:00:00Z"),
            ("2026-04-05T00:00:00Z", "-"),
        ],
    );
}
