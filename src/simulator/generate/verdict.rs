//! Which control a finding is about, by which standard's name, and how the check went.

use super::{
    super::{random, world::estate::RISKY_PORTS},
    Kind, PER_HOST, Subject,
    catalog::{self, Control, Elsewhere},
};

pub(super) const FSBP: Standard = Standard {
    path: "aws-foundational-security-best-practices/v/1.0.0",
    arn: "arn:aws:securityhub:::standards/aws-foundational-security-best-practices/v/1.0.0",
};
pub(super) const CIS: Standard = Standard {
    path: "cis-aws-foundations-benchmark/v/1.2.0",
    arn: "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0",
};
const PCI: Standard = Standard {
    path: "pci-dss/v/3.2.1",
    arn: "arn:aws:securityhub:::standards/pci-dss/v/3.2.1",
};
const NIST: Standard = Standard {
    path: "nist-800-53/v/5.0.0",
    arn: "arn:aws:securityhub:::standards/nist-800-53/v/5.0.0",
};

/// A standard, as ids and fields name it.
#[derive(Clone, Copy)]
pub(super) struct Standard {
    pub(super) path: &'static str,
    pub(super) arn: &'static str,
}

/// How the check went.
pub(super) struct Verdict {
    pub(super) compliance: &'static str,
    pub(super) workflow: &'static str,
    pub(super) severity: &'static str,
}

/// The control that a finding of this kind is about.
pub(super) fn control_of(subject: &Subject<'_>) -> &'static Control {
    let mut rng = subject.rng(0xc0);
    if matches!(
        subject.kind,
        Kind::NetworkControl | Kind::SecondNetworkControl
    ) {
        network_control(subject)
    } else if subject.kind == Kind::InstanceControl {
        random::pick(&mut rng, catalog::INSTANCE)
    } else if subject.kind == Kind::BucketControl {
        random::pick(&mut rng, catalog::BUCKET)
    } else if subject.kind == Kind::IdentityControl {
        random::pick(&mut rng, catalog::IDENTITY)
    } else {
        random::pick(&mut rng, catalog::OTHER)
    }
}

/// Both network findings of a host are about one control, seen by two standards, where the account
/// gets findings per standard; where it does not, they are about two.
fn network_control(subject: &Subject<'_>) -> &'static Control {
    let position = subject.index / PER_HOST;
    let mut rng = fastrand::Rng::with_seed(subject.origin.place.mix(0x2c0, position));
    let first = rng.usize(..catalog::NETWORK.len());
    let second =
        subject.kind == Kind::SecondNetworkControl && subject.origin.account.consolidated_first;
    let mut controls = catalog::NETWORK
        .iter()
        .cycle()
        .skip(first + usize::from(second));
    controls.next().unwrap_or(&CONTROL_OF_LAST_RESORT)
}

const CONTROL_OF_LAST_RESORT: Control = Control {
    id: "EC2.2",
    title: "VPC default security groups should not allow inbound or outbound traffic",
    about: "This control checks that the default security group of a VPC does not allow inbound or outbound traffic.",
    severity: "HIGH",
    elsewhere: None,
    config_rule: "vpc-default-security-group-closed",
};

/// The standard that reports a control, and its name there.
pub(super) fn standard_of(subject: &Subject<'_>, control: &Control) -> (Standard, &'static str) {
    let first = subject.kind == Kind::NetworkControl
        || subject.kind != Kind::SecondNetworkControl && subject.rng(0x57d).bool();
    let [foundational, other] = standards_of(control);
    if first { foundational } else { other }
}

/// The standards that have a control, each with the control's name there.
pub(super) fn standards_of(control: &Control) -> [(Standard, &'static str); 2] {
    let other = match control.elsewhere {
        Some(Elsewhere::Cis(rule)) => (CIS, rule),
        Some(Elsewhere::Pci(rule)) => (PCI, rule),
        None => (NIST, control.id),
    };
    [(FSBP, control.id), other]
}

/// How the check went. Checks of security groups follow from what the group lets in.
pub(super) fn verdict(subject: &Subject<'_>, control: &Control) -> Verdict {
    let mut rng = subject.rng(0x7e4d);
    let failed = match control.id {
        "EC2.13" => subject.host.exposes(22),
        "EC2.14" => subject.host.exposes(3389),
        "EC2.18" | "EC2.19" => RISKY_PORTS.iter().any(|port| subject.host.exposes(*port)),
        _ => rng.u8(..100) < 40,
    };
    let compliance = match (failed, rng.u8(..100)) {
        (true, _) => "FAILED",
        (false, 0..=2) => "WARNING",
        (false, 3..=4) => "NOT_AVAILABLE",
        (false, _) => "PASSED",
    };
    let workflow = match (compliance, rng.u8(..100)) {
        ("PASSED", _) => "RESOLVED",
        (_, 0..=6) => "NOTIFIED",
        (_, 7..=11) => "SUPPRESSED",
        (_, 12..=13) => "RESOLVED",
        _ => "NEW",
    };
    let severity = if compliance == "PASSED" {
        "INFORMATIONAL"
    } else {
        control.severity
    };
    Verdict {
        compliance,
        workflow,
        severity,
    }
}
