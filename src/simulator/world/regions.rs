//! The Regions of the pretend organization, in the order in which sizes take them.

/// A Region, and whether accounts have to switch it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) struct Region {
    pub(in crate::simulator) name: &'static str,
    pub(in crate::simulator) opt_in: bool,
}

const fn default_on(name: &'static str) -> Region {
    Region {
        name,
        opt_in: false,
    }
}

const fn opt_in(name: &'static str) -> Region {
    Region { name, opt_in: true }
}

/// Every Region of the `aws` partition that has a Security Hub endpoint. The first is where
/// Organizations and the finding aggregator live; an opt-in Region comes early, so that small worlds
/// have one.
pub(in crate::simulator) const ALL: [Region; 34] = [
    default_on("us-east-1"),
    default_on("eu-west-1"),
    default_on("us-west-2"),
    default_on("eu-central-1"),
    opt_in("eu-south-1"),
    default_on("us-east-2"),
    default_on("ap-southeast-2"),
    default_on("ap-northeast-1"),
    default_on("eu-west-2"),
    default_on("ap-south-1"),
    default_on("ca-central-1"),
    opt_in("me-central-1"),
    default_on("eu-north-1"),
    default_on("sa-east-1"),
    default_on("ap-southeast-1"),
    default_on("eu-west-3"),
    default_on("us-west-1"),
    default_on("ap-northeast-2"),
    default_on("ap-northeast-3"),
    opt_in("af-south-1"),
    opt_in("ap-east-1"),
    opt_in("ap-east-2"),
    opt_in("ap-south-2"),
    opt_in("ap-southeast-3"),
    opt_in("ap-southeast-4"),
    opt_in("ap-southeast-5"),
    opt_in("ap-southeast-6"),
    opt_in("ap-southeast-7"),
    opt_in("ca-west-1"),
    opt_in("eu-central-2"),
    opt_in("eu-south-2"),
    opt_in("il-central-1"),
    opt_in("me-south-1"),
    opt_in("mx-central-1"),
];
