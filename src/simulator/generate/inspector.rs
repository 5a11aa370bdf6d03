//! Inspector: vulnerable packages, and ports that the Internet reaches.

use super::{
    super::{json::Json, random},
    Head, Subject, catalog, write_instance, write_remediation, write_resources, write_severity,
    write_tail,
};

/// A CVE in a package of the host.
pub(super) fn write_vulnerability(json: &mut Json, subject: &Subject<'_>) {
    let mut rng = subject.rng(0xc7e);
    let cve = random::pick(&mut rng, catalog::CVES);
    let types = ["Software and Configuration Checks/Vulnerabilities/CVE"];
    let product_arn = subject.product_arn("inspector");
    let id = subject.arn("inspector2", &format!("finding/{}", subject.hex32()));
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Inspector",
        company: "Amazon",
        generator: "AWSInspector",
        types: &types,
        title: &format!("{} - {}", cve.id, cve.package),
        description: cve.about,
    }
    .write(json, subject);
    write_severity(json, subject, cve.severity, cve.severity);
    write_remediation(
        json,
        "Remediation is available. Please refer to the Fixed version in the vulnerability details section above. For detailed remediation guidance for each of the affected packages, refer to the vulnerabilities section of the detailed finding JSON.",
        "",
    );
    write_fields(json, subject, &product_arn, &id, &cve.score.to_string());
    write_resources(json, subject, |json| write_instance(json, subject));
    json.key("Vulnerabilities")
        .array(|json| json.object(|json| write_cve(json, subject, cve)));
    let workflow = *random::pick(
        &mut rng,
        &["NEW", "NEW", "NEW", "NEW", "NOTIFIED", "SUPPRESSED"],
    );
    write_tail(json, workflow, cve.severity, cve.severity, &types);
}

fn write_cve(json: &mut Json, subject: &Subject<'_>, cve: &catalog::Cve) {
    json.plain("Id", cve.id);
    json.key("VulnerablePackages").array(|json| {
        json.object(|json| {
            json.field("Name", cve.package);
            json.field("Version", cve.version);
            json.plain("Epoch", "0");
            json.plain(
                "PackageManager",
                if cve.package.contains(':') {
                    "JAR"
                } else {
                    "OS"
                },
            );
            json.field("FixedInVersion", cve.fixed_in);
            json.plain(
                "Remediation",
                format_args!("Update {} to {}", cve.package, cve.fixed_in),
            );
        });
    });
    json.key("Cvss").array(|json| {
        for source in ["NVD", "UBUNTU_CVE"] {
            json.object(|json| {
                json.plain("Version", "3.1");
                json.number("BaseScore", cve.score);
                json.plain("BaseVector", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
                json.plain("Source", source);
            });
        }
    });
    json.key("Vendor").object(|json| {
        json.plain("Name", "NVD");
        json.plain(
            "Url",
            format_args!("https://nvd.nist.gov/vuln/detail/{}", cve.id),
        );
        json.plain("VendorSeverity", cve.severity);
        json.plain("VendorCreatedAt", subject.text_of(subject.created));
        json.plain("VendorUpdatedAt", subject.text_of(subject.updated));
    });
    json.texts(
        "ReferenceUrls",
        &["https://ubuntu.com/security/notices/USN-0000-1"],
    );
    json.plain("FixAvailable", "YES");
    json.plain("ExploitAvailable", if cve.exploit { "YES" } else { "NO" });
    json.number("EpssScore", if cve.exploit { 0.91 } else { 0.004 });
}

/// A port that the Internet reaches.
pub(super) fn write_reachability(json: &mut Json, subject: &Subject<'_>) {
    let mut rng = subject.rng(0x4eac);
    let port = *random::pick(&mut rng, &[22, 3389, 3306, 8080]);
    let severity = if port == 8080 { "LOW" } else { "MEDIUM" };
    let types =
        ["Software and Configuration Checks/AWS Security Best Practices/Network Reachability"];
    let product_arn = subject.product_arn("inspector");
    let id = subject.arn("inspector2", &format!("finding/{}", subject.hex32()));
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "Inspector",
        company: "Amazon",
        generator: "AWSInspector",
        types: &types,
        title: &format!("Port {port} is reachable from an Internet Gateway - TCP"),
        description: &format!(
            "On the instance {}, the port range {port}-{port} is reachable from the Internet Gateway igw-0a1b2c3d from an attached ENI {}.",
            subject.host.instance_id, subject.host.interface_id
        ),
    }
    .write(json, subject);
    write_severity(json, subject, severity, severity);
    write_remediation(
        json,
        "You can restrict access to your instance by modifying the Security Groups or ACLs in the network path.",
        "",
    );
    write_fields(json, subject, &product_arn, &id, "5.3");
    write_resources(json, subject, |json| write_instance(json, subject));
    json.key("NetworkPath").array(|json| {
        for (kind, id) in [
            ("AWS::EC2::InternetGateway", "igw-0a1b2c3d"),
            ("AWS::EC2::SecurityGroup", subject.host.group_id.as_str()),
            (
                "AWS::EC2::NetworkInterface",
                subject.host.interface_id.as_str(),
            ),
        ] {
            json.object(|json| {
                json.plain("ComponentId", id);
                json.plain("ComponentType", kind);
            });
        }
    });
    write_tail(json, "NEW", severity, severity, &types);
}

fn write_fields(json: &mut Json, subject: &Subject<'_>, product_arn: &str, id: &str, score: &str) {
    json.key("ProductFields").object(|json| {
        json.plain("aws/inspector/ProductVersion", "2");
        json.plain("aws/inspector/FindingStatus", "ACTIVE");
        json.plain("aws/inspector/inspectorScore", score);
        json.plain("aws/inspector/instanceId", &subject.host.instance_id);
        json.plain(
            "aws/inspector/resources/1/resourceDetails/awsEc2InstanceDetails/platform",
            "UBUNTU_22_04",
        );
        json.plain(
            "aws/securityhub/FindingId",
            format_args!("{product_arn}/{id}"),
        );
        json.plain("aws/securityhub/ProductName", "Inspector");
        json.plain("aws/securityhub/CompanyName", "Amazon");
    });
}
