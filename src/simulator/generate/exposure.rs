//! Macie and IAM Access Analyzer: what lies where it should not, and who outside can reach it.

use super::{
    super::{json::Json, random},
    Head, Subject, write_remediation, write_resource, write_resources, write_severity, write_tail,
};

const CLASSES: &[(&str, &str, &str)] = &[
    (
        "SensitiveData:S3Object/Personal",
        "HIGH",
        "personal information",
    ),
    (
        "SensitiveData:S3Object/Financial",
        "HIGH",
        "financial information",
    ),
    ("SensitiveData:S3Object/Credentials", "HIGH", "credentials"),
    (
        "SensitiveData:S3Object/Multiple",
        "MEDIUM",
        "more than one category of sensitive data",
    ),
];

/// Macie found sensitive data in an object.
pub(super) fn write_sensitive_data(json: &mut Json, subject: &Subject<'_>) {
    let mut rng = subject.rng(0x3ac);
    let (class, severity, about) = *random::pick(&mut rng, CLASSES);
    let hub_type = format!(
        "Sensitive Data Identifications/PII/{}",
        class.replace('/', "-")
    );
    let types = [hub_type.as_str()];
    let product_arn = subject.product_arn("macie");
    let id = subject.hex32();
    let bucket = &subject.host.bucket;
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Macie",
        company: "Amazon",
        generator: "aws/macie",
        types: &types,
        title: &format!("The S3 object contains {about}."),
        description: &format!(
            "The S3 object contains {about}. The object is stored in the bucket {bucket}, which is part of an automated sensitive data discovery."
        ),
    }
    .write(json, subject);
    write_severity(json, subject, severity, severity);
    write_remediation(
        json,
        "Review the object, restrict who can read the bucket, and move the data where it belongs.",
        "https://docs.aws.amazon.com/macie/latest/user/findings-types.html",
    );
    json.key("ProductFields").object(|json| {
        json.plain(
            "S3Object.Path",
            format_args!("{bucket}/exports/customers-{}.csv", subject.index),
        );
        json.plain("S3Object.Extension", "csv");
        json.plain(
            "S3Bucket.effectivePermission",
            *random::pick(&mut rng, &["PUBLIC", "NOT_PUBLIC"]),
        );
        json.plain("OriginType", "AUTOMATED_SENSITIVE_DATA_DISCOVERY");
        json.plain(
            "aws/securityhub/FindingId",
            format_args!("{product_arn}/{id}"),
        );
        json.plain("aws/securityhub/ProductName", "Macie");
        json.plain("aws/securityhub/CompanyName", "Amazon");
    });
    write_resources(json, subject, |json| {
        let arn = format!("arn:aws:s3:::{bucket}");
        write_resource(json, subject, "AwsS3Bucket", &arn, |json| {
            json.plain("OwnerName", subject.host.role);
            json.plain("Name", bucket);
        });
        let object = format!("{arn}/exports/customers-{}.csv", subject.index);
        write_resource(json, subject, "AwsS3Object", &object, |json| {
            json.plain("ETag", subject.hex32());
            json.plain("VersionId", "null");
            json.plain("ContentType", "text/csv");
        });
    });
    write_tail(json, "NEW", severity, severity, &types);
}

/// Access Analyzer found that somebody outside has access.
pub(super) fn write_external_access(json: &mut Json, subject: &Subject<'_>) {
    let mut rng = subject.rng(0xaa);
    let public = rng.u8(..3) == 0;
    let severity = if public { "HIGH" } else { "LOW" };
    let types = ["Effects/Data Exposure/External Access Granted"];
    let product_arn = subject.product_arn("access-analyzer");
    let analyzer = subject.arn("access-analyzer", "analyzer/organization");
    let id = format!("{analyzer}/finding/{}", subject.uuid());
    let bucket = format!("arn:aws:s3:::{}", subject.host.bucket);
    let title = if public {
        format!("{bucket} allows public access")
    } else {
        format!("{bucket} allows cross-account access")
    };
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "IAM Access Analyzer",
        company: "AWS",
        generator: "aws/access-analyzer",
        types: &types,
        title: &title,
        description: "AWS::S3::Bucket policy allows access from outside the zone of trust.",
    }
    .write(json, subject);
    write_severity(json, subject, severity, severity);
    write_remediation(
        json,
        "If the access isn't intended, change the resource's policy. Otherwise archive the finding in the IAM console.",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings-remediate.html",
    );
    json.key("ProductFields").object(|json| {
        json.plain("ResourceOwnerAccount", subject.account_id());
        json.plain("Condition", "none");
        json.plain("Action Type", "s3:GetObject,s3:ListBucket");
        json.plain(
            "External Principal",
            if public {
                "*"
            } else {
                "arn:aws:iam::999988887777:root"
            },
        );
        json.plain(
            "aws/securityhub/FindingId",
            format_args!("{product_arn}/{id}"),
        );
        json.plain("aws/securityhub/ProductName", "IAM Access Analyzer");
        json.plain("aws/securityhub/CompanyName", "AWS");
    });
    write_resources(json, subject, |json| {
        write_resource(json, subject, "AwsS3Bucket", &bucket, |json| {
            json.plain("Name", &subject.host.bucket);
        });
    });
    write_tail(json, "NEW", severity, severity, &types);
}
