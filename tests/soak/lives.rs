//! One life: rounds of trouble and crashes, then peace, then the reckoning.

use std::{sync::Arc, time::Duration};

use hubwatch::{
    domain::{CoverageState, Sight, Timestamp},
    simulator::{Faults, Running, Simulator},
    store::Store,
};

use crate::{
    blinks::Blinks,
    checks::{self, Held},
    dice::Dice,
    house::House,
    known::Known,
    life::Life,
    outlook::{Outlook, Tower},
    plan::{Plan, Promise},
    time::Time,
    trouble::Trouble,
    witness::Witness,
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a scope is left alone after trouble that only a person can end, and a little more.
const TROUBLE_WAIT: Duration = Duration::from_secs(6 * 60);

/// Everything of one run.
pub(crate) struct Run {
    pub(crate) plan: Plan,
    pub(crate) dice: Dice,
    pub(crate) simulator: Running,
    witness: Arc<Witness>,
    pub(crate) time: Time,
    pub(crate) house: House,
    life: Life,
    pub(crate) trouble: Trouble,
    tower: Tower,
    blinks: Blinks,
    pub(crate) begun_at: Timestamp,
    /// When each stored finding was updated, at the last look.
    versions: Held<Timestamp>,
}

pub(crate) async fn live(plan: Plan) {
    let mut run = Box::pin(Run::begin(plan)).await;
    for _ in 0..run.plan.rounds {
        run.round().await;
    }
    run.end().await;
}

impl Run {
    pub(crate) async fn begin(plan: Plan) -> Self {
        let simulator = Simulator::start(plan.options.clone()).await.unwrap();
        let world = simulator.world();
        let world_begin = world.now();
        // Where it is measured who waits how long, nobody may wake late.
        let longest = match plan.promise {
            Promise::Neighbours => Duration::from_secs(1),
            Promise::Tail | Promise::Late | Promise::Watch | Promise::All => {
                Duration::from_secs(60)
            }
        };
        let witness = Arc::new(Witness::default());
        let administrator = simulator.endpoints().administrator_account_id.clone();
        let mut run = Self {
            dice: Dice::new(plan.seed, 0x9a3),
            time: Time::new(world.clone(), plan.ahead, Arc::clone(&witness), longest),
            house: House::new(&plan, &witness),
            life: Life::new(&plan, world.clone()),
            tower: Tower::new(administrator.clone(), &world),
            blinks: Blinks::default(),
            trouble: Trouble::new(&plan, world, administrator, &witness),
            begun_at: world_begin,
            versions: Held::new(),
            simulator,
            witness,
            plan,
        };
        // Sometimes nothing is wrong when hubwatch is first started, sometimes much.
        if run.plan.promise != Promise::Neighbours && run.dice.percent(50) {
            run.trouble.turn();
        }
        run.sight_changed();
        run.house.start(&run.simulator, run.time.clock()).await;
        run.time.pass(Duration::from_secs(1)).await;
        run
    }

    /// A time with its own trouble, in which things happen and the daemon is cut off now and then.
    async fn round(&mut self) {
        self.look_at_sight().await;
        self.trouble.turn();
        self.sight_changed();
        let poll = self.plan.pace.poll_interval;
        for _ in 0..self.dice.between(1, 3) {
            self.things_happen().await;
            let while_it_runs = self.dice.part_of(poll, 3.0);
            self.time.pass(while_it_runs).await;
            self.house.must_run();
            match self.dice.up_to(9) {
                0..=3 => self.crash().await,
                4 => self.house.stop(&mut self.time).await,
                5 => self.trouble.revoke(),
                _ => {}
            }
            if self.house.is_empty() {
                self.come_back().await;
            }
        }
        self.check().await;
    }

    pub(crate) async fn things_happen(&mut self) {
        self.life.age();
        let store = self.house.look();
        for _ in 0..self.dice.up_to(8) {
            self.life.happen(&*store).await;
        }
    }

    async fn crash(&mut self) {
        // Where nothing is under way there is nothing to cut off: wait for a moment with work.
        let moment = self.dice.part_of(self.plan.pace.poll_interval, 1.2);
        self.time.pass(moment).await;
        if self.dice.percent(50) {
            self.time.stop_at_work().await;
        } else {
            let looks = self.dice.up_to(40);
            self.time.stop_short(looks).await;
        }
        self.house.crash().await;
    }

    /// Some time later, perhaps with other settings.
    async fn come_back(&mut self) {
        let away = match self.dice.up_to(9) {
            0..=5 => self.dice.part_of(self.plan.pace.poll_interval, 2.0),
            6..=8 => self.dice.part_of(DAY * 3, 1.0),
            _ => self.dice.part_of(DAY * 40, 1.0),
        };
        self.time.skip(away).await;
        self.things_happen().await;
        if self.dice.percent(30) {
            self.house.left_out.clear();
            let scopes = self.simulator.world().truth().scopes;
            let some = &scopes[self.dice.up_to(scopes.len() - 1)].account_id;
            // One account has to be left.
            if self.dice.percent(50) && self.plan.options.accounts > 1 {
                self.house.left_out.insert(some.clone());
            }
        }
        if self.plan.outlooks.change && self.dice.percent(60) {
            self.look_at_sight().await;
            let all = [Sight::Member, Sight::Administrator, Sight::Aggregator];
            self.house.outlook = Outlook::draw(&mut self.dice, &all);
            self.sight_changed();
        }
        self.house.start(&self.simulator, self.time.clock()).await;
        self.time.pass(Duration::from_secs(1)).await;
    }

    async fn look_at_sight(&mut self) {
        if self.plan.outlooks.are_wide() {
            self.blinks.observe(&*self.house.look()).await;
        }
    }

    fn sight_changed(&mut self) {
        let world = self.simulator.world();
        self.blinks.change(&world, &self.tower, self.house.outlook);
    }

    pub(crate) async fn check(&mut self) {
        let world = self.simulator.world();
        let known = self.known(&world);
        let stored = known.always(&*self.house.look(), &self.witness).await;
        known.never_older(&self.versions, &stored);
        self.versions = stored;
    }

    /// The faults end, and everything that every clock promises comes true within its time.
    pub(crate) async fn end(mut self) {
        self.things_happen().await;
        self.look_at_sight().await;
        let faults = self.trouble.end(self.house.outlook);
        self.sight_changed();
        let ended = self.time.ours();
        let pace = self.plan.pace.clone();
        let world = self.simulator.world();
        // A census later, and once sessions that role-less accounts still have are over.
        self.time
            .pass(pace.discover_interval.mul_f64(1.3) + TROUBLE_WAIT + pace.poll_interval)
            .await;
        if !(faults.role_missing_accounts.is_empty() && faults.departed_accounts.is_empty()) {
            self.time.pass(HOUR + pace.poll_interval).await;
        }
        let store = self.house.look();
        let before = self.known(&world).of_closed_doors(&*store, &faults).await;
        let mut closed = world.truth().scopes;
        closed.retain(|scope| self.known(&world).expected(scope, &faults) != CoverageState::Ok);
        self.life.happen_behind(&closed);
        let bound = self.bound();
        while let Some(behind) = self.behind(&*store, ended, &faults).await {
            let waited = self.time.ours().duration_since(ended);
            let in_time = waited < jiff::SignedDuration::try_from(bound).unwrap();
            assert!(
                in_time,
                "since {ended} not caught up within {bound:?}: {behind}"
            );
            self.time.pass(pace.poll_interval / 2).await;
            self.house.must_run();
        }
        self.look_at_sight().await;
        self.check().await;
        self.house.stop(&mut self.time).await;
        let known = self.known(&world);
        known.in_the_end(&*store, &faults).await;
        assert_eq!(known.of_closed_doors(&*store, &faults).await, before);
    }

    pub(crate) fn known<'a>(&'a self, world: &'a hubwatch::simulator::Handle) -> Known<'a> {
        Known {
            plan: &self.plan,
            world,
            ledger: &self.life.ledger,
            left_out: &self.house.left_out,
            outlook: self.house.outlook,
            tower: &self.tower,
            blinks: &self.blinks,
        }
    }

    /// How long after the end of all faults the last clock may take: a census and a wait after
    /// trouble before the scope is asked again, its slowest clock, and the polls in which it is read.
    fn bound(&self) -> Duration {
        let pace = &self.plan.pace;
        let never = jiff::SignedDuration::from_hours(24 * 365);
        let rules = [
            pace.rules.reconcile_every,
            pace.rules.late_every,
            pace.rules.watch_every,
        ];
        let slowest = rules.into_iter().filter(|every| *every < never).max();
        let slowest = slowest.map_or(Duration::ZERO, |every| every.unsigned_abs());
        pace.discover_interval.mul_f64(1.3) + TROUBLE_WAIT + slowest + pace.poll_interval * 5 + HOUR
    }

    /// What has not yet been asked since the faults ended.
    async fn behind(&self, store: &dyn Store, ended: Timestamp, faults: &Faults) -> Option<String> {
        let promise = self.plan.promise;
        let world = self.simulator.world();
        let known = self.known(&world);
        for scope in world.truth().scopes {
            if known.expected(&scope, faults) != CoverageState::Ok {
                continue;
            }
            let vantage = known.vantage(&scope, faults);
            let found = store.progress(&vantage).await.unwrap();
            let Some(progress) = found.progress else {
                return Some(format!("{} was never met", checks::name(&scope)));
            };
            let tail = progress.is_backfilled() && progress.watermark >= ended;
            let late = progress.late_at >= ended;
            let watch = if vantage.is_wide() {
                // There may be more to be asked for by id than one turn holds.
                let coverage = checks::coverage_of(store, &scope).await;
                coverage.is_some_and(|c| c.complete.watch >= Some(ended))
            } else {
                found.watched_at.is_some_and(|at| at >= ended)
            };
            let changed_at = found.sight_changed_at;
            let in_sight = changed_at.is_none_or(|at| progress.reconciled_at >= at);
            // From its first contact on a vantage counts as compared, with nothing that it could have
            // missed. What another vantage knew before, only its first comparison misses.
            let compared_at = if self.plan.outlooks.change {
                Some(progress.reconciled_at).filter(|at| *at > progress.first_contact)
            } else {
                Some(progress.reconciled_at)
            };
            let all = compared_at >= Some(ended) && found.suspects == 0;
            let done = in_sight
                && match promise {
                    Promise::Tail => tail,
                    Promise::Late => tail && late,
                    Promise::Watch => tail && watch,
                    Promise::All | Promise::Neighbours => tail && late && all,
                };
            if !done {
                return Some(format!("{}: {found:?}", checks::name(&scope)));
            }
        }
        let touched = store.tallies().await.unwrap().touched;
        (touched > 0).then(|| format!("{touched} issues wait to be decided"))
    }
}
