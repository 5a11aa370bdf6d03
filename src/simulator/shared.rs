//! Everything that the servers of one simulation share.

use std::sync::{
    RwLock,
    atomic::{AtomicU64, Ordering},
};

use super::{
    clock::Clock,
    ec2::Groups,
    faults::{Dice, Faults},
    keychain::{Caller, Keychain, Power},
    options::{Options, Quota},
    quota::Buckets,
    random,
    securityhub::Prepared,
    stats::Stats,
    world::{World, organization::MANAGEMENT},
};

/// The state behind every socket. Where both are locked, `world` is locked before `faults`, except
/// for a copy of the faults that is let go of at once.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) world: RwLock<World>,
    pub(super) faults: RwLock<Faults>,
    pub(super) dice: Dice,
    pub(super) keychain: Keychain,
    pub(super) groups: Groups,
    pub(super) stats: Stats,
    pub(super) prepared: Prepared,
    pub(super) find_quota: Buckets,
    pub(super) other_quota: Buckets,
    pub(super) role_name: String,
    pub(super) remediation_role_name: String,
    pub(super) external_id: String,
    pub(super) token_lifetime_secs: u32,
    requests: AtomicU64,
    steps: AtomicU64,
    seed: u64,
}

impl Shared {
    pub(super) fn new(options: &Options) -> Self {
        let clock = Clock::starting_at(options.now);
        let world = World::generate(options, clock.started_at());
        let management = world.account_id(world.scope(MANAGEMENT, 0)).to_owned();
        let user = Caller {
            account: MANAGEMENT,
            arn: format!("arn:aws:iam::{management}:user/hubwatch"),
            user_id: format!("AIDA{:016X}", random::mix(&[options.seed, 0xa1da])),
            power: Power::Reader,
            assumed: false,
        };
        let others = if options.quota == Quota::OFF {
            Quota::OFF
        } else {
            Quota::OTHERS
        };
        Self {
            find_quota: Buckets::new(options.quota, world.scopes().len()),
            other_quota: Buckets::new(others, world.scopes().len()),
            world: RwLock::new(world),
            faults: RwLock::new(options.faults.clone()),
            dice: Dice::new(options.seed),
            keychain: Keychain::new(options.seed, user),
            groups: Groups::default(),
            stats: Stats::default(),
            prepared: Prepared::new(options.prepared_bytes),
            role_name: "hubwatch-read".to_owned(),
            remediation_role_name: "hubwatch-remediate".to_owned(),
            external_id: format!(
                "hubwatch-{:012x}",
                random::mix(&[options.seed, 0xe71d]) >> 16
            ),
            token_lifetime_secs: options.token_lifetime_secs,
            requests: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            seed: options.seed,
            clock,
        }
    }

    /// The number of the next thing that happens by itself.
    pub(super) fn next_step(&self) -> u64 {
        self.steps.fetch_add(1, Ordering::Relaxed)
    }

    /// How many ids were given to answers.
    pub(super) fn answered(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// An id for the next answer, in the shape of a UUID.
    pub(super) fn request_id(&self) -> String {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        let mixed = random::mix(&[self.seed, 0x4e9, count]);
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            mixed >> 32,
            (mixed >> 16) & 0xffff,
            (mixed >> 4) & 0xfff,
            mixed & 0xfff,
            count & 0xffff_ffff_ffff
        )
    }
}
