//! What a touched issue's findings add up to.

use std::sync::Arc;

use crate::domain::{
    IssueStatus, Parts, Score, Severity, Standing, Timestamp,
    decision::{Assessment, Evidence, Facts, TouchedIssue},
    finding::Traits,
};

use super::part;

/// What the findings of an issue add up to. The order of the evidence decides nothing.
///
/// A finding is only forgotten long after it was gone, so an issue without any is one whose findings
/// now report another, or have been gone for long: it is resolved.
pub(super) fn facts(touched: &TouchedIssue) -> Facts {
    let severity = worst(&touched.evidence).map_or(Severity::Informational, |e| e.severity);
    let status = status(touched);
    Facts {
        status,
        severity,
        parts: match status {
            IssueStatus::Open => part::parts(&touched.identity, severity, traits(touched)),
            IssueStatus::Suppressed | IssueStatus::Resolved => Parts::NONE,
        },
    }
}

/// The issue as its findings make it.
pub(super) fn assess(touched: &TouchedIssue) -> Assessment {
    let worst = worst(&touched.evidence);
    let Facts {
        status,
        severity,
        parts,
    } = facts(touched);
    let since = touched.evidence.iter().map(|evidence| evidence.since).min();
    Assessment {
        id: touched.id,
        identity: touched.identity.clone(),
        status,
        severity,
        score: Score::of(severity),
        parts,
        about: Arc::clone(&touched.about),
        silenced_until: None,
        title: worst.map_or_else(
            || touched.identity.problem.as_str().into(),
            |e| e.title.clone(),
        ),
        since: since.unwrap_or(Timestamp::UNIX_EPOCH),
        history: touched.history,
    }
}

/// What any open finding says.
fn traits(touched: &TouchedIssue) -> Traits {
    let evidence = touched.evidence.iter();
    let open = evidence.filter(|evidence| evidence.standing == Standing::Open);
    open.fold(Traits::default(), |all, evidence| all.or(evidence.traits))
}

/// Open when any finding says so. A check that could not be made is no evidence either way: the
/// issue stays what it was, and one that was never decided is not opened by it. Nor is a finding
/// whose place another takes, until that one is there, which may be hours later.
fn status(touched: &TouchedIssue) -> IssueStatus {
    let any = |standing| {
        touched
            .evidence
            .iter()
            .any(|evidence| evidence.standing == standing)
    };
    if any(Standing::Open) {
        return IssueStatus::Open;
    }
    let is_unclear = any(Standing::Unassessed) || waits(&touched.evidence);
    if let Some(before) = touched.status.filter(|_| is_unclear) {
        return before;
    }
    if any(Standing::Suppressed) {
        return IssueStatus::Suppressed;
    }
    IssueStatus::Resolved
}

/// Whether a finding was replaced, and nothing that came after it says how the problem stands now.
fn waits(evidence: &[Evidence]) -> bool {
    let is_replaced = |e: &&Evidence| e.standing == Standing::Replaced;
    let last = evidence.iter().filter(is_replaced).map(|e| e.since).max();
    last.is_some_and(|last| {
        !evidence
            .iter()
            .any(|e| e.since > last && e.standing != Standing::Replaced)
    })
}

/// The finding that speaks for the issue: the worst open one, or the worst of all when none is
/// open; of equally bad ones the first by title.
fn worst(evidence: &[Evidence]) -> Option<&Evidence> {
    evidence.iter().max_by(|a, b| {
        let open = |e: &Evidence| e.standing == Standing::Open;
        (open(a), a.severity)
            .cmp(&(open(b), b.severity))
            .then_with(|| b.title.cmp(&a.title))
    })
}

#[cfg(test)]
mod tests {
    use crate::domain::IssueIdentity;

    use super::*;

    fn says(standing: Standing, severity: Severity, title: &str, since: i64) -> Evidence {
        Evidence {
            standing,
            severity,
            title: title.into(),
            since: Timestamp::from_second(since).unwrap(),
            traits: Traits::default(),
        }
    }

    fn touched(status: Option<IssueStatus>, evidence: Vec<Evidence>) -> TouchedIssue {
        TouchedIssue {
            id: 1,
            resource: 1,
            parts: Parts::NONE,
            identity: IssueIdentity {
                account: "111122223333".into(),
                region: None,
                resource_kind: "AwsIamUser".to_owned(),
                resource: "arn:aws:iam::111122223333:user/jane".to_owned(),
                problem: "control:IAM.5".to_owned(),
            },
            status,
            evidence,
            about: Arc::default(),
            history: false,
        }
    }

    #[test]
    fn the_status_follows_from_what_all_findings_say() {
        use IssueStatus as S;
        use Standing::{Archived, Open, Resolved, Suppressed, Unassessed};
        let table: [(Option<S>, &[Standing], S); 12] = [
            (None, &[Resolved, Open, Suppressed], S::Open),
            (Some(S::Resolved), &[Open], S::Open),
            (Some(S::Open), &[Resolved, Archived], S::Resolved),
            (Some(S::Open), &[Resolved, Suppressed], S::Suppressed),
            (Some(S::Open), &[Unassessed], S::Open),
            (Some(S::Open), &[Unassessed, Resolved, Suppressed], S::Open),
            (Some(S::Resolved), &[Unassessed], S::Resolved),
            (Some(S::Suppressed), &[Unassessed, Resolved], S::Suppressed),
            (None, &[Unassessed], S::Resolved),
            (None, &[Unassessed, Suppressed], S::Suppressed),
            // Its findings report another issue now.
            (Some(S::Open), &[], S::Resolved),
            (None, &[], S::Resolved),
        ];
        for (before, standings, expected) in table {
            let evidence = standings
                .iter()
                .map(|s| says(*s, Severity::Low, "t", 0))
                .collect();
            let now = assess(&touched(before, evidence));
            assert_eq!(now.status, expected, "{before:?} {standings:?}");
        }
    }

    #[test]
    fn a_replaced_finding_ends_nothing_until_what_takes_its_place_is_there() {
        use IssueStatus as S;
        use Standing::{Archived, Gone, Open, Replaced, Resolved, Suppressed};
        // Each in the order in which they were first seen.
        let table: [(Option<S>, &[Standing], S); 12] = [
            (Some(S::Open), &[Replaced], S::Open),
            (Some(S::Open), &[Replaced, Replaced], S::Open),
            (Some(S::Suppressed), &[Replaced], S::Suppressed),
            (Some(S::Resolved), &[Replaced], S::Resolved),
            (None, &[Replaced], S::Resolved),
            // What is older says nothing about now.
            (Some(S::Open), &[Archived, Replaced], S::Open),
            (Some(S::Open), &[Resolved, Suppressed, Replaced], S::Open),
            // What came after it does.
            (Some(S::Open), &[Replaced, Resolved], S::Resolved),
            (Some(S::Open), &[Replaced, Archived], S::Resolved),
            (Some(S::Open), &[Replaced, Gone], S::Resolved),
            (Some(S::Open), &[Replaced, Suppressed], S::Suppressed),
            (Some(S::Resolved), &[Replaced, Open], S::Open),
        ];
        for (before, standings, expected) in table {
            let mut evidence: Vec<Evidence> = (0..)
                .zip(standings)
                .map(|(since, s)| says(*s, Severity::Low, "t", since))
                .collect();
            for _ in 0..evidence.len() {
                evidence.rotate_left(1);
                let now = assess(&touched(before, evidence.clone()));
                assert_eq!(now.status, expected, "{before:?} {standings:?}");
            }
        }
    }

    #[test]
    fn the_worst_open_finding_speaks_for_the_issue_whatever_the_order() {
        let mut evidence = vec![
            says(Standing::Resolved, Severity::Critical, "resolved", 5),
            says(Standing::Open, Severity::Medium, "a milder one", 9),
            says(Standing::Open, Severity::High, "b", 7),
            says(Standing::Open, Severity::High, "a", 8),
        ];
        for _ in 0..evidence.len() {
            evidence.rotate_left(1);
            let now = assess(&touched(None, evidence.clone()));
            assert_eq!(now.severity, Severity::High);
            assert_eq!(&*now.title, "a");
            assert_eq!(now.since.as_second(), 5);
        }
    }

    #[test]
    fn when_none_is_open_the_worst_of_all_speaks() {
        let evidence = vec![
            says(Standing::Resolved, Severity::Informational, "passed", 5),
            says(Standing::Archived, Severity::High, "archived", 5),
        ];
        let now = assess(&touched(Some(IssueStatus::Open), evidence));
        assert_eq!((now.severity, &*now.title), (Severity::High, "archived"));
    }
}
