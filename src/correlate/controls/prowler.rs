//! Checks of Prowler, the partner product that most people run beside Security Hub, and the security
//! controls that ask the same of the same resource.

/// Prowler's product, after the Region of its ARN.
pub(super) const PRODUCT: &str = ":product/prowler/prowler";

/// What precedes a check in `GeneratorId`.
pub(super) const GENERATOR: &str = "prowler-";

/// Source: the control of AWS Foundational Security Best Practices that Prowler 5's findings name in
/// `Compliance.RelatedRequirements`, where it is one, and the check's own name for the two ports. Left
/// out: `ec2_ebs_public_snapshot`, which Security Hub asks of the account, and checks that Prowler
/// names several controls for.
///
/// Sorted by bytes, to be searched by halves.
pub(super) const CHECKS: &[(&str, &str)] = &[
    ("dynamodb_tables_pitr_enabled", "DynamoDB.2"),
    ("ec2_ebs_volume_encryption", "EC2.3"),
    ("ec2_instance_imdsv2_enabled", "EC2.8"),
    ("ec2_instance_managed_by_ssm", "SSM.1"),
    (
        "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22",
        "EC2.13",
    ),
    (
        "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389",
        "EC2.14",
    ),
    ("s3_bucket_acl_prohibited", "S3.12"),
    ("s3_bucket_kms_encryption", "S3.17"),
    ("s3_bucket_lifecycle_enabled", "S3.13"),
    ("s3_bucket_object_lock", "S3.15"),
    ("s3_bucket_object_versioning", "S3.14"),
    ("s3_bucket_public_write_acl", "S3.3"),
    ("s3_bucket_secure_transport_policy", "S3.5"),
];
