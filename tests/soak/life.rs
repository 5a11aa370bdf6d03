//! What happens in the world: findings appear, change, arrive late, change in silence, are deleted,
//! come back and expire. A promise's life holds only what that promise is about.

use std::{collections::BTreeMap, time::Duration};

use hubwatch::{
    domain::{Severity, Standing, Timestamp},
    simulator::{Handle, Reach, ScopeTruth},
    store::{FindingFilter, Store},
};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    checks,
    dice::Dice,
    ledger::{Deed, Key, Ledger},
    news,
    plan::{Plan, Promise},
};

/// How late a provider may be for the tail to meet what it delivers, with something to spare.
const PROMPT: Duration = Duration::from_secs(5 * 60);
/// How late a provider may be at all.
const LATEST: Duration = Duration::from_secs(48 * 3600);
/// How long AWS keeps findings after their last update: active ones, and archived ones.
const ACTIVE_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
const ARCHIVED_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What is deleted by hand is younger than this, so that nobody takes it for expired.
const YOUNG: SignedDuration = SignedDuration::from_hours(15 * 24);

#[derive(Debug, Clone, Copy)]
enum Event {
    News,
    /// Many at once, all of the same moment.
    Batch,
    Update,
    Refresh,
    LateNews,
    LateUpdate,
    /// An analyst suppresses what an incident is about.
    SilentlyWatched,
    Silent,
    Delete,
    /// What the simulator itself can think of.
    Anything,
}

pub(crate) struct Life {
    dice: Dice,
    world: Handle,
    promise: Promise,
    /// Whether it matters what is news.
    is_wide: bool,
    pub(crate) ledger: Ledger,
    made: u32,
    aged_at: Timestamp,
    /// What was taken away, and when each had been updated.
    taken: BTreeMap<Key, Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Age {
    updated_at: String,
    record_state: Option<String>,
}

impl Life {
    pub(crate) fn new(plan: &Plan, world: Handle) -> Self {
        Self {
            dice: Dice::new(plan.seed, 0x11fe),
            aged_at: world.now(),
            taken: BTreeMap::new(),
            world,
            promise: plan.promise,
            is_wide: plan.outlooks.are_wide(),
            ledger: Ledger::default(),
            made: 0,
        }
    }

    /// One thing happens.
    pub(crate) async fn happen(&mut self, store: &dyn Store) {
        let alive = |scope: &ScopeTruth| {
            matches!(scope.reach, Reach::Ok | Reach::Denied | Reach::RoleMissing)
        };
        let scopes: Vec<ScopeTruth> = self
            .world
            .truth()
            .scopes
            .into_iter()
            .filter(alive)
            .collect();
        if scopes.is_empty() {
            return;
        }
        let scope = &scopes[self.dice.up_to(scopes.len() - 1)];
        match self.event() {
            Event::News => self.news(store, scope, 1).await,
            Event::Batch => {
                let many = self.dice.between(2, 40);
                self.news(store, scope, many).await;
            }
            Event::Update => self.update(store, scope, true).await,
            Event::Refresh => self.update(store, scope, false).await,
            Event::LateNews => self.late_news(scope),
            Event::LateUpdate => self.late_update(scope),
            Event::SilentlyWatched => self.suppress_watched(store, scope).await,
            Event::Silent => self.change_silently(scope),
            Event::Delete => self.delete(scope),
            // It is not written down what these are, so nobody could judge who has to hear of them.
            Event::Anything if self.is_wide => self.update(store, scope, true).await,
            Event::Anything => self.world.live_steps(self.dice.between(1, 8)),
        }
    }

    /// Things happen where nobody can see them.
    pub(crate) fn happen_behind(&mut self, closed: &[ScopeTruth]) {
        for scope in closed {
            for _ in 0..self.dice.up_to(3) {
                match self.dice.up_to(2) {
                    0 => self.late_news(scope),
                    1 => self.late_update(scope),
                    _ => self.change_silently(scope),
                }
            }
        }
    }

    fn event(&mut self) -> Event {
        use Event::{
            Anything, Batch, Delete, LateNews, LateUpdate, News, Refresh, Silent, SilentlyWatched,
            Update,
        };
        let prompt = [News, News, Batch, Update, Update, Refresh];
        let more: &[Event] = match self.promise {
            Promise::Tail => &[],
            Promise::Late => &[LateNews, LateNews, LateUpdate],
            Promise::Watch => &[SilentlyWatched, SilentlyWatched, SilentlyWatched],
            Promise::All | Promise::Neighbours => &[
                LateNews, LateUpdate, Silent, Silent, Silent, Delete, Delete, Anything,
            ],
        };
        let all: Vec<Event> = prompt.into_iter().chain(more.iter().copied()).collect();
        self.dice.among(&all)
    }

    /// New findings of a moment that lies a little back, or a little ahead.
    async fn news(&mut self, store: &dyn Store, scope: &ScopeTruth, many: usize) {
        let at = self.prompt(store, scope).await;
        let is_read = self.is_wide && news::is_read(store, scope).await;
        for _ in 0..many {
            let Some(mut finding) = self.template(scope, at) else {
                return;
            };
            self.set_times(&mut finding, at);
            let deed = Deed::Prompt(self.world.now().max(at));
            let resource = self
                .is_wide
                .then(|| self.move_to_new_resource(&mut finding));
            self.put(scope, &finding, deed);
            let key = Key::of(&scope.account_id, &scope.region, &finding);
            // What was deleted and comes back before anybody noticed is an old finding that changed.
            let is_new = !self.ledger.wavering.contains(&key);
            if let Some(resource) = resource.filter(|_| is_read && is_new) {
                self.ledger.news.owe(key, resource);
            }
        }
    }

    /// Makes a finding one that opens an incident of its own.
    fn move_to_new_resource(&mut self, finding: &mut Value) -> String {
        self.made += 1;
        let name = news::resource(self.made);
        let id = format!("arn:aws:s3:::{name}");
        finding["Resources"] = json!([{"Type": "AwsS3Bucket", "Id": id}]);
        finding["Severity"] = json!({"Label": "CRITICAL"});
        name
    }

    fn late_news(&mut self, scope: &ScopeTruth) {
        let at = self.world.now() - signed(self.dice.part_of(LATEST, 1.0));
        let Some(mut finding) = self.template(scope, at) else {
            return;
        };
        self.set_times(&mut finding, at);
        self.put(scope, &finding, Deed::OutOfTail);
    }

    /// A newer version of a finding, with or without anything else that is new.
    async fn update(&mut self, store: &dyn Store, scope: &ScopeTruth, differs: bool) {
        let at = self.prompt(store, scope).await;
        let Some(mut finding) = self.some(scope) else {
            return;
        };
        if updated(&finding) >= at {
            return;
        }
        if differs {
            self.change(&mut finding);
        }
        self.set_times(&mut finding, at);
        let deed = Deed::Prompt(self.world.now().max(at));
        self.put(scope, &finding, deed);
    }

    /// A newer version that is late: still newer than the one before.
    fn late_update(&mut self, scope: &ScopeTruth) {
        let at = self.world.now() - signed(self.dice.part_of(LATEST, 1.0));
        let Some(mut finding) = self.some(scope) else {
            return;
        };
        if updated(&finding) >= at {
            return;
        }
        self.change(&mut finding);
        self.set_times(&mut finding, at);
        self.put(scope, &finding, Deed::OutOfTail);
    }

    async fn suppress_watched(&mut self, store: &dyn Store, scope: &ScopeTruth) {
        // Before everything is decided, nobody knows which findings are behind incidents.
        if store.tallies().await.unwrap().touched > 0 {
            return;
        }
        let filter = FindingFilter {
            accounts: vec![scope.account_id.clone()],
            regions: vec![scope.region.clone()],
            at_least: Some(Severity::High),
            standings: vec![Standing::Open],
            ..FindingFilter::default()
        };
        let open = store.findings(filter).await.unwrap();
        if open.is_empty() {
            return;
        }
        let known = &open[self.dice.up_to(open.len() - 1)].raw;
        let hub = self.world.findings(&scope.account_id, &scope.region);
        // Not what has changed meanwhile without our knowing: the next version of it is the tail's.
        if !hub.unwrap_or_default().contains(known) {
            return;
        }
        let mut finding: Value = serde_json::from_str(known).unwrap();
        self.touch_silently(&mut finding);
        self.put(scope, &finding, Deed::OutOfTail);
    }

    fn change_silently(&mut self, scope: &ScopeTruth) {
        if let Some(mut finding) = self.some(scope) {
            self.touch_silently(&mut finding);
            self.put(scope, &finding, Deed::OutOfTail);
        }
    }

    fn delete(&mut self, scope: &ScopeTruth) {
        let Some(finding) = self.some(scope) else {
            return;
        };
        if self.world.now().duration_since(updated(&finding)) < YOUNG {
            self.take_away(scope, &finding);
        }
    }

    /// Takes away what AWS no longer keeps.
    pub(crate) fn age(&mut self) {
        let now = self.world.now();
        let forgets = matches!(self.promise, Promise::All | Promise::Neighbours);
        if !forgets || now.duration_since(self.aged_at) < SignedDuration::from_hours(12) {
            return;
        }
        self.aged_at = now;
        for scope in self.world.truth().scopes {
            for text in self
                .world
                .findings(&scope.account_id, &scope.region)
                .unwrap()
            {
                let age: Age = serde_json::from_str(&text).unwrap();
                let archived = age.record_state.as_deref() == Some("ARCHIVED");
                let kept = if archived { ARCHIVED_KEPT } else { ACTIVE_KEPT };
                let updated: Timestamp = age.updated_at.parse().unwrap();
                if now.duration_since(updated) > kept {
                    let finding = serde_json::from_str(&text).unwrap();
                    self.take_away(&scope, &finding);
                }
            }
        }
    }

    fn take_away(&mut self, scope: &ScopeTruth, finding: &Value) {
        let key = Key::of(&scope.account_id, &scope.region, finding);
        self.ledger.news.forget(&key);
        let removed = self
            .world
            .remove(&key.account, &key.region, &key.product, &key.id);
        assert!(removed, "{key:?}");
        let at = self.world.now();
        let deed = Deed::Removed { at };
        self.taken.insert(key.clone(), updated(finding));
        self.ledger.note(key, deed);
    }

    /// A moment that the tail must meet. Before history is recorded, what is late is for the clock
    /// that looks for late deliveries.
    async fn prompt(&mut self, store: &dyn Store, scope: &ScopeTruth) -> Timestamp {
        let vantage = checks::read_from(store, scope, self.is_wide).await;
        let progress = store.progress(&vantage).await.unwrap().progress;
        let now = self.world.now();
        if self.dice.percent(10) {
            return now + signed(self.dice.part_of(PROMPT, 0.5));
        }
        if !progress.is_some_and(|progress| progress.is_backfilled()) {
            return now;
        }
        now - signed(self.dice.part_of(PROMPT, 1.0))
    }

    /// A finding that is not there yet, made after one that is, here or elsewhere. Now and then one
    /// that was deleted comes back, updated later than it ever was.
    fn template(&mut self, scope: &ScopeTruth, at: Timestamp) -> Option<Value> {
        let mut finding = match self.some(scope) {
            Some(finding) => finding,
            None => {
                let scopes = self.world.truth().scopes;
                let other = scopes.iter().max_by_key(|other| other.findings)?;
                let finding = self.some(other)?;
                let text = finding.to_string();
                let moved = text
                    .replace(&other.account_id, &scope.account_id)
                    .replace(&other.region, &scope.region);
                serde_json::from_str(&moved).ok()?
            }
        };
        let here = |key: &Key| key.account == scope.account_id && key.region == scope.region;
        let mut taken = self.taken.iter();
        let removed = taken.find(|(key, updated)| here(key) && **updated < at);
        let removed = removed.map(|(key, _)| key.clone());
        let id = match removed {
            Some(key) if self.dice.percent(30) => {
                self.taken.remove(&key);
                finding["ProductArn"] = key.product.into();
                key.id
            }
            _ => {
                self.made += 1;
                format!("made-{}", self.made)
            }
        };
        finding["Id"] = id.into();
        finding["RecordState"] = "ACTIVE".into();
        Some(finding)
    }

    fn some(&mut self, scope: &ScopeTruth) -> Option<Value> {
        let place = self.dice.up_to(scope.findings.checked_sub(1)?);
        let text = self
            .world
            .finding(&scope.account_id, &scope.region, place)?;
        serde_json::from_str(&text).ok()
    }

    fn change(&mut self, finding: &mut Value) {
        match self.dice.up_to(3) {
            0 => finding["RecordState"] = self.dice.among(&["ARCHIVED", "ACTIVE"]).into(),
            1 if finding["Compliance"].is_object() => {
                let passes = finding["Compliance"]["Status"] != "PASSED";
                let (status, workflow) = if passes {
                    ("PASSED", "RESOLVED")
                } else {
                    ("FAILED", "NEW")
                };
                finding["Compliance"]["Status"] = status.into();
                finding["Workflow"] = json!({"Status": workflow});
            }
            2 => {
                let label = self.dice.among(&["LOW", "MEDIUM", "HIGH", "CRITICAL"]);
                finding["Severity"] = json!({"Label": label});
            }
            _ => finding["Title"] = format!("changed {:x}", self.dice.number()).into(),
        }
    }

    /// What analysts do: no time moves.
    fn touch_silently(&mut self, finding: &mut Value) {
        match self.dice.up_to(2) {
            0 => {
                let status = self.dice.among(&["SUPPRESSED", "NOTIFIED", "RESOLVED"]);
                finding["Workflow"] = json!({"Status": status});
            }
            1 => {
                let text = format!("note {:x}", self.dice.number());
                finding["Note"] = json!({"Text": text, "UpdatedBy": "an analyst",
                    "UpdatedAt": self.world.now().to_string()});
            }
            _ => {
                let team = format!("{:x}", self.dice.number());
                finding["UserDefinedFields"] = json!({"team": team});
            }
        }
    }

    /// Writes the times as one provider or another would.
    fn set_times(&mut self, finding: &mut Value, at: Timestamp) {
        let precision = self.dice.among(&[3, 6, 9]);
        let text = match self.dice.up_to(2) {
            0 => format!("{at:.precision$}"),
            1 => format!("{at:.precision$}").replace('Z', "+00:00"),
            _ => {
                format!("{:.precision$}", at + SignedDuration::from_hours(2)).replace('Z', "+02:00")
            }
        };
        finding["UpdatedAt"] = text.clone().into();
        finding["LastObservedAt"] = text.into();
    }

    fn put(&mut self, scope: &ScopeTruth, finding: &Value, deed: Deed) {
        let stored = self.world.put(&scope.account_id, &scope.region, finding);
        assert!(stored, "{finding}");
        let key = Key::of(&scope.account_id, &scope.region, finding);
        if self.is_wide {
            self.ledger.news.say(&key, finding.to_string());
        }
        self.ledger.note(key, deed);
    }
}

fn updated(finding: &Value) -> Timestamp {
    finding["UpdatedAt"].as_str().unwrap().parse().unwrap()
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap()
}
