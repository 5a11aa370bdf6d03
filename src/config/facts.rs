//! What routes and owners ask of accounts, and whether anybody can answer.

use super::gather::Gather;
use crate::{
    aws::{self, Wanted},
    correlate::{OwnerTags, Route},
};

const NO_UNITS: &str = "units are only known when accounts.discover is \"organization\": no account \
                        would ever match";
const NO_TAGS: &str = "tags of accounts are only known when accounts.discover is \"organization\", or \
                       when accounts.list gives them: no account would ever match";

/// What is asked of accounts. A route that asks what nobody can know is noted: it would match nothing.
pub(super) fn wanted(
    gather: &mut Gather,
    aws: &aws::Config,
    routes: &[(usize, Route)],
    owner: &OwnerTags,
) -> Wanted {
    let mut wanted = Wanted {
        units: Vec::new(),
        tags: !owner.is_empty() && aws.knows_tags(),
    };
    for (at, route) in routes {
        let key = |name: &str| format!("routes[{at}].match.{name}");
        if !route.units().is_empty() && !aws.knows_units() {
            gather.note(&key("ous"), NO_UNITS.to_owned());
        }
        if route.asks_tags() && !aws.knows_tags() {
            gather.note(&key("tags"), NO_TAGS.to_owned());
        }
        let units = route.units().iter();
        wanted
            .units
            .extend(units.map(|unit| (key("ous"), unit.clone())));
        wanted.tags |= route.asks_tags();
    }
    wanted
}
