//! A world of which the simulator knows the true problems.
//!
//! Every finding here is made from a true problem: an account, a true resource of it and what is wrong
//! with that. Several products, standards, Regions and deliveries report the same one, each in its own
//! words, and each finding bears the label of the problem that it was made from. Whoever sorts the
//! findings by what they say can be measured by it. Nothing of how hubwatch does that is known here.

mod catalog;
mod checks;
mod reporters;

use serde_json::Value;

use super::{
    clock::{self, DAY, HOUR, Nanos},
    random,
    world::{
        Reach, World,
        estate::{Host, Place},
    },
};

/// Instances that stand behind one security group.
const BEHIND_A_GROUP: usize = 2;

/// A finding by its address, and the true problem that it stems from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The account that the finding lies in.
    pub account_id: String,
    /// The Region that it lies in.
    pub region: String,
    /// Its product.
    pub product_arn: String,
    /// Its id.
    pub id: String,
    /// The true problem, in words that no finding contains.
    pub truth: String,
    /// Who reports it.
    pub reporter: &'static str,
}

/// A finding that is to be put into the world.
pub(super) struct Made {
    pub(super) scope: usize,
    pub(super) finding: Value,
    truth: String,
    reporter: &'static str,
}

/// How an account's control findings are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    PerStandard,
    Consolidated,
    /// Consolidated a while ago: the old ones are archived.
    SwitchedOn,
    /// The other way.
    SwitchedOff,
}

/// One host of a scope and what belongs to it.
struct Site<'a> {
    world: &'a World,
    place: Place,
    scope: usize,
    account_id: &'a str,
    region: &'static str,
    position: usize,
    host: Host,
    /// The group that it stands behind, with another host.
    group_id: String,
    /// A user of the account; every Region knows it.
    user: String,
    /// A role of the account.
    role: String,
    delivery: Delivery,
    now: Nanos,
}

/// What is true about one problem of a site.
struct Truth {
    label: String,
    /// Whether it is there now, for whoever looks.
    holds: bool,
    /// Dice of its own.
    word: u64,
}

/// Every finding of the labelled world, with so many hosts in each scope that can be read.
pub(super) fn make(world: &World, hosts: usize, now: Nanos) -> Vec<Made> {
    let faults = super::Faults::none();
    let mut made = Vec::new();
    let readable = world
        .scopes()
        .filter(|scope| world.reach(*scope, &faults) == Reach::Ok);
    for scope in readable {
        for position in 0..hosts {
            let site = Site::at(world, scope, position, now);
            checks::report(&site, &mut made);
            reporters::report(&site, &mut made);
        }
    }
    made
}

/// Where each made finding lies, and its label.
pub(super) fn label(world: &World, made: &Made) -> Label {
    let word = |name: &str| made.finding.get(name).and_then(Value::as_str);
    Label {
        account_id: world.account_id(made.scope).to_owned(),
        region: world.region_name(made.scope).to_owned(),
        product_arn: word("ProductArn").unwrap_or_default().to_owned(),
        id: word("Id").unwrap_or_default().to_owned(),
        truth: made.truth.clone(),
        reporter: made.reporter,
    }
}

impl<'a> Site<'a> {
    fn at(world: &'a World, scope: usize, position: usize, now: Nanos) -> Self {
        let place = world.place(scope);
        let everywhere = Place { region: 0, ..place };
        let home = Host::at(everywhere, position);
        let first = position - position % BEHIND_A_GROUP;
        let deliveries = [
            Delivery::PerStandard,
            Delivery::Consolidated,
            Delivery::SwitchedOn,
            Delivery::SwitchedOff,
        ];
        let mut dice = fastrand::Rng::with_seed(everywhere.mix(0xde11, 0));
        Self {
            world,
            place,
            scope,
            account_id: world.account_id(scope),
            region: world.region_name(scope),
            position,
            host: Host::at(place, position),
            group_id: Host::at(place, first).group_id,
            user: home.user,
            role: format!("{}-{position}", home.role),
            delivery: *random::pick(&mut dice, &deliveries),
            now,
        }
    }

    /// What is wrong with something of this account and Region.
    fn regional(&self, resource: &str, weakness: &str) -> Truth {
        self.truth(
            &format!("{} of {}", self.region, self.account_id),
            resource,
            weakness,
        )
    }

    /// What is wrong with something that the account has once, whatever the Region.
    fn global(&self, resource: &str, weakness: &str) -> Truth {
        self.truth(self.account_id, resource, weakness)
    }

    fn truth(&self, whose: &str, resource: &str, weakness: &str) -> Truth {
        let label = format!("{weakness} | {resource} | {whose}");
        let word = random::mix_text(self.place.seed, &label);
        Truth {
            holds: word % 10 < 7,
            word,
            label,
        }
    }

    /// An id that belongs to these words.
    fn uuid(&self, words: &[&str]) -> String {
        let text = format!("{} {} {}", words.join(" "), self.scope, self.position);
        let (a, b) = (random::mix_text(1, &text), random::mix_text(2, &text));
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }

    fn hex32(&self, words: &[&str]) -> String {
        self.uuid(words).replace('-', "")
    }

    fn arn(&self, service: &str, what: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{what}",
            self.region, self.account_id
        )
    }

    fn product_arn(&self, product: &str) -> String {
        format!("arn:aws:securityhub:{}::product/{product}", self.region)
    }

    fn instance_arn(&self) -> String {
        self.arn("ec2", &format!("instance/{}", self.host.instance_id))
    }

    fn group_arn(&self) -> String {
        self.arn("ec2", &format!("security-group/{}", self.group_id))
    }

    fn bucket_arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.host.bucket)
    }

    /// When a report was first and last written: the truth's dice decide, and each of its reporters
    /// is some hours later than the one before.
    fn times(&self, truth: &Truth, turn: u64) -> (String, String) {
        let hours = |word: u64, of: u64| i64::try_from(word % of).unwrap_or(0) * HOUR;
        let created = self.now - 20 * DAY - hours(truth.word >> 8, 20 * 24) + hours(turn, 400);
        let updated = created + HOUR + hours(truth.word >> 16, 24);
        let written = |at: Nanos| format!("{:.3}", clock::timestamp(at));
        (written(created), written(updated.min(self.now - HOUR)))
    }
}
