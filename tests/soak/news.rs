//! Who was told of what, in lives whose routes are silent about what was there before hubwatch came:
//! history is not news because another vantage shows it, and news is news from whichever it is seen.

use std::collections::BTreeMap;

use hubwatch::{
    domain::{CoverageState, Standing},
    simulator::{Faults, ScopeTruth},
    store::{FindingFilter, IncidentFilter, Store},
};
use jiff::SignedDuration;

use crate::{checks, known::Known, ledger::Key};

/// The name of a resource that appears together with a finding.
pub(crate) fn resource(made: u32) -> String {
    format!("made-bucket-{made}")
}

/// What the life has told the world.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Every text that was put into the hub.
    said: Vec<String>,
    /// Findings on resources of their own that appeared while their scope was completely recorded, and
    /// were left alone since: each has to be told, of this resource.
    owed: BTreeMap<Key, String>,
}

impl News {
    pub(crate) fn say(&mut self, key: &Key, text: String) {
        self.owed.remove(key);
        self.said.push(text);
    }

    pub(crate) fn owe(&mut self, key: Key, resource: String) {
        self.owed.insert(key, resource);
    }

    pub(crate) fn forget(&mut self, key: &Key) {
        self.owed.remove(key);
    }
}

/// Whether all of a scope's history is recorded, as far as the daemon knows.
pub(crate) async fn is_read(store: &dyn Store, scope: &ScopeTruth) -> bool {
    let coverage = checks::coverage_of(store, scope).await;
    coverage.is_some_and(|c| c.state == CoverageState::Ok)
}

impl Known<'_> {
    /// Holds once everything is recorded and decided.
    pub(crate) async fn told_the_news_alone(&self, store: &dyn Store, faults: &Faults) {
        let incidents = store.incidents(IncidentFilter::default()).await.unwrap();
        let told: Vec<_> = incidents.iter().filter(|i| i.incident.told).collect();
        for incident in &told {
            assert_eq!(incident.deliveries.len(), 1, "{incident:?}");
            self.was_news(
                &incident.incident.account.to_string(),
                &incident.incident.resource,
            );
        }
        for scope in self.world.truth().scopes {
            if self.expected(&scope, faults) != CoverageState::Ok || self.may_lack(&scope) {
                continue;
            }
            let open = FindingFilter {
                accounts: vec![scope.account_id.clone()],
                regions: vec![scope.region.clone()],
                standings: vec![Standing::Open],
                ..FindingFilter::default()
            };
            for finding in store.findings(open).await.unwrap() {
                let key = checks::key(&scope, &finding.raw);
                if let Some(resource) = self.ledger.news.owed.get(&key) {
                    let is_told = told.iter().any(|i| i.incident.resource.ends_with(resource));
                    assert!(is_told, "nobody was told of {key:?} on {resource}");
                }
            }
        }
    }

    fn was_news(&self, account: &str, resource: &str) {
        // By a clock that is behind the world's, what is minutes old came after us.
        if self.plan.ahead < SignedDuration::ZERO {
            return;
        }
        // What was out of sight while all else was read seems to appear afterwards.
        if self
            .blinks
            .ever
            .iter()
            .any(|s| s.account.as_str() == account)
        {
            return;
        }
        let name = resource.rsplit(['/', ':']).next().unwrap_or(resource);
        let mut said = self.ledger.news.said.iter();
        assert!(
            said.any(|text| text.contains(name)),
            "{resource} of {account} was there before, and nothing happened to it"
        );
    }
}
