//! The ways in which products write the time.

use jiff::tz;

use super::{
    super::clock::{self, Nanos, SECOND},
    Kind,
};

/// Precision and offset of a product's timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// `2026-01-02T03:04:05Z`
    Seconds,
    /// `2026-01-02T03:04:05.678Z`
    Millis,
    /// `2026-01-02T03:04:05.678901+00:00`, as Python's `isoformat()` writes it.
    MicrosWithOffset,
    /// `2026-01-02T03:04:05.678901234Z`
    Nanos,
    /// `2026-01-01T22:04:05-05:00`
    NewYork,
}

impl Stamp {
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::NetworkControl
            | Kind::SecondNetworkControl
            | Kind::InstanceControl
            | Kind::BucketControl
            | Kind::IdentityControl
            | Kind::OtherControl
            | Kind::LegacyControl
            | Kind::Threat
            | Kind::Config => Self::Millis,
            Kind::Vulnerability | Kind::Reachability | Kind::SensitiveData => Self::Seconds,
            Kind::ExternalAccess => Self::Nanos,
            Kind::Health | Kind::Partner => Self::MicrosWithOffset,
            Kind::Custom => Self::NewYork,
        }
    }

    /// The instant that is left once written.
    pub(super) fn truncate(self, at: Nanos) -> Nanos {
        let unit = match self {
            Self::Seconds | Self::NewYork => SECOND,
            Self::Millis => 1_000_000,
            Self::MicrosWithOffset => 1_000,
            Self::Nanos => 1,
        };
        at - at.rem_euclid(unit)
    }

    pub(super) fn write(self, at: Nanos) -> String {
        let at = clock::timestamp(self.truncate(at));
        match self {
            Self::Seconds => format!("{at:.0}"),
            Self::Millis => format!("{at:.3}"),
            Self::MicrosWithOffset => format!("{:.6}", at.display_with_offset(tz::Offset::UTC)),
            Self::Nanos => format!("{at:.9}"),
            Self::NewYork => format!("{:.0}", at.display_with_offset(tz::offset(-5))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_reads_back_as_the_same_instant() {
        let at = 1_767_323_045_678_901_234;
        for (stamp, text) in [
            (Stamp::Seconds, "2026-01-02T03:04:05Z"),
            (Stamp::Millis, "2026-01-02T03:04:05.678Z"),
            (Stamp::MicrosWithOffset, "2026-01-02T03:04:05.678901+00:00"),
            (Stamp::Nanos, "2026-01-02T03:04:05.678901234Z"),
            (Stamp::NewYork, "2026-01-01T22:04:05-05:00"),
        ] {
            assert_eq!(stamp.write(at), text);
            let read: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(clock::nanos(read), stamp.truncate(at));
        }
    }
}
