//! What must hold, at any time and in the end.

use std::collections::BTreeMap;

use hubwatch::{
    domain::{Coverage, CoverageState, Scope, Sight, Standing, Timestamp, Vantage},
    simulator::{Faults, ScopeTruth},
    store::{FindingFilter, Store, StoredFinding},
};
use jiff::SignedDuration;

use crate::{
    known::Known,
    ledger::{Deed, Key},
    plan::Promise,
    witness::Witness,
};

/// How long AWS keeps findings: active ones, and archived ones.
const ACTIVE_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
const ARCHIVED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// After this nobody has to have seen that AWS deleted it: a week and a comparison later.
const SURELY_EXPIRED: SignedDuration = SignedDuration::from_hours(98 * 24);

/// A scope's findings in the store, or in the hub.
pub(crate) type Held<T> = BTreeMap<Key, T>;

impl Known<'_> {
    /// Holds at any time: nothing is gone that was always there, counters are what they count, and
    /// everything up to the watermark is recorded.
    ///
    /// Returns when each stored finding was updated.
    pub(crate) async fn always(&self, store: &dyn Store, witness: &Witness) -> Held<Timestamp> {
        assert_eq!(witness.complaints(), Vec::<String>::new());
        assert!(
            witness.most_pages() <= self.plan.pace.workers,
            "a reader holds one page"
        );
        let mut versions = Held::new();
        for scope in self.world.truth().scopes {
            let stored = stored(store, &scope).await;
            let hub = self.hub(&scope);
            for (key, finding) in &stored {
                versions.insert(key.clone(), updated(&finding.raw));
                let is_lost = finding.standing == Standing::Gone
                    && hub.contains_key(key)
                    && !self.ledger.wavering.contains(key);
                assert!(!is_lost, "{key:?} is there and was always there");
            }
            if self.plan.promise == Promise::Tail {
                self.recorded_up_to_the_watermark(store, &scope, &hub, &stored)
                    .await;
            }
        }
        let tallies = store.tallies().await.unwrap().findings;
        let sum: u64 = tallies.iter().map(|tally| tally.count).sum();
        assert_eq!(
            usize::try_from(sum).unwrap(),
            versions.len(),
            "counters and findings"
        );
        versions
    }

    /// Answers that are older than what was stored never took its place. What is gone may have been
    /// tidied away.
    pub(crate) fn never_older(&self, before: &Held<Timestamp>, now: &Held<Timestamp>) {
        for (key, was) in before {
            let is = now.get(key);
            let in_order = is.is_none_or(|is| is >= was);
            assert!(in_order, "{key:?} was of {was}, and is of {is:?}");
        }
    }

    async fn recorded_up_to_the_watermark(
        &self,
        store: &dyn Store,
        scope: &ScopeTruth,
        hub: &Held<String>,
        stored: &Held<StoredFinding>,
    ) {
        let is_wide = self.plan.outlooks.are_wide();
        let vantage = read_from(store, scope, is_wide).await;
        let Some(progress) = store.progress(&vantage).await.unwrap().progress else {
            return;
        };
        // A wide vantage's watermark says nothing of what came into its sight and was not compared
        // yet. While the vantage is in trouble coverage does not say which is which.
        let coverage = coverage_of(store, scope).await;
        let is_in_sight = coverage.is_some_and(|c| c.state == CoverageState::Ok);
        if self.may_lack(scope) || (vantage.is_wide() && !is_in_sight) {
            return;
        }
        for (key, text) in hub {
            let due = match self.ledger.deed(key) {
                Some(Deed::Prompt(at)) => at < progress.watermark && at >= progress.first_contact,
                None => updated(text) > progress.history_from,
                Some(_) => false,
            };
            let raw = stored.get(key).map(|finding| &finding.raw);
            assert!(
                !due || raw == Some(text),
                "{key:?} is behind the watermark of {progress:?}"
            );
        }
    }

    /// Holds once the faults have ended and the sweeps have run.
    pub(crate) async fn in_the_end(&self, store: &dyn Store, faults: &Faults) {
        let coverage = store.coverage().await.unwrap();
        for scope in self.world.truth().scopes {
            let state = coverage
                .iter()
                .find(|c| c.scope == name(&scope))
                .map(|c| c.state);
            let expected = self.expected(&scope, faults);
            let unmet = self.may_be_unmet(&scope, expected)
                && matches!(state, None | Some(CoverageState::Stale));
            assert!(
                unmet || state == Some(expected),
                "{scope:?} is {state:?}, not {expected:?}"
            );
            if expected == CoverageState::Ok && !self.may_lack(&scope) {
                self.equals_hub(store, &scope).await;
            }
        }
        if self.plan.outlooks.are_wide() {
            self.told_the_news_alone(store, faults).await;
        }
    }

    /// Every finding of the hub is stored as it is, byte for byte, and everything else is gone for
    /// the reason it went.
    async fn equals_hub(&self, store: &dyn Store, scope: &ScopeTruth) {
        let (stored, hub) = (stored(store, scope).await, self.hub(scope));
        for (key, text) in &hub {
            let Some(finding) = stored.get(key) else {
                panic!("{key:?} is lost ({:?})", self.ledger.deed(key));
            };
            assert_eq!(
                &finding.raw,
                text,
                "an old version ({:?})",
                self.ledger.deed(key)
            );
            assert_ne!(
                finding.standing,
                Standing::Gone,
                "{key:?} ({:?})",
                self.ledger.deed(key)
            );
        }
        for (key, finding) in &stored {
            if hub.contains_key(key) {
                continue;
            }
            if self.home_may_never_have_had_it(finding) {
                continue;
            }
            assert_eq!(finding.standing, Standing::Gone, "{key:?} is not there");
            if let Some(Deed::Removed { at }) = self.ledger.deed(key) {
                self.went_for_a_reason(key, finding, at);
            }
        }
    }

    /// The home Region is not trusted about what it has never shown: what other vantages knew may have
    /// been deleted before it came there. That lasts until AWS has deleted it in any case.
    fn home_may_never_have_had_it(&self, finding: &StoredFinding) -> bool {
        self.plan.outlooks.change
            && self.outlook.sight == Sight::Aggregator
            && finding.standing != Standing::Gone
            && (self.world.now() + self.plan.ahead).duration_since(updated(&finding.raw))
                < SURELY_EXPIRED
    }

    /// By what was known of a finding last: what it became unseen nobody can tell.
    fn went_for_a_reason(&self, key: &Key, finding: &StoredFinding, at: Timestamp) {
        let was: Times = serde_json::from_str(&finding.raw).unwrap();
        let archived = was.record_state.as_deref() == Some("ARCHIVED");
        let kept = if archived { ARCHIVED_KEPT } else { ACTIVE_KEPT };
        let updated = updated(&finding.raw);
        let reason = finding.gone.as_deref();
        if at.duration_since(updated) > kept {
            assert_eq!(reason, Some("expired"), "{key:?}");
        } else if (self.world.now() + self.plan.ahead).duration_since(updated) < kept {
            assert_eq!(reason, Some("deleted"), "{key:?}");
        }
    }

    fn hub(&self, scope: &ScopeTruth) -> Held<String> {
        let texts = self
            .world
            .findings(&scope.account_id, &scope.region)
            .unwrap();
        let keyed = texts.into_iter().map(|text| (key(scope, &text), text));
        keyed.collect()
    }
}

/// A scope that is asked itself.
pub(crate) fn asked(scope: &ScopeTruth) -> Vantage {
    Vantage::member(name(scope))
}

/// A scope in the daemon's words.
pub(crate) fn name(scope: &ScopeTruth) -> Scope {
    Scope {
        account: scope.account_id.as_str().into(),
        region: scope.region.as_str().into(),
    }
}

/// The vantage that shows a scope, as far as the daemon knows.
pub(crate) async fn read_from(store: &dyn Store, scope: &ScopeTruth, is_wide: bool) -> Vantage {
    let itself = asked(scope);
    if !is_wide {
        return itself;
    }
    let coverage = coverage_of(store, scope).await;
    coverage.and_then(|c| c.seen_from).unwrap_or(itself)
}

pub(crate) async fn coverage_of(store: &dyn Store, scope: &ScopeTruth) -> Option<Coverage> {
    let mut all = store.coverage().await.unwrap().into_iter();
    all.find(|c| c.scope == name(scope))
}

pub(crate) async fn stored(store: &dyn Store, scope: &ScopeTruth) -> Held<StoredFinding> {
    let filter = FindingFilter {
        accounts: vec![scope.account_id.clone()],
        regions: vec![scope.region.clone()],
        ..FindingFilter::default()
    };
    let found = store.findings(filter).await.unwrap();
    let count = found.len();
    let keyed = found
        .into_iter()
        .map(|finding| (key(scope, &finding.raw), finding));
    let held: Held<StoredFinding> = keyed.collect();
    assert_eq!(held.len(), count, "one row for each finding");
    held
}

pub(crate) fn key(scope: &ScopeTruth, text: &str) -> Key {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Names {
        id: String,
        product_arn: String,
    }
    let names: Names = serde_json::from_str(text).unwrap();
    Key {
        account: scope.account_id.clone(),
        region: scope.region.clone(),
        product: names.product_arn,
        id: names.id,
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Times {
    updated_at: String,
    record_state: Option<String>,
}

fn updated(text: &str) -> Timestamp {
    let times: Times = serde_json::from_str(text).unwrap();
    times.updated_at.parse().unwrap()
}
