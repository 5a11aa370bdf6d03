//! Control findings that take the place of others, once consolidated control findings are switched on
//! or off.

use super::{
    super::{clock::Nanos, json::Json},
    Kind, Origin, Subject,
    catalog::Control,
    checked::checked_id,
    control::{legacy_control_of, write_consolidated, write_per_standard},
    verdict::{Verdict, control_of, standards_of},
};

/// What a control finding checks: the control, and on what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulator) struct Check {
    control: &'static str,
    resource: String,
}

/// What the finding with this number checks; `None` when it is no control's.
pub(in crate::simulator) fn check_of(
    origin: Origin<'_>,
    index: usize,
    now: Nanos,
) -> Option<Check> {
    let subject = Subject::new(origin, index, now, now);
    let control = checked_control(&subject)?;
    Some(Check {
        control: control.id,
        resource: checked_id(&subject, control),
    })
}

fn checked_control(subject: &Subject<'_>) -> Option<&'static Control> {
    match subject.kind {
        Kind::NetworkControl
        | Kind::SecondNetworkControl
        | Kind::InstanceControl
        | Kind::BucketControl
        | Kind::IdentityControl
        | Kind::OtherControl => Some(control_of(subject)),
        Kind::LegacyControl => Some(legacy_control_of(&mut subject.rng(0x1e9))),
        Kind::Vulnerability
        | Kind::Reachability
        | Kind::Threat
        | Kind::SensitiveData
        | Kind::ExternalAccess
        | Kind::Health
        | Kind::Config
        | Kind::Partner
        | Kind::Custom => None,
    }
}

/// The findings that Security Hub writes now in place of the one with this number, in the shape that
/// the origin says. Each is first seen now, and knows nothing of what an analyst did to the old one.
pub(in crate::simulator) fn renew(
    origin: Origin<'_>,
    index: usize,
    compliance: &str,
    now: Nanos,
) -> Vec<String> {
    let mut subject = Subject {
        created: now,
        record_state: "ACTIVE",
        flaw: None,
        hostile: None,
        ..Subject::new(origin, index, now, now)
    };
    let Some(control) = checked_control(&subject) else {
        return Vec::new();
    };
    if subject.kind == Kind::LegacyControl {
        // The same check of the same bucket, written as it is today.
        subject.kind = Kind::BucketControl;
    }
    let verdict = verdict_of(compliance, control);
    if origin.consolidated {
        return vec![text(|json| {
            write_consolidated(json, &subject, control, &verdict);
        })];
    }
    let standards = (0..).zip(standards_of(control));
    let written = standards.map(|(number, standard)| {
        // Two standards are two findings, whatever else they share.
        subject.edition = 2 * origin.switches + number;
        text(|json| write_per_standard(json, &subject, control, standard, &verdict))
    });
    written.collect()
}

fn text(fill: impl FnOnce(&mut Json)) -> String {
    let mut json = Json::with_capacity(4_096);
    json.object(fill);
    json.into_text()
}

fn verdict_of(compliance: &str, control: &Control) -> Verdict {
    let compliance = ["FAILED", "WARNING", "NOT_AVAILABLE", "PASSED"]
        .into_iter()
        .find(|word| *word == compliance)
        .unwrap_or("NOT_AVAILABLE");
    let passed = compliance == "PASSED";
    Verdict {
        compliance,
        workflow: if passed { "RESOLVED" } else { "NEW" },
        severity: if passed {
            "INFORMATIONAL"
        } else {
            control.severity
        },
    }
}
