//! Findings from the seed: a finding is a pure function of its place and its number.
//!
//! Knows how each product words its findings, down to its way of writing the time.
//! Does not know what is stored, what has changed since, or who asks.

mod catalog;
mod checked;
mod control;
mod exposure;
mod inspector;
mod others;
mod renewed;
mod stamp;
mod threat;
mod verdict;

use super::{
    clock::{DAY, HOUR, Nanos, SECOND},
    json::Json,
    random,
    world::{
        estate::{Host, Place},
        organization::Account,
    },
};
pub(super) use renewed::{Check, check_of, renew};
use stamp::Stamp;

/// Findings that speak of one host.
pub(super) const PER_HOST: usize = 12;

/// How far back the first findings reach.
const SPREAD: Nanos = 90 * DAY;
/// Archived findings are dropped 30 days after their last update.
const ARCHIVED_FOR: Nanos = 30 * DAY;

/// What a finding is about, and who reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    NetworkControl,
    SecondNetworkControl,
    InstanceControl,
    BucketControl,
    IdentityControl,
    OtherControl,
    LegacyControl,
    Vulnerability,
    Reachability,
    Threat,
    SensitiveData,
    ExternalAccess,
    Health,
    Config,
    Partner,
    Custom,
}

/// Where and about what a finding is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) place: Place,
    pub(super) account: &'a Account,
    pub(super) region: &'static str,
    /// Share of findings broken on purpose.
    pub(super) malformed: f64,
    /// The shape of control findings: one for each check, or one for each standard.
    pub(super) consolidated: bool,
    /// How often the account has switched between them; every time, findings get new ids.
    pub(super) switches: u64,
}

/// A finding about to be written.
struct Subject<'a> {
    origin: Origin<'a>,
    index: usize,
    kind: Kind,
    stamp: Stamp,
    host: Host,
    updated: Nanos,
    created: Nanos,
    record_state: &'static str,
    hostile: Option<&'static str>,
    flaw: Option<Flaw>,
    /// Tells findings of the same number from each other; 0 for the first.
    edition: u64,
}

/// Ways in which a finding can break the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    NoId,
    UnreadableUpdatedAt,
    SeverityIsText,
    ResourcesIsObject,
    AccountIsNumber,
}

const FLAWS: &[Flaw] = &[
    Flaw::NoId,
    Flaw::UnreadableUpdatedAt,
    Flaw::SeverityIsText,
    Flaw::ResourcesIsObject,
    Flaw::AccountIsNumber,
];

/// When the finding with this number was last updated, in a world made at `now`. Spread over 90 days,
/// most of them recent; to the precision in which its product writes times.
pub(super) fn first_updated(place: Place, index: usize, now: Nanos) -> Nanos {
    let kind = kind_of(place, index);
    let roll = place.mix(0x7137, index) >> 11;
    Stamp::of(kind).truncate(now - SECOND - spread(roll))
}

/// The finding with this number as JSON, last updated at `updated`.
pub(super) fn render(origin: Origin<'_>, index: usize, updated: Nanos, now: Nanos) -> String {
    let subject = Subject::new(origin, index, updated, now);
    let kind = subject.kind;
    let mut json = Json::with_capacity(4_096);
    json.object(|json| match kind {
        Kind::NetworkControl
        | Kind::SecondNetworkControl
        | Kind::InstanceControl
        | Kind::BucketControl
        | Kind::IdentityControl
        | Kind::OtherControl => control::write(json, &subject),
        Kind::LegacyControl => control::write_legacy(json, &subject),
        Kind::Vulnerability => inspector::write_vulnerability(json, &subject),
        Kind::Reachability => inspector::write_reachability(json, &subject),
        Kind::Threat => threat::write(json, &subject),
        Kind::SensitiveData => exposure::write_sensitive_data(json, &subject),
        Kind::ExternalAccess => exposure::write_external_access(json, &subject),
        Kind::Health => others::write_health(json, &subject),
        Kind::Config => others::write_config(json, &subject),
        Kind::Partner => others::write_partner(json, &subject),
        Kind::Custom => others::write_custom(json, &subject),
    });
    json.into_text()
}

/// The number that an id made here ends with; any number at all for ids from elsewhere, so check by
/// rendering it.
pub(super) fn index_in(place: Place, id: &str) -> Option<usize> {
    let tail = id.get(id.len().checked_sub(SERIAL_DIGITS)?..)?;
    let serial = u64::from_str_radix(tail, 16).ok()?;
    usize::try_from(serial ^ serial_mask(place)).ok()
}

const SERIAL_DIGITS: usize = 12;

fn serial_mask(place: Place) -> u64 {
    place.mix(0x1d, 0) & 0xffff_ffff_ffff
}

fn kind_of(place: Place, index: usize) -> Kind {
    let start = usize::try_from(place.mix(0x510, 0) % 12).unwrap_or(0);
    // Seven and twelve share no factor: twelve neighbours are of twelve kinds.
    let slot = (index.wrapping_mul(7).wrapping_add(start)) % PER_HOST;
    let half = place.mix(0x4a1f, index) & 1 == 0;
    match (slot, place.mix(0x3c, index) % 4, half) {
        (0, ..) => Kind::NetworkControl,
        (1, ..) => Kind::SecondNetworkControl,
        (2, ..) => Kind::InstanceControl,
        (3, ..) => Kind::BucketControl,
        (4, ..) => Kind::IdentityControl,
        (5 | 6, ..) => Kind::Vulnerability,
        (7, 0, _) => Kind::Reachability,
        (7, ..) => Kind::OtherControl,
        (8, ..) => Kind::Threat,
        (9, _, true) => Kind::SensitiveData,
        (9, _, false) => Kind::ExternalAccess,
        (10, 0, _) => Kind::Health,
        (10, 1, _) => Kind::Config,
        (10, 2, _) => Kind::Partner,
        (10, ..) => Kind::Custom,
        _ => Kind::LegacyControl,
    }
}

fn rng_for(place: Place, what: u64, index: usize) -> fastrand::Rng {
    fastrand::Rng::with_seed(place.mix(what, index))
}

/// The square of an even roll leans to the recent side.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "53 bits fit a float, and an age needs no more precision"
)]
fn spread(roll: u64) -> Nanos {
    let even = roll as f64 / (1_u64 << 53) as f64;
    (even * even * SPREAD as f64) as Nanos
}

impl<'a> Subject<'a> {
    fn new(origin: Origin<'a>, index: usize, updated: Nanos, now: Nanos) -> Self {
        let place = origin.place;
        let kind = kind_of(place, index);
        let mut rng = rng_for(place, 0x5b7, index);
        let archived = rng.u8(..100) < 8 && now - updated < ARCHIVED_FOR;
        Self {
            origin,
            index,
            kind,
            stamp: Stamp::of(kind),
            host: Host::at(place, index / PER_HOST),
            updated,
            created: updated - rng.i64(HOUR..60 * DAY),
            record_state: if archived { "ARCHIVED" } else { "ACTIVE" },
            hostile: (rng.u8(..100) == 0).then(|| *random::pick(&mut rng, catalog::HOSTILE)),
            flaw: random::chance(&mut rng, origin.malformed)
                .then(|| *random::pick(&mut rng, FLAWS)),
            edition: origin.switches,
        }
    }

    fn rng(&self, what: u64) -> fastrand::Rng {
        rng_for(self.origin.place, what, self.index)
    }

    fn account_id(&self) -> &str {
        &self.origin.account.id
    }

    /// Twelve digits that name this finding, and that [`index_in`] reads back.
    fn serial(&self) -> String {
        format!(
            "{:012x}",
            random::word(self.index) ^ serial_mask(self.origin.place)
        )
    }

    fn uuid(&self) -> String {
        let mut rng = self.rng(0x0071d ^ self.edition.rotate_right(16));
        let (a, b, c, d) = (
            rng.u32(..),
            rng.u16(..),
            rng.u16(..0x1000),
            rng.u16(..0x1000),
        );
        format!("{a:08x}-{b:04x}-4{c:03x}-a{d:03x}-{}", self.serial())
    }

    fn hex32(&self) -> String {
        let mut rng = self.rng(0x4e32);
        format!("{:016x}{:04x}{}", rng.u64(..), rng.u16(..), self.serial())
    }

    fn text_of(&self, at: Nanos) -> String {
        self.stamp.write(at)
    }
}

/// What every finding starts with.
struct Head<'a> {
    id: &'a str,
    product_arn: &'a str,
    product: &'a str,
    company: &'a str,
    generator: &'a str,
    types: &'a [&'a str],
    title: &'a str,
    description: &'a str,
}

impl Head<'_> {
    fn write(&self, json: &mut Json, subject: &Subject<'_>) {
        json.plain("SchemaVersion", "2018-10-08");
        if subject.flaw != Some(Flaw::NoId) {
            json.field("Id", self.id);
        }
        json.plain("ProductArn", self.product_arn);
        let legacy = subject.kind == Kind::LegacyControl;
        if !legacy {
            json.field("ProductName", self.product);
            json.field("CompanyName", self.company);
        }
        if !legacy || subject.index.is_multiple_of(2) {
            json.plain("Region", subject.origin.region);
        }
        json.field("GeneratorId", self.generator);
        if subject.flaw == Some(Flaw::AccountIsNumber) {
            // Account ids start with a digit from 1 to 9, so this is a number.
            json.number("AwsAccountId", subject.account_id());
        } else {
            json.plain("AwsAccountId", subject.account_id());
        }
        if !legacy {
            json.field("AwsAccountName", &subject.origin.account.name);
        }
        json.texts("Types", self.types);
        self.write_times(json, subject, legacy);
        match subject.hostile {
            Some(hostile) => {
                json.field("Title", &format!("{} {hostile}", self.title));
                json.field("Description", &format!("{}\r\n{hostile}", self.description));
            }
            None => {
                json.field("Title", self.title);
                json.field("Description", self.description);
            }
        }
        json.plain("RecordState", subject.record_state);
    }

    fn write_times(&self, json: &mut Json, subject: &Subject<'_>, legacy: bool) {
        let created = subject.text_of(subject.created);
        let updated = subject.text_of(subject.updated);
        if !legacy {
            json.plain("FirstObservedAt", &created);
            json.plain("LastObservedAt", &updated);
            json.plain(
                "ProcessedAt",
                Stamp::Millis.write(subject.updated + 7 * SECOND),
            );
        }
        json.plain("CreatedAt", created);
        if subject.flaw == Some(Flaw::UnreadableUpdatedAt) {
            json.plain("UpdatedAt", "last Tuesday");
        } else {
            json.plain("UpdatedAt", updated);
        }
    }
}

/// How bad, in the shape that products of today use.
fn write_severity(json: &mut Json, subject: &Subject<'_>, label: &str, original: &str) {
    if subject.flaw == Some(Flaw::SeverityIsText) {
        json.field("Severity", label);
        return;
    }
    let normalized = catalog::normalized(label);
    json.key("Severity").object(|json| {
        json.plain("Label", label);
        json.number("Normalized", normalized);
        json.plain("Original", original);
    });
}

/// The workflow, and what the provider itself says of severity and types.
fn write_tail(json: &mut Json, workflow: &str, label: &str, original: &str, types: &[&str]) {
    json.plain("WorkflowState", "NEW");
    json.key("Workflow")
        .object(|json| json.plain("Status", workflow));
    json.key("FindingProviderFields").object(|json| {
        json.key("Severity").object(|json| {
            json.plain("Label", label);
            json.plain("Original", original);
        });
        json.texts("Types", types);
    });
}

fn write_remediation(json: &mut Json, text: &str, url: &str) {
    json.key("Remediation").object(|json| {
        json.key("Recommendation").object(|json| {
            json.field("Text", text);
            if !url.is_empty() {
                json.field("Url", url);
            }
        });
    });
}

/// The resources, each written by one call of `fill`.
fn write_resources(json: &mut Json, subject: &Subject<'_>, fill: impl FnOnce(&mut Json)) {
    json.key("Resources");
    if subject.flaw == Some(Flaw::ResourcesIsObject) {
        json.object(|json| json.field("Id", "not a list"));
    } else {
        json.array(fill);
    }
}

/// One resource: type, id, where, tags, and details under the type's own name.
fn write_resource(
    json: &mut Json,
    subject: &Subject<'_>,
    kind: &str,
    id: &str,
    details: impl FnOnce(&mut Json),
) {
    json.object(|json| {
        json.plain("Type", kind);
        json.field("Id", id);
        json.plain("Partition", "aws");
        json.plain("Region", subject.origin.region);
        json.key("Tags").object(|json| {
            json.field("Name", &subject.host.name);
            for (name, value) in &subject.origin.account.tags {
                json.field(name, value);
            }
            if let Some(hostile) = subject.hostile {
                json.field("note", hostile);
            }
        });
        json.key("Details")
            .object(|json| json.key(kind).object(details));
    });
}

/// The instance of the subject's host, with what it hangs on.
fn write_instance(json: &mut Json, subject: &Subject<'_>) {
    let host = &subject.host;
    let id = subject.arn("ec2", &format!("instance/{}", host.instance_id));
    write_resource(json, subject, "AwsEc2Instance", &id, |json| {
        json.plain("Type", "m6i.large");
        json.plain("ImageId", &host.image_id);
        json.texts("IpV4Addresses", &[&host.private_ip, &host.public_ip]);
        json.plain("KeyName", "ops");
        json.plain(
            "IamInstanceProfileArn",
            format_args!(
                "arn:aws:iam::{}:instance-profile/{}",
                subject.account_id(),
                host.role
            ),
        );
        json.plain("VpcId", &host.vpc_id);
        json.plain("SubnetId", &host.subnet_id);
        json.plain(
            "LaunchedAt",
            Stamp::Seconds.write(subject.created - 3 * DAY),
        );
        json.key("NetworkInterfaces").array(|json| {
            json.object(|json| json.plain("NetworkInterfaceId", &host.interface_id));
        });
    });
}

impl Subject<'_> {
    /// The ARN of something in this account and Region.
    fn arn(&self, service: &str, what: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{what}",
            self.origin.region,
            self.account_id()
        )
    }

    /// The ARN under which AWS's own products report in this Region.
    fn product_arn(&self, product: &str) -> String {
        format!(
            "arn:aws:securityhub:{}::product/aws/{product}",
            self.origin.region
        )
    }
}
