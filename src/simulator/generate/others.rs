//! Health, Config, partners, and products that customers made themselves.

use super::{
    super::{json::Json, random},
    Head, Subject, write_instance, write_remediation, write_resource, write_resources,
    write_severity, write_tail,
};

/// AWS Health: a notice about the account.
pub(super) fn write_health(json: &mut Json, subject: &Subject<'_>) {
    let types = ["Software and Configuration Checks/AWS Security Best Practices"];
    let product_arn = subject.product_arn("health");
    let id = format!(
        "arn:aws:health:{}::event/RISK/AWS_RISK_CREDENTIALS_EXPOSED/AWS_RISK_CREDENTIALS_EXPOSED_{}",
        subject.origin.region,
        subject.hex32()
    );
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Health",
        company: "AWS",
        generator: "AWS_RISK_CREDENTIALS_EXPOSED",
        types: &types,
        title: "Risk Credentials Exposed",
        description: "Your AWS account may be compromised! Our systems have detected that the access keys of an IAM user may have been made public. Rotate the key, and check the account for unwanted use.",
    }
    .write(json, subject);
    write_severity(json, subject, "MEDIUM", "issue");
    json.key("ProductFields").object(|json| {
        json.plain(
            "aws/securityhub/FindingId",
            format_args!("{product_arn}/{id}"),
        );
        json.plain("aws/securityhub/ProductName", "Health");
        json.plain("aws/securityhub/CompanyName", "AWS");
    });
    write_resources(json, subject, |json| {
        let user = format!(
            "arn:aws:iam::{}:user/{}",
            subject.account_id(),
            subject.host.user
        );
        write_resource(json, subject, "AwsIamUser", &user, |json| {
            json.plain("UserName", &subject.host.user);
        });
    });
    write_tail(json, "NEW", "MEDIUM", "issue", &types);
}

/// AWS Config: a rule of the customer's own.
pub(super) fn write_config(json: &mut Json, subject: &Subject<'_>) {
    let types = ["Software and Configuration Checks"];
    let product_arn = subject.product_arn("config");
    let rule = subject.arn("config", "config-rule/config-rule-x7q2ab");
    let id = format!("{rule}/finding/{}", subject.hex32());
    let failed = subject.rng(0xcf).bool();
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Config",
        company: "AWS",
        generator: &rule,
        types: &types,
        title: &format!("{}-required-tags", subject.host.role),
        description: "This finding is created for a resource compliance change for config rule: required-tags",
    }
    .write(json, subject);
    write_severity(json, subject, "MEDIUM", "");
    json.key("ProductFields").object(|json| {
        json.plain("aws/config/ConfigRuleName", "required-tags");
        json.plain("aws/config/ConfigRuleArn", &rule);
        json.plain(
            "aws/config/ConfigComplianceType",
            if failed { "NON_COMPLIANT" } else { "COMPLIANT" },
        );
        json.plain(
            "aws/securityhub/FindingId",
            format_args!("{product_arn}/{id}"),
        );
        json.plain("aws/securityhub/ProductName", "Config");
        json.plain("aws/securityhub/CompanyName", "AWS");
    });
    write_resources(json, subject, |json| write_instance(json, subject));
    json.key("Compliance").object(|json| {
        json.plain("Status", if failed { "FAILED" } else { "PASSED" });
    });
    write_tail(
        json,
        if failed { "NEW" } else { "RESOLVED" },
        "MEDIUM",
        "",
        &types,
    );
}

/// A partner's scanner, which reports under the vendor's own account.
pub(super) fn write_partner(json: &mut Json, subject: &Subject<'_>) {
    let mut rng = subject.rng(0x9a7);
    let severity = *random::pick(&mut rng, &["LOW", "MEDIUM", "MEDIUM", "HIGH", "CRITICAL"]);
    let types = [
        "Software and Configuration Checks/Vulnerabilities",
        "Unusual Behaviors/VM",
    ];
    let product_arn = format!(
        "arn:aws:securityhub:{}:345678901234:product/example-security/scanner",
        subject.origin.region
    );
    let id = format!("scan-{}-{}", subject.host.name, subject.serial());
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Scanner",
        company: "Example Security",
        generator: "example-security/policy/weak-tls",
        types: &types,
        title: "Service accepts TLS 1.0 connections",
        description: "The service on the host accepts connections with TLS 1.0, which is deprecated. Attackers on the network path may downgrade connections.",
    }
    .write(json, subject);
    write_severity(json, subject, severity, &rng.u8(1..100).to_string());
    json.number("Confidence", rng.u8(50..100));
    json.number("Criticality", rng.u8(..100));
    write_remediation(
        json,
        "Disable TLS 1.0 and 1.1 in the service's configuration.",
        "https://scanner.example.com/kb/weak-tls",
    );
    json.key("ProductFields").object(|json| {
        json.plain("ProviderName", "example-security");
        json.plain("ProviderVersion", "9.4.1");
        json.plain(
            "aws/securityhub/FindingId",
            format_args!("{product_arn}/{id}"),
        );
    });
    json.key("UserDefinedFields")
        .object(|json| json.plain("owner", subject.host.role));
    json.key("Network").object(|json| {
        json.plain("Direction", "IN");
        json.plain("Protocol", "TCP");
        json.plain("SourceIpV4", "198.51.100.20");
        json.plain("DestinationIpV4", &subject.host.private_ip);
        json.number("DestinationPort", 443);
    });
    write_resources(json, subject, |json| write_instance(json, subject));
    write_tail(json, "NEW", severity, severity, &types);
}

/// A product of the customer's own, with times in local offset and a resource of type `Other`.
pub(super) fn write_custom(json: &mut Json, subject: &Subject<'_>) {
    let mut rng = subject.rng(0xc5);
    let severity = *random::pick(&mut rng, &["INFORMATIONAL", "LOW", "MEDIUM", "HIGH"]);
    let types = ["Software and Configuration Checks/Policy/Custom"];
    let product_arn = format!(
        "arn:aws:securityhub:{}:{1}:product/{1}/default",
        subject.origin.region,
        subject.account_id()
    );
    let id = format!(
        "{}/{}/{}",
        subject.origin.region,
        subject.account_id(),
        subject.uuid()
    );
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Default",
        company: "Personal",
        generator: "platform/backup-check",
        types: &types,
        title: &format!("No backup of {} in the last 7 days", subject.host.database),
        description: "The nightly job did not find a snapshot younger than seven days.",
    }
    .write(json, subject);
    write_severity(json, subject, severity, "");
    write_remediation(
        json,
        "Ask the platform team.",
        "https://wiki.example.com/runbooks/backup",
    );
    write_resources(json, subject, |json| {
        let id = subject.arn(
            "backup",
            &format!("recovery-point:{}", subject.host.database),
        );
        write_resource(json, subject, "Other", &id, |json| {
            json.plain("database", &subject.host.database);
        });
    });
    write_tail(json, "NEW", severity, "", &types);
}
