//! What things are: accounts, findings, issues, incidents, deliveries.
//!
//! Knows the words of the project and what they mean.
//! Does not know the time, the network, a database, or how AWS spells anything.

pub mod about;
pub mod change;
pub mod clock;
pub mod coverage;
pub mod decision;
pub mod delivery;
pub mod digest;
pub mod duration;
pub mod finding;
pub mod ids;
pub mod incident;
pub mod issue;
pub mod part;
pub mod scope;
pub mod score;
pub mod settings;
pub mod severity;
pub mod silence;
pub mod standing;
pub mod topic;
pub mod vantage;
pub mod window;

pub use about::{About, AccountFacts, Learned, Tags};
pub use change::Change;
pub use clock::Clock;
pub use coverage::{ClockKind, Complete, Coverage, CoverageState, Trouble};
pub use digest::Digest;
pub use finding::{Finding, FindingKey, Remediation, Resource};
pub use ids::{AccountId, Partition, Region};
pub use incident::{Acknowledgement, Incident, IncidentId, IncidentState, IncidentTurn, Turn};
pub use issue::{IssueIdentity, IssueStatus, RelatedResource};
pub use jiff::Timestamp;
pub use part::Parts;
pub use scope::{Account, Scope};
pub use score::Score;
pub use severity::Severity;
pub use silence::Silence;
pub use standing::Standing;
pub use topic::{OpenPort, Topic};
pub use vantage::{Outlook, Sight, Vantage};
pub use window::{BegunWindow, Question, SyncProgress, Window};
