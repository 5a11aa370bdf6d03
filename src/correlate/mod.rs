//! Correlation: findings to issues to incidents, and who must hear of them.
//!
//! Knows which findings speak of the same problem, what became of it, and which issues a route
//! gathers into one incident. Does not know the time, where anything is stored, or how a sink says
//! it. Everything here is a pure function that cannot fail.

mod assess;
mod claim;
mod controls;
mod decide;
mod group;
mod key;
mod lifecycle;
mod matcher;
mod matching;
mod mute;
mod owner;
mod part;
mod preview;
mod reach;
mod relation;
mod resource;
mod route;
mod rulebook;
mod rules;
mod settings;
mod silence;

pub use claim::{Claim, claims};
pub use key::identify;
pub use matcher::Subject;
pub use matching::{MatchSettings, OneOrMany, SeveritySettings};
pub use mute::MuteSettings;
pub use owner::{OwnerSettings, OwnerTags};
pub use preview::{Counts, Differing, Outcome, Preview};
pub use reach::out_of_reach;
pub use relation::{Place, relate, tags};
pub use route::{FirstSync, Route};
pub use rulebook::Rulebook;
pub use rules::{RULES, Rule, RuleSettings, Rules, RulesSettings};
pub use settings::RouteSettings;
pub use silence::Hush;
