//! What is deployed in a scope: hosts with the things around them, from the seed.
//!
//! Findings of different products speak of the same host, so that correlating them pays, and EC2
//! describes the very security groups that findings complain about.

use super::super::random;

const HEX: &[u8] = b"0123456789abcdef";
const ROLES: &[&str] = &[
    "web",
    "api",
    "worker",
    "batch",
    "bastion",
    "ci-runner",
    "gateway",
    "etl",
    "cache",
    "proxy",
];

/// Ports that nobody should open to the world, as EC2.19 counts them.
pub(in crate::simulator) const RISKY_PORTS: &[i32] = &[
    20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 3306, 3389, 5432, 8080,
];

/// An ingress rule that opens a port range to addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulator) struct Opening {
    /// `tcp`, `udp`, or `-1` for everything.
    pub(in crate::simulator) protocol: &'static str,
    pub(in crate::simulator) from_port: i32,
    pub(in crate::simulator) to_port: i32,
    pub(in crate::simulator) cidr: &'static str,
    pub(in crate::simulator) description: &'static str,
}

/// One host and what belongs to it.
#[derive(Debug, Clone)]
pub(in crate::simulator) struct Host {
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) role: &'static str,
    pub(in crate::simulator) instance_id: String,
    pub(in crate::simulator) image_id: String,
    pub(in crate::simulator) interface_id: String,
    pub(in crate::simulator) group_id: String,
    pub(in crate::simulator) subnet_id: String,
    pub(in crate::simulator) vpc_id: String,
    pub(in crate::simulator) default_vpc: bool,
    pub(in crate::simulator) public_ip: String,
    pub(in crate::simulator) private_ip: String,
    pub(in crate::simulator) bucket: String,
    pub(in crate::simulator) user: String,
    pub(in crate::simulator) function: String,
    pub(in crate::simulator) database: String,
    pub(in crate::simulator) openings: Vec<Opening>,
}

/// A place in the world, as words for the dice.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulator) struct Place {
    pub(in crate::simulator) seed: u64,
    pub(in crate::simulator) account: usize,
    pub(in crate::simulator) region: usize,
}

impl Place {
    /// A number that belongs to this place and these words.
    pub(in crate::simulator) fn mix(self, what: u64, position: usize) -> u64 {
        let (account, region) = (random::word(self.account), random::word(self.region));
        random::mix(&[self.seed, account, region, what, random::word(position)])
    }
}

impl Host {
    /// The host at this position of a scope.
    pub(in crate::simulator) fn at(place: Place, position: usize) -> Self {
        let mut rng = fastrand::Rng::with_seed(place.mix(0x405, position));
        let shared = place.mix(0x7bc, 0);
        let role = *random::pick(&mut rng, ROLES);
        let tail = random::letters(&mut rng, HEX, 16);
        let default_vpc = rng.u8(..4) == 0;
        let vpc = if default_vpc {
            shared.rotate_left(17)
        } else {
            shared
        };
        let mut id = |prefix: &str| format!("{prefix}-0{}", random::letters(&mut rng, HEX, 16));
        Self {
            instance_id: id("i"),
            interface_id: id("eni"),
            group_id: id("sg"),
            subnet_id: format!(
                "subnet-0{:016x}",
                vpc.wrapping_add(random::word(position % 3))
            ),
            vpc_id: format!("vpc-0{vpc:016x}"),
            image_id: format!(
                "ami-0{:016x}",
                shared.wrapping_mul(3 + random::word(position % 4))
            ),
            public_ip: format!("203.0.113.{}", rng.u8(1..)),
            private_ip: format!("10.{}.{}.{}", rng.u8(..), rng.u8(..), rng.u8(1..)),
            bucket: format!("acme-{role}-{tail}"),
            user: format!("svc-{role}-{position}"),
            function: format!("{role}-handler-{position}"),
            database: format!("{role}-db-{position}"),
            openings: openings(&mut rng),
            name: format!("{role}-{position}"),
            role,
            default_vpc,
        }
    }

    /// Whether the Internet reaches this port.
    pub(in crate::simulator) fn exposes(&self, port: i32) -> bool {
        self.openings.iter().any(|opening| opening.reaches(port))
    }
}

impl Opening {
    /// Whether this rule lets anybody reach this port.
    pub(in crate::simulator) fn reaches(&self, port: i32) -> bool {
        let world = matches!(self.cidr, "0.0.0.0/0" | "::/0");
        world && (self.protocol == "-1" || (self.from_port..=self.to_port).contains(&port))
    }
}

fn openings(rng: &mut fastrand::Rng) -> Vec<Opening> {
    let tcp = |from_port, to_port, cidr, description| Opening {
        protocol: "tcp",
        from_port,
        to_port,
        cidr,
        description,
    };
    let office = tcp(443, 443, "198.51.100.0/24", "office");
    match rng.u8(..20) {
        0..=3 => vec![tcp(22, 22, "0.0.0.0/0", "temporary, for debugging"), office],
        4 => vec![
            tcp(22, 22, "0.0.0.0/0", ""),
            tcp(22, 22, "::/0", ""),
            office,
        ],
        5..=6 => vec![tcp(3389, 3389, "0.0.0.0/0", "vendor access")],
        7 => vec![tcp(3306, 3306, "0.0.0.0/0", "bi tool")],
        8 => vec![tcp(0, 65_535, "0.0.0.0/0", "all open")],
        9 => vec![Opening {
            protocol: "-1",
            from_port: -1,
            to_port: -1,
            cidr: "0.0.0.0/0",
            description: "",
        }],
        10..=13 => vec![
            tcp(443, 443, "0.0.0.0/0", "public https"),
            tcp(80, 80, "0.0.0.0/0", "redirects"),
        ],
        _ => vec![office, tcp(22, 22, "198.51.100.0/24", "office ssh")],
    }
}
