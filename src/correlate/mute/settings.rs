//! What an operator writes about when nobody is told, and what is wrong with it.

use jiff::{
    civil::{Time, Weekday},
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::Deserialize;

use crate::domain::settings::Problem;

use super::{Mute, is_always};

/// How many mute times a route may have: each is asked about every incident that is untold.
const MOST: usize = 20;

/// The words for days.
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// One `[[routes.mute]]`, as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MuteSettings {
    /// The days on which it begins, `mon` to `sun`; every day where none is named.
    pub days: Vec<String>,
    /// When it begins, such as `22:00`; with the day where it is not given.
    pub from: Option<String>,
    /// When it ends, on the next day if that is not after `from`; with the day where it is not given.
    pub to: Option<String>,
    /// By whose clocks, as the IANA names them, such as `Europe/Berlin`; UTC where none is named.
    pub time_zone: Option<String>,
}

/// Turns what was typed into mute times, and notes what is wrong with them.
pub(in crate::correlate) fn mutes(
    settings: &[MuteSettings],
    problems: &mut Vec<Problem>,
) -> Vec<Mute> {
    if settings.len() > MOST {
        let advice = format!("has more than {MOST} entries; one may name several days");
        problems.push(Problem::new("mute", advice));
        return Vec::new();
    }
    let before = problems.len();
    let mut mutes = Vec::new();
    for (at, settings) in settings.iter().enumerate() {
        let mut found = Vec::new();
        mutes.push(mute(settings, &mut found));
        let section = format!("mute[{at}]");
        problems.extend(found.into_iter().map(|problem| problem.within(&section)));
    }
    if problems.len() == before && is_always(&mutes) {
        let advice =
            "is always, so nobody would ever be told: leave some time, or leave the route out";
        problems.push(Problem::new("mute", advice));
    }
    mutes
}

fn mute(settings: &MuteSettings, problems: &mut Vec<Problem>) -> Mute {
    let midnight = Time::midnight();
    let from = time("from", settings.from.as_deref(), problems);
    let to = match settings.to.as_deref() {
        Some("24:00") => None,
        to => time("to", to, problems),
    };
    if from.is_some() && from == to {
        problems.push(Problem::new(
            "to",
            "is the same as from: leave both out for whole days",
        ));
    }
    Mute {
        days: days(&settings.days, problems),
        from: from.unwrap_or(midnight),
        to: to.unwrap_or(midnight),
        zone: zone(settings.time_zone.as_deref(), problems),
    }
}

fn days(written: &[String], problems: &mut Vec<Problem>) -> Vec<Weekday> {
    if written.is_empty() {
        return DAYS.map(|(_, day)| day).to_vec();
    }
    let mut days = Vec::new();
    for (entry, word) in (1..).zip(written) {
        let day = DAYS.iter().find(|(known, _)| known == word);
        let wrong = match day {
            Some((_, day)) if !days.contains(day) => {
                days.push(*day);
                continue;
            }
            Some(_) => "repeats an earlier entry".to_owned(),
            None => {
                let words = DAYS.map(|(known, _)| known).join(", ");
                format!("must be one of {words}")
            }
        };
        problems.push(Problem::new("days", format!("entry {entry} {wrong}")));
    }
    days
}

fn time(key: &str, written: Option<&str>, problems: &mut Vec<Problem>) -> Option<Time> {
    let written = written?;
    let read = hour_and_minute(written);
    if read.is_none() {
        let advice = match key {
            "to" => "must be a time of day such as 06:00, or 24:00 for the end of the day",
            _ => "must be a time of day such as 22:00",
        };
        problems.push(Problem::new(key, advice));
    }
    read
}

/// Two digits, a colon and two digits.
fn hour_and_minute(written: &str) -> Option<Time> {
    let (hour, minute) = written.split_once(':')?;
    let number = |text: &str| -> Option<i8> {
        let is_right = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| is_right)
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

/// The zones that came with this build: the same on every machine, whatever is installed there.
fn zone(name: Option<&str>, problems: &mut Vec<Problem>) -> TimeZone {
    let Some(name) = name else {
        return TimeZone::UTC;
    };
    TimeZoneDatabase::bundled().get(name).unwrap_or_else(|_| {
        let advice = "is no time zone of the IANA, such as Europe/Berlin or UTC";
        problems.push(Problem::new("time_zone", advice));
        TimeZone::UTC
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> (Vec<Mute>, Vec<String>) {
        let settings: Vec<MuteSettings> = serde_json::from_str(json).unwrap();
        let mut problems = Vec::new();
        let read = mutes(&settings, &mut problems);
        (read, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_key_may_be_left_out_as_long_as_some_time_is_left() {
        for json in [
            "[]",
            r#"[{"days":["sat","sun"]}]"#,
            r#"[{"from":"22:00","to":"06:00"}]"#,
            r#"[{"from":"22:00"},{"to":"06:00"}]"#,
            r#"[{"from":"22:00","to":"24:00","time_zone":"Asia/Kolkata"}]"#,
            r#"[{"from":"00:00","to":"24:00","days":["mon","tue","wed","thu","fri","sat"]}]"#,
            r#"[{"from":"00:01"}]"#,
            // The one hour that is left is skipped once a year.
            r#"[{"days":["mon","tue","wed","thu","fri","sat"],"time_zone":"Europe/Berlin"},
                {"days":["sun"],"to":"02:00","time_zone":"Europe/Berlin"},
                {"days":["sun"],"from":"03:00","time_zone":"Europe/Berlin"}]"#,
        ] {
            let (read, problems) = read(json);
            assert_eq!(problems, [""; 0], "{json}");
            assert_eq!(read.len(), json.matches('{').count());
        }
    }

    #[test]
    fn what_leaves_no_time_is_refused() {
        for json in [
            "[{}]",
            r#"[{"time_zone":"Asia/Tokyo"}]"#,
            r#"[{"from":"00:00","to":"24:00"}]"#,
            r#"[{"from":"08:00","to":"20:00"},{"from":"20:00","to":"08:00"}]"#,
            r#"[{"days":["sat","sun"]},{"days":["mon","tue","wed","thu","fri"]}]"#,
            // Night in one place and day in the other.
            r#"[{"from":"06:00","to":"18:00"},{"from":"06:00","to":"18:00","time_zone":"Etc/GMT+12"}]"#,
        ] {
            let (_, problems) = read(json);
            assert_eq!(problems.len(), 1, "{json}");
            assert!(problems[0].starts_with("mute: is always"), "{problems:?}");
        }
    }

    #[test]
    fn a_mistake_is_said_with_its_key_and_without_its_value() {
        let (_, problems) = read(
            r#"[{"days":["mon","secret","Sun","mon"]},
                {"from":"secret","to":"25:00","time_zone":"Se/cret"},
                {"from":"9:00","to":"24:01"},{"from":"24:00","to":"09:60"},
                {"from":"08:00","to":"08:00"},{"from":"+1:00","to":"0:0:0"}]"#,
        );
        let keys: Vec<_> = problems
            .iter()
            .map(|p| p.split(": ").next().unwrap())
            .collect();
        let expected = [
            "mute[0].days",
            "mute[0].days",
            "mute[0].days",
            "mute[1].from",
            "mute[1].to",
            "mute[1].time_zone",
            "mute[2].from",
            "mute[2].to",
            "mute[3].from",
            "mute[3].to",
            "mute[4].to",
            "mute[5].from",
            "mute[5].to",
        ];
        assert_eq!(keys, expected, "{problems:#?}");
        let said = problems.join("\n").to_lowercase();
        assert!(!said.contains("cret") && !said.contains("25:"), "{said}");
    }

    #[test]
    fn there_are_not_more_than_can_be_asked() {
        let one = |n: usize| format!(r#"{{"from":"00:{n:02}","to":"00:{:02}"}}"#, n + 1);
        let some = |n: usize| format!("[{}]", (0..n).map(one).collect::<Vec<_>>().join(","));
        assert_eq!(read(&some(MOST)).1, [""; 0]);
        assert_eq!(read(&some(MOST + 1)).1.len(), 1);
    }
}
