//! Everybody who reports problems beside Security Hub's own controls.

use serde_json::{Value, json};

use super::{
    super::world::{Reach, organization::MANAGEMENT},
    Made, Site, Truth,
};

/// Vulnerabilities of the hosts: the name, and packages that have it.
const CVES: [(&str, &[&str], &str); 3] = [
    ("CVE-2021-44228", &["log4j-core", "log4j-api"], "CRITICAL"),
    ("CVE-2024-6387", &["openssh-server"], "HIGH"),
    ("CVE-2022-0778", &["openssl", "libssl1.1"], "HIGH"),
];

/// Threats to instances: what is going on, and how GuardDuty calls it, however it was noticed.
const THREATS: [(&str, &[&str], &str); 3] = [
    (
        "talks to somebody who controls it",
        &[
            "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B",
            "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS",
        ],
        "HIGH",
    ),
    (
        "mines coins",
        &[
            "TTPs/Command and Control/CryptoCurrency:EC2-BitcoinTool.B",
            "TTPs/Command and Control/CryptoCurrency:EC2-BitcoinTool.B!DNS",
        ],
        "HIGH",
    ),
    (
        "somebody guesses its passwords",
        &["TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce"],
        "LOW",
    ),
];

/// Ways in which GuardDuty sees the credentials of a role used elsewhere.
const EXFILTRATION: [&str; 2] = [
    "Effects/Data Exfiltration/UnauthorizedAccess:IAMUser-InstanceCredentialExfiltration.OutsideAWS",
    "Effects/Data Exfiltration/UnauthorizedAccess:IAMUser-InstanceCredentialExfiltration.InsideAWS",
];

/// Ports that Inspector finds open, beside SSH: the port, and what stands open.
const PORTS: [(u16, &str); 2] = [
    (3306, "anybody reaches MySQL"),
    (8080, "anybody reaches 8080"),
];

/// Kinds of data that Macie finds.
const DATA: [(&str, &str); 2] = [
    ("Personal", "holds personal data"),
    ("Financial", "holds financial data"),
];

pub(super) fn report(site: &Site<'_>, made: &mut Vec<Made>) {
    vulnerabilities(site, made);
    open_ports(site, made);
    threats(site, made);
    sensitive_data(site, made);
    external_access(site, made);
}

/// A report about to be written.
struct Report<'a> {
    product: &'a str,
    id: String,
    generator: &'a str,
    kind: &'a str,
    title: String,
    severity: &'a str,
    turn: u64,
    resources: Value,
}

impl Report<'_> {
    fn write(self, site: &Site<'_>, truth: &Truth, more: Value) -> Value {
        let (created, updated) = site.times(truth, self.turn);
        let mut finding = json!({
            "SchemaVersion": "2018-10-08",
            "Id": self.id,
            "ProductArn": site.product_arn(self.product),
            "Region": site.region,
            "AwsAccountId": site.account_id,
            "GeneratorId": self.generator,
            "Types": [self.kind],
            "FirstObservedAt": created,
            "LastObservedAt": updated,
            "CreatedAt": created,
            "UpdatedAt": updated,
            "Severity": {"Label": self.severity},
            "Title": self.title,
            "Description": "It was found.",
            "Resources": self.resources,
            "Workflow": {"Status": "NEW"},
            "RecordState": if truth.holds { "ACTIVE" } else { "ARCHIVED" },
            "FindingProviderFields": {"Severity": {"Label": self.severity}, "Types": [self.kind]},
        });
        if let (Some(finding), Value::Object(more)) = (finding.as_object_mut(), more) {
            finding.extend(more);
        }
        finding
    }
}

fn push(made: &mut Vec<Made>, site: &Site<'_>, truth: &Truth, of: &'static str, finding: Value) {
    made.push(Made {
        scope: site.scope,
        finding,
        truth: truth.label.clone(),
        reporter: of,
    });
}

fn instance(site: &Site<'_>, bare: bool) -> Value {
    let id = if bare {
        site.host.instance_id.clone()
    } else {
        site.instance_arn()
    };
    let interfaces = json!([{"NetworkInterfaceId": site.host.interface_id}]);
    json!({
        "Type": "AwsEc2Instance", "Id": id, "Partition": "aws", "Region": site.region,
        "Details": {"AwsEc2Instance": {
            "ImageId": site.host.image_id, "VpcId": site.host.vpc_id,
            "SubnetId": site.host.subnet_id, "NetworkInterfaces": interfaces,
        }},
    })
}

/// Inspector reports each package, and a partner the host; the CVE on the host is the problem.
fn vulnerabilities(site: &Site<'_>, made: &mut Vec<Made>) {
    for (cve, packages, severity) in CVES {
        let truth = site.regional(
            &site.host.instance_id,
            &format!("runs code with hole {cve}"),
        );
        for (turn, package) in (0..).zip(packages) {
            let id = site.hex32(&["inspector", cve, package]);
            let report = Report {
                product: "aws/inspector",
                id: site.arn("inspector2", &format!("finding/{id}")),
                generator: "AWSInspector",
                kind: "Software and Configuration Checks/Vulnerabilities/CVE",
                title: format!("{cve} - {package}"),
                severity,
                turn,
                resources: json!([instance(site, false)]),
            };
            let named = json!({
                "ProductFields": {"aws/inspector/ProductVersion": "2"},
                "Vulnerabilities": [{
                    "Id": cve,
                    "VulnerablePackages": [{"Name": package, "Version": "1.0", "FixedInVersion": "1.1"}],
                }],
            });
            push(
                made,
                site,
                &truth,
                "Inspector",
                report.write(site, &truth, named),
            );
        }
        if !(truth.word >> 12).is_multiple_of(2) {
            continue;
        }
        let report = Report {
            product: "example-security/scanner",
            id: format!("scan/{}", site.hex32(&["scanner", cve])),
            generator: "example-security/vulnerabilities",
            kind: "Software and Configuration Checks/Vulnerabilities/CVE",
            title: format!("Vulnerable software on {}", site.host.name),
            severity: "MEDIUM",
            turn: 7,
            resources: json!([instance(site, (truth.word >> 13).is_multiple_of(2))]),
        };
        let named = json!({
            "ProductArn": format!(
                "arn:aws:securityhub:{}:345678901234:product/example-security/scanner", site.region
            ),
            "Vulnerabilities": [{"Id": cve.to_lowercase()}],
        });
        push(
            made,
            site,
            &truth,
            "a partner",
            report.write(site, &truth, named),
        );
    }
}

/// Every instance behind the group reports the port that the group lets in.
fn open_ports(site: &Site<'_>, made: &mut Vec<Made>) {
    let mut reach = |port: u16, truth: &Truth| {
        let id = site.hex32(&["reachable", &port.to_string()]);
        let report = Report {
            product: "aws/inspector",
            id: site.arn("inspector2", &format!("finding/{id}")),
            generator: "AWSInspector",
            kind: "Software and Configuration Checks/AWS Security Best Practices/Network Reachability",
            title: format!("Port {port} is reachable from an Internet Gateway - TCP"),
            severity: "MEDIUM",
            turn: 3,
            resources: json!([instance(site, false)]),
        };
        let component = |kind: &str, id: &str| json!({"ComponentId": id, "ComponentType": kind});
        let network = json!({
            "ProductFields": {"aws/inspector/ProductVersion": "2"},
            "Network": {
                "Direction": "IN", "Protocol": "TCP",
                "OpenPortRange": {"Begin": port, "End": port},
            },
            "NetworkPath": [
                component("AWS::EC2::InternetGateway", "igw-0a1b2c3d"),
                component("AWS::EC2::SecurityGroup", &site.group_id),
                component("AWS::EC2::NetworkInterface", &site.host.interface_id),
                component("AWS::EC2::Instance", &site.host.instance_id),
            ],
        });
        push(
            made,
            site,
            truth,
            "Inspector",
            report.write(site, truth, network),
        );
    };
    reach(22, &site.regional(&site.group_id, "anybody reaches SSH"));
    let desktops = site.regional(&site.group_id, "anybody reaches remote desktops");
    reach(3389, &desktops);
    for (port, weakness) in PORTS {
        reach(port, &site.regional(&site.group_id, weakness));
    }
}

fn threats(site: &Site<'_>, made: &mut Vec<Made>) {
    let detector = site.arn(
        "guardduty",
        &format!("detector/{:032x}", site.place.mix(0xde7, 0)),
    );
    let report = |kind: &'static str, words: &[&str], severity, turn, resources| Report {
        product: "aws/guardduty",
        id: format!("{detector}/finding/{}", site.hex32(words)),
        generator: &detector,
        kind,
        title: "Something is going on.".to_owned(),
        severity,
        turn,
        resources,
    };
    for (weakness, kinds, severity) in THREATS {
        let truth = site.regional(&site.host.instance_id, weakness);
        for (turn, kind) in (0..).zip(kinds) {
            let resources = json!([instance(site, false)]);
            let report = report(kind, &[kind], severity, turn, resources);
            push(
                made,
                site,
                &truth,
                "GuardDuty",
                report.write(site, &truth, json!({})),
            );
        }
    }
    // A role is known in every Region, and is given a new key every time.
    let truth = site.global(&site.role, "used by somebody who took its keys");
    for (turn, kind) in (0..).zip(EXFILTRATION) {
        let key = format!(
            "ASIA{:012X}",
            site.place.mix(0xa5, site.position + 64) >> 16 ^ turn
        );
        let resources = json!([{
            "Type": "AwsIamAccessKey",
            "Id": format!("AWS::IAM::AccessKey:{key}"),
            "Partition": "aws", "Region": site.region,
            "Details": {"AwsIamAccessKey": {
                "PrincipalId": format!("AROAEXAMPLE:{}", site.host.instance_id),
                "PrincipalName": site.role, "PrincipalType": "AssumedRole",
            }},
        }]);
        let report = report(kind, &[kind], "HIGH", turn, resources);
        push(
            made,
            site,
            &truth,
            "GuardDuty",
            report.write(site, &truth, json!({})),
        );
    }
}

/// Several objects of a bucket hold the same kind of data.
fn sensitive_data(site: &Site<'_>, made: &mut Vec<Made>) {
    for (class, weakness) in DATA {
        let truth = site.regional(&site.host.bucket, weakness);
        for turn in 0..2 {
            let object = format!("{}/exports/{class}-{turn}.csv", site.bucket_arn());
            let kind = format!("Sensitive Data Identifications/PII/SensitiveData:S3Object-{class}");
            let report = Report {
                product: "aws/macie",
                id: site.hex32(&["macie", class, &turn.to_string()]),
                generator: "aws/macie",
                kind: &kind,
                title: format!("The S3 object contains {class} information."),
                severity: "HIGH",
                turn,
                resources: json!([
                    {"Type": "AwsS3Object", "Id": object, "Partition": "aws", "Region": site.region},
                    {"Type": "AwsS3Bucket", "Id": site.bucket_arn(), "Partition": "aws", "Region": site.region},
                ]),
            };
            push(
                made,
                site,
                &truth,
                "Macie",
                report.write(site, &truth, json!({})),
            );
        }
    }
}

/// The account's own analyzer reports a bucket, and so does the organization's, in the account that
/// runs it.
fn external_access(site: &Site<'_>, made: &mut Vec<Made>) {
    let truth = site.regional(&site.host.bucket, "somebody else has access");
    let runs = site.world.organization.administrator.unwrap_or(MANAGEMENT);
    let there = site.world.scope(runs, site.world.region_of(site.scope));
    let is_open = site.world.reach(there, &super::super::Faults::none()) == Reach::Ok;
    let scopes = [
        Some(site.scope),
        Some(there).filter(|there| is_open && *there != site.scope),
    ];
    for (turn, scope) in (0..).zip(scopes.into_iter().flatten()) {
        let account = site.world.account_id(scope);
        let name = if turn == 0 { "account" } else { "organization" };
        let analyzer = format!(
            "arn:aws:access-analyzer:{}:{account}:analyzer/{name}",
            site.region
        );
        let report = Report {
            product: "aws/access-analyzer",
            id: format!("{analyzer}/finding/{}", site.uuid(&["access", name])),
            generator: "aws/access-analyzer",
            kind: "Effects/Data Exposure/External Access Granted",
            title: format!("{} allows cross-account access", site.host.bucket),
            severity: "LOW",
            turn,
            resources: json!([
                {"Type": "AwsS3Bucket", "Id": site.bucket_arn(), "Partition": "aws", "Region": site.region},
            ]),
        };
        let named = json!({
            "AwsAccountId": account,
            "ProductFields": {"ResourceOwnerAccount": site.account_id, "External Principal": "*"},
        });
        made.push(Made {
            scope,
            finding: report.write(site, &truth, named),
            truth: truth.label.clone(),
            reporter: "Access Analyzer",
        });
    }
}
