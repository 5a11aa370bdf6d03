//! What happens to control findings when `ControlFindingGenerator` is switched, in either direction:
//! as checks run again, new ones come with other ids, and those of the other shape are archived with
//! a reason. The two are mixed for up to 18 hours (Security Hub user guide, "Consolidated control
//! findings"), so both orders happen.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    super::{
        clock::{self, Nanos},
        generate::{self, Check},
    },
    Spot, World,
};

/// What an archived finding says of the reason.
const REASON: &str = "CONSOLIDATED_CONTROL_FINDINGS_UPDATE";
const DESCRIPTION: &str = "The finding is in an ARCHIVED state because consolidated control findings has been turned on or off. This causes findings in the previous state to be archived when new findings are being generated.";
/// Where Security Hub's own findings are known by.
const PRODUCT: &str = "::product/aws/securityhub";

/// How a check went, the worst last: one finding of a check that fails is a check that fails.
const VERDICTS: [&str; 4] = ["PASSED", "NOT_AVAILABLE", "WARNING", "FAILED"];

/// A finding of the shape that the account no longer has.
#[derive(Debug, Clone)]
pub(super) struct Outdated {
    scope: usize,
    index: usize,
    /// The number that says what it checks.
    made_as: usize,
    check: Check,
    compliance: &'static str,
}

impl World {
    /// Switches the setting of an account, and says whether it was another. What it holds of the
    /// other shape stays until it is archived.
    pub(in crate::simulator) fn consolidate(&mut self, account: usize, on: bool) -> bool {
        let Some(found) = self.organization.accounts.get_mut(account) else {
            return false;
        };
        if found.consolidated == on {
            return false;
        }
        found.consolidated = on;
        found.switches += 1;
        let regions = 0..self.regions.len();
        let scopes = regions.map(|region| self.scope(account, region));
        let outdated = scopes.flat_map(|scope| self.outdated_in(scope)).collect();
        self.outdated.insert(account, outdated);
        true
    }

    /// The active control findings of a scope: all of them have the other shape.
    fn outdated_in(&self, scope: usize) -> Vec<Outdated> {
        let numbers = 0..self.numbered(scope);
        numbers
            .filter_map(|index| self.outdated(scope, index))
            .collect()
    }

    fn outdated(&self, scope: usize, index: usize) -> Option<Outdated> {
        let text = self.text(scope, index)?;
        if !text.contains(PRODUCT) {
            return None;
        }
        let finding: Value = serde_json::from_str(&text).ok()?;
        let word = |path: &str| finding.pointer(path).and_then(Value::as_str);
        let ours =
            word("/ProductArn")?.ends_with(PRODUCT) && word("/RecordState") == Some("ACTIVE");
        let made_as = generate::index_in(self.place(scope), word("/Id")?).filter(|_| ours)?;
        let compliance = word("/Compliance/Status")?;
        Some(Outdated {
            scope,
            index,
            made_as,
            check: generate::check_of(self.first_origin(scope)?, made_as, self.started_at)?,
            compliance: VERDICTS.into_iter().find(|known| *known == compliance)?,
        })
    }

    /// Archives what the account holds of the shape that it no longer has. Says how many.
    pub(in crate::simulator) fn archive_outdated(&mut self, account: usize, now: Nanos) -> usize {
        let now = now - now.rem_euclid(1_000_000);
        let outdated = self.outdated.get(&account).cloned().unwrap_or_default();
        let archived = outdated
            .iter()
            .filter_map(|old| self.archive(old, now))
            .count();
        self.changes += 1;
        archived
    }

    fn archive(&mut self, old: &Outdated, now: Nanos) -> Option<()> {
        let text = self.text(old.scope, old.index)?;
        let mut finding: Value = serde_json::from_str(&text).ok()?;
        let members = finding.as_object_mut()?;
        members.insert("RecordState".into(), "ARCHIVED".into());
        members.insert("UpdatedAt".into(), written(now).into());
        let fields = members.entry("ProductFields").or_insert_with(|| json!({}));
        let fields = fields.as_object_mut()?;
        fields.insert("ArchivalReasons:0/Description".into(), DESCRIPTION.into());
        fields.insert("ArchivalReasons:0/ReasonCode".into(), REASON.into());
        self.replace(old.scope, old.index, finding.to_string(), now);
        self.replaced.insert(Spot {
            at: now,
            scope: old.scope,
            index: old.index,
        });
        Some(())
    }

    /// Writes what takes the place of the findings of the other shape: one for each check, or one for
    /// each standard that has it. Says how many.
    pub(in crate::simulator) fn write_renewed(&mut self, account: usize, now: Nanos) -> usize {
        let now = now - now.rem_euclid(1_000_000);
        let verdict = |old: &Outdated| VERDICTS.iter().position(|word| *word == old.compliance);
        let mut checks: BTreeMap<(usize, Check), Outdated> = BTreeMap::new();
        for old in self.outdated.get(&account).into_iter().flatten() {
            let check = checks.entry((old.scope, old.check.clone()));
            let worst = check.or_insert_with(|| old.clone());
            if verdict(old) > verdict(worst) {
                *worst = old.clone();
            }
        }
        let renewed: Vec<(usize, String)> = checks
            .values()
            .filter_map(|old| Some((old, self.origin(old.scope)?)))
            .flat_map(|(old, origin)| {
                let texts = generate::renew(origin, old.made_as, old.compliance, now);
                texts.into_iter().map(|text| (old.scope, text))
            })
            .collect();
        let count = renewed.len();
        for (scope, text) in renewed {
            if let Ok(finding) = serde_json::from_str(&text) {
                self.put_value(scope, &finding);
            }
        }
        count
    }
}

fn written(at: Nanos) -> String {
    format!("{:.3}", clock::timestamp(at))
}
