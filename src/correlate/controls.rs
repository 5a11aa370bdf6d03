//! Old standards' rules to the security controls they became.

/// What precedes the rules of CIS AWS Foundations Benchmark 1.2.0 in our names for them.
const CIS_1_2: &str = "cis-aws-foundations-benchmark/v/1.2.0/";
/// The same for 1.4.0.
const CIS_1_4: &str = "cis-aws-foundations-benchmark/v/1.4.0/";
/// What precedes the rules of any version.
const CIS: &str = "cis-aws-foundations-benchmark/v/";

/// Rules of CIS 1.2.0. Source of the three tables: Security Hub user guide, "Generator IDs before
/// and after turning on consolidated control findings". Rule 1.1 is left out: it became two
/// controls.
const CIS_1_2_CONTROLS: [(&str, &str); 42] = [
    ("1.2", "IAM.5"),
    ("1.3", "IAM.8"),
    ("1.4", "IAM.3"),
    ("1.5", "IAM.11"),
    ("1.6", "IAM.12"),
    ("1.7", "IAM.13"),
    ("1.8", "IAM.14"),
    ("1.9", "IAM.15"),
    ("1.10", "IAM.16"),
    ("1.11", "IAM.17"),
    ("1.12", "IAM.4"),
    ("1.13", "IAM.9"),
    ("1.14", "IAM.6"),
    ("1.16", "IAM.2"),
    ("1.20", "IAM.18"),
    ("1.22", "IAM.1"),
    ("2.1", "CloudTrail.1"),
    ("2.2", "CloudTrail.4"),
    ("2.3", "CloudTrail.6"),
    ("2.4", "CloudTrail.5"),
    ("2.5", "Config.1"),
    ("2.6", "CloudTrail.7"),
    ("2.7", "CloudTrail.2"),
    ("2.8", "KMS.4"),
    ("2.9", "EC2.6"),
    ("3.1", "CloudWatch.2"),
    ("3.2", "CloudWatch.3"),
    ("3.3", "CloudWatch.1"),
    ("3.4", "CloudWatch.4"),
    ("3.5", "CloudWatch.5"),
    ("3.6", "CloudWatch.6"),
    ("3.7", "CloudWatch.7"),
    ("3.8", "CloudWatch.8"),
    ("3.9", "CloudWatch.9"),
    ("3.10", "CloudWatch.10"),
    ("3.11", "CloudWatch.11"),
    ("3.12", "CloudWatch.12"),
    ("3.13", "CloudWatch.13"),
    ("3.14", "CloudWatch.14"),
    ("4.1", "EC2.13"),
    ("4.2", "EC2.14"),
    ("4.3", "EC2.2"),
];

/// Rules of CIS 1.4.0. Rules 2.1.1 and 3.6 are left out: the guide's editions disagree on them.
const CIS_1_4_CONTROLS: [(&str, &str); 36] = [
    ("1.4", "IAM.4"),
    ("1.5", "IAM.9"),
    ("1.6", "IAM.6"),
    ("1.7", "CloudWatch.1"),
    ("1.8", "IAM.15"),
    ("1.9", "IAM.16"),
    ("1.10", "IAM.5"),
    ("1.14", "IAM.3"),
    ("1.16", "IAM.1"),
    ("1.17", "IAM.18"),
    ("2.1.2", "S3.5"),
    ("2.1.5.1", "S3.1"),
    ("2.1.5.2", "S3.8"),
    ("2.2.1", "EC2.7"),
    ("2.3.1", "RDS.3"),
    ("3.1", "CloudTrail.1"),
    ("3.2", "CloudTrail.4"),
    ("3.4", "CloudTrail.5"),
    ("3.5", "Config.1"),
    ("3.7", "CloudTrail.2"),
    ("3.8", "KMS.4"),
    ("3.9", "EC2.6"),
    ("4.3", "CloudWatch.1"),
    ("4.4", "CloudWatch.4"),
    ("4.5", "CloudWatch.5"),
    ("4.6", "CloudWatch.6"),
    ("4.7", "CloudWatch.7"),
    ("4.8", "CloudWatch.8"),
    ("4.9", "CloudWatch.9"),
    ("4.10", "CloudWatch.10"),
    ("4.11", "CloudWatch.11"),
    ("4.12", "CloudWatch.12"),
    ("4.13", "CloudWatch.13"),
    ("4.14", "CloudWatch.14"),
    ("5.1", "EC2.21"),
    ("5.3", "EC2.2"),
];

/// Rules of PCI DSS 3.2.1, which number anew within a service, and controls that were renamed.
const OTHER_CONTROLS: [(&str, &str); 46] = [
    ("PCI.AutoScaling.1", "AutoScaling.1"),
    ("PCI.CloudTrail.1", "CloudTrail.2"),
    ("PCI.CloudTrail.2", "CloudTrail.3"),
    ("PCI.CloudTrail.3", "CloudTrail.4"),
    ("PCI.CloudTrail.4", "CloudTrail.5"),
    ("PCI.CodeBuild.1", "CodeBuild.1"),
    ("PCI.CodeBuild.2", "CodeBuild.2"),
    ("PCI.Config.1", "Config.1"),
    ("PCI.CW.1", "CloudWatch.1"),
    ("PCI.DMS.1", "DMS.1"),
    ("PCI.EC2.1", "EC2.1"),
    ("PCI.EC2.2", "EC2.2"),
    ("PCI.EC2.4", "EC2.12"),
    ("PCI.EC2.5", "EC2.13"),
    ("PCI.EC2.6", "EC2.6"),
    ("PCI.ELBv2.1", "ELB.1"),
    ("PCI.ES.1", "ES.2"),
    ("PCI.ES.2", "ES.1"),
    ("PCI.GuardDuty.1", "GuardDuty.1"),
    ("PCI.IAM.1", "IAM.4"),
    ("PCI.IAM.2", "IAM.2"),
    ("PCI.IAM.3", "IAM.1"),
    ("PCI.IAM.4", "IAM.6"),
    ("PCI.IAM.5", "IAM.9"),
    ("PCI.IAM.6", "IAM.19"),
    ("PCI.IAM.7", "IAM.8"),
    ("PCI.IAM.8", "IAM.10"),
    ("PCI.KMS.1", "KMS.4"),
    ("PCI.Lambda.1", "Lambda.1"),
    ("PCI.Lambda.2", "Lambda.3"),
    ("PCI.Opensearch.1", "Opensearch.2"),
    ("PCI.Opensearch.2", "Opensearch.1"),
    ("PCI.RDS.1", "RDS.1"),
    ("PCI.RDS.2", "RDS.2"),
    ("PCI.Redshift.1", "Redshift.1"),
    ("PCI.S3.1", "S3.3"),
    ("PCI.S3.2", "S3.2"),
    ("PCI.S3.3", "S3.7"),
    ("PCI.S3.4", "S3.4"),
    ("PCI.S3.5", "S3.5"),
    ("PCI.S3.6", "S3.1"),
    ("PCI.SageMaker.1", "SageMaker.1"),
    ("PCI.SSM.1", "SSM.2"),
    ("PCI.SSM.2", "SSM.3"),
    ("PCI.SSM.3", "SSM.1"),
    ("ELBv2.1", "ELB.1"),
];

/// The control that a finding's own name for it stands for. A name that is not in the tables stands
/// for itself: two names for one control are told as two problems, which is noise; one name for two
/// controls would hide a problem.
pub(super) fn canonical(named: &str) -> &str {
    let (table, name): (&[(&str, &str)], &str) = if let Some(rule) = named.strip_prefix(CIS_1_2) {
        (&CIS_1_2_CONTROLS, rule)
    } else if let Some(rule) = named.strip_prefix(CIS_1_4) {
        (&CIS_1_4_CONTROLS, rule)
    } else {
        (&OTHER_CONTROLS, named)
    };
    let found = table.iter().find(|(rule, _)| *rule == name);
    found.map_or(named, |(_, control)| control)
}

/// Whether a control is about identities or the account itself. Those are the same in every Region,
/// and Security Hub reports them once per Region. Chapter 1 of every CIS benchmark is about
/// identities.
pub(super) fn is_global(control: &str) -> bool {
    let cis = control
        .strip_prefix(CIS)
        .and_then(|rest| rest.split_once('/'));
    let is_cis_identity = cis.is_some_and(|(_, rule)| rule.starts_with("1."));
    is_cis_identity || control.starts_with("IAM.") || control.starts_with("Account.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_open_ssh_port_is_one_control_in_every_standard() {
        for named in [
            "EC2.13",
            "PCI.EC2.5",
            "cis-aws-foundations-benchmark/v/1.2.0/4.1",
        ] {
            assert_eq!(canonical(named), "EC2.13");
        }
    }

    #[test]
    fn a_rule_we_are_not_sure_of_stands_for_itself() {
        for named in [
            "PCI.EC2.3",
            "cis-aws-foundations-benchmark/v/1.2.0/1.1",
            "",
            "EC2.19",
        ] {
            assert_eq!(canonical(named), named);
        }
    }

    #[test]
    fn no_rule_stands_in_a_table_twice_and_no_control_is_mapped_again() {
        let tables: [&[(&str, &str)]; 3] = [&CIS_1_2_CONTROLS, &CIS_1_4_CONTROLS, &OTHER_CONTROLS];
        for table in tables {
            let mut rules: Vec<_> = table.iter().map(|(rule, _)| rule).collect();
            rules.sort_unstable();
            rules.dedup();
            assert_eq!(rules.len(), table.len());
            assert!(
                table
                    .iter()
                    .all(|(_, control)| canonical(control) == *control)
            );
        }
    }

    #[test]
    fn identities_and_the_account_are_the_same_in_every_region() {
        let names = [
            "IAM.5",
            "Account.1",
            "cis-aws-foundations-benchmark/v/1.2.0/1.1",
        ];
        assert!(names.into_iter().all(is_global));
        let names = [
            "EC2.7",
            "cis-aws-foundations-benchmark/v/1.4.0/2.1.1",
            "Config.1",
        ];
        assert!(!names.into_iter().any(is_global));
    }
}
