//! Closed doors: what is known behind them stays as it was.

use std::collections::{BTreeMap, BTreeSet};

use hubwatch::{
    domain::{CoverageState, Standing},
    simulator::Faults,
    store::{IncidentFilter, Store},
};

use crate::{
    checks::{Held, stored},
    known::Known,
};

/// What must not change while it cannot be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    findings: Held<(String, Standing)>,
    incidents: BTreeMap<String, String>,
}

impl Known<'_> {
    /// What is kept of scopes that cannot be read, and how the incidents of accounts are of which
    /// nothing can be read.
    pub(crate) async fn of_closed_doors(&self, store: &dyn Store, faults: &Faults) -> Kept {
        let mut kept = Kept::default();
        if self.is_shown_anyway(faults) {
            return kept;
        }
        let mut open = BTreeSet::new();
        for scope in self.world.truth().scopes {
            if self.expected(&scope, faults) == CoverageState::Ok {
                open.insert(scope.account_id.clone());
            } else {
                for (key, finding) in stored(store, &scope).await {
                    kept.findings.insert(key, (finding.raw, finding.standing));
                }
            }
        }
        for incident in store.incidents(IncidentFilter::default()).await.unwrap() {
            let incident = incident.incident;
            let account = format!("{:?}", incident.account);
            if !open.iter().any(|id| account.contains(id.as_str())) {
                kept.incidents.insert(
                    format!("{:?}", incident.id),
                    format!("{:?}", incident.state),
                );
            }
        }
        kept
    }

    /// Where the members are asked, their administrator is one of them, and shows what closed doors hide.
    fn is_shown_anyway(&self, faults: &Faults) -> bool {
        let Some(administrator) = &self.tower.administrator else {
            return false;
        };
        let scopes = self.world.truth().scopes;
        let mut its = scopes.iter().filter(|s| s.account_id == *administrator);
        !self.outlook.is_wide() && its.any(|s| self.expected(s, faults) == CoverageState::Ok)
    }
}
