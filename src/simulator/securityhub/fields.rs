//! The filters of `GetFindings`, and where in a finding each of them looks.
//!
//! Source: `AwsSecurityFindingFilters` of the API model, all 107 members.

/// How the values of a filter are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Date,
    Number,
    Boolean,
    Ip,
    Map,
    Keyword,
}

/// A filter: its name, its type, and the path of what it compares. Lists on the way are walked through.
pub(super) type Field = (&'static str, Type, &'static [&'static str]);

use Type::{Boolean, Date, Ip, Keyword, Map, Number, Text};

/// The filter of this name.
pub(super) fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|(known, ..)| *known == name)
}

/// Where a sort field looks: filter names and plain top-level members both serve.
pub(super) fn sort_path(name: &str) -> Vec<&str> {
    match field(name) {
        Some((_, _, path)) => path.to_vec(),
        None => name.split('.').collect(),
    }
}

const FIELDS: [Field; 107] = [
    ("ProductArn", Text, &["ProductArn"]),
    ("AwsAccountId", Text, &["AwsAccountId"]),
    ("Id", Text, &["Id"]),
    ("GeneratorId", Text, &["GeneratorId"]),
    ("Region", Text, &["Region"]),
    ("Type", Text, &["Types"]),
    ("FirstObservedAt", Date, &["FirstObservedAt"]),
    ("LastObservedAt", Date, &["LastObservedAt"]),
    ("CreatedAt", Date, &["CreatedAt"]),
    ("UpdatedAt", Date, &["UpdatedAt"]),
    ("SeverityProduct", Number, &["Severity", "Product"]),
    ("SeverityNormalized", Number, &["Severity", "Normalized"]),
    ("SeverityLabel", Text, &["Severity", "Label"]),
    ("Confidence", Number, &["Confidence"]),
    ("Criticality", Number, &["Criticality"]),
    ("Title", Text, &["Title"]),
    ("Description", Text, &["Description"]),
    (
        "RecommendationText",
        Text,
        &["Remediation", "Recommendation", "Text"],
    ),
    ("SourceUrl", Text, &["SourceUrl"]),
    ("ProductFields", Map, &["ProductFields"]),
    ("ProductName", Text, &["ProductName"]),
    ("CompanyName", Text, &["CompanyName"]),
    ("UserDefinedFields", Map, &["UserDefinedFields"]),
    ("MalwareName", Text, &["Malware", "Name"]),
    ("MalwareType", Text, &["Malware", "Type"]),
    ("MalwarePath", Text, &["Malware", "Path"]),
    ("MalwareState", Text, &["Malware", "State"]),
    ("NetworkDirection", Text, &["Network", "Direction"]),
    ("NetworkProtocol", Text, &["Network", "Protocol"]),
    ("NetworkSourceIpV4", Ip, &["Network", "SourceIpV4"]),
    ("NetworkSourceIpV6", Ip, &["Network", "SourceIpV6"]),
    ("NetworkSourcePort", Number, &["Network", "SourcePort"]),
    ("NetworkSourceDomain", Text, &["Network", "SourceDomain"]),
    ("NetworkSourceMac", Text, &["Network", "SourceMac"]),
    (
        "NetworkDestinationIpV4",
        Ip,
        &["Network", "DestinationIpV4"],
    ),
    (
        "NetworkDestinationIpV6",
        Ip,
        &["Network", "DestinationIpV6"],
    ),
    (
        "NetworkDestinationPort",
        Number,
        &["Network", "DestinationPort"],
    ),
    (
        "NetworkDestinationDomain",
        Text,
        &["Network", "DestinationDomain"],
    ),
    ("ProcessName", Text, &["Process", "Name"]),
    ("ProcessPath", Text, &["Process", "Path"]),
    ("ProcessPid", Number, &["Process", "Pid"]),
    ("ProcessParentPid", Number, &["Process", "ParentPid"]),
    ("ProcessLaunchedAt", Date, &["Process", "LaunchedAt"]),
    ("ProcessTerminatedAt", Date, &["Process", "TerminatedAt"]),
    (
        "ThreatIntelIndicatorType",
        Text,
        &["ThreatIntelIndicators", "Type"],
    ),
    (
        "ThreatIntelIndicatorValue",
        Text,
        &["ThreatIntelIndicators", "Value"],
    ),
    (
        "ThreatIntelIndicatorCategory",
        Text,
        &["ThreatIntelIndicators", "Category"],
    ),
    (
        "ThreatIntelIndicatorLastObservedAt",
        Date,
        &["ThreatIntelIndicators", "LastObservedAt"],
    ),
    (
        "ThreatIntelIndicatorSource",
        Text,
        &["ThreatIntelIndicators", "Source"],
    ),
    (
        "ThreatIntelIndicatorSourceUrl",
        Text,
        &["ThreatIntelIndicators", "SourceUrl"],
    ),
    ("ResourceType", Text, &["Resources", "Type"]),
    ("ResourceId", Text, &["Resources", "Id"]),
    ("ResourcePartition", Text, &["Resources", "Partition"]),
    ("ResourceRegion", Text, &["Resources", "Region"]),
    ("ResourceTags", Map, &["Resources", "Tags"]),
    (
        "ResourceAwsEc2InstanceType",
        Text,
        &["Resources", "Details", "AwsEc2Instance", "Type"],
    ),
    (
        "ResourceAwsEc2InstanceImageId",
        Text,
        &["Resources", "Details", "AwsEc2Instance", "ImageId"],
    ),
    (
        "ResourceAwsEc2InstanceIpV4Addresses",
        Ip,
        &["Resources", "Details", "AwsEc2Instance", "IpV4Addresses"],
    ),
    (
        "ResourceAwsEc2InstanceIpV6Addresses",
        Ip,
        &["Resources", "Details", "AwsEc2Instance", "IpV6Addresses"],
    ),
    (
        "ResourceAwsEc2InstanceKeyName",
        Text,
        &["Resources", "Details", "AwsEc2Instance", "KeyName"],
    ),
    (
        "ResourceAwsEc2InstanceIamInstanceProfileArn",
        Text,
        &[
            "Resources",
            "Details",
            "AwsEc2Instance",
            "IamInstanceProfileArn",
        ],
    ),
    (
        "ResourceAwsEc2InstanceVpcId",
        Text,
        &["Resources", "Details", "AwsEc2Instance", "VpcId"],
    ),
    (
        "ResourceAwsEc2InstanceSubnetId",
        Text,
        &["Resources", "Details", "AwsEc2Instance", "SubnetId"],
    ),
    (
        "ResourceAwsEc2InstanceLaunchedAt",
        Date,
        &["Resources", "Details", "AwsEc2Instance", "LaunchedAt"],
    ),
    (
        "ResourceAwsS3BucketOwnerId",
        Text,
        &["Resources", "Details", "AwsS3Bucket", "OwnerId"],
    ),
    (
        "ResourceAwsS3BucketOwnerName",
        Text,
        &["Resources", "Details", "AwsS3Bucket", "OwnerName"],
    ),
    (
        "ResourceAwsIamAccessKeyUserName",
        Text,
        &["Resources", "Details", "AwsIamAccessKey", "UserName"],
    ),
    (
        "ResourceAwsIamAccessKeyPrincipalName",
        Text,
        &["Resources", "Details", "AwsIamAccessKey", "PrincipalName"],
    ),
    (
        "ResourceAwsIamAccessKeyStatus",
        Text,
        &["Resources", "Details", "AwsIamAccessKey", "Status"],
    ),
    (
        "ResourceAwsIamAccessKeyCreatedAt",
        Date,
        &["Resources", "Details", "AwsIamAccessKey", "CreatedAt"],
    ),
    (
        "ResourceAwsIamUserUserName",
        Text,
        &["Resources", "Details", "AwsIamUser", "UserName"],
    ),
    (
        "ResourceContainerName",
        Text,
        &["Resources", "Details", "Container", "Name"],
    ),
    (
        "ResourceContainerImageId",
        Text,
        &["Resources", "Details", "Container", "ImageId"],
    ),
    (
        "ResourceContainerImageName",
        Text,
        &["Resources", "Details", "Container", "ImageName"],
    ),
    (
        "ResourceContainerLaunchedAt",
        Date,
        &["Resources", "Details", "Container", "LaunchedAt"],
    ),
    (
        "ResourceDetailsOther",
        Map,
        &["Resources", "Details", "Other"],
    ),
    ("ComplianceStatus", Text, &["Compliance", "Status"]),
    ("VerificationState", Text, &["VerificationState"]),
    ("WorkflowState", Text, &["WorkflowState"]),
    ("WorkflowStatus", Text, &["Workflow", "Status"]),
    ("RecordState", Text, &["RecordState"]),
    (
        "RelatedFindingsProductArn",
        Text,
        &["RelatedFindings", "ProductArn"],
    ),
    ("RelatedFindingsId", Text, &["RelatedFindings", "Id"]),
    ("NoteText", Text, &["Note", "Text"]),
    ("NoteUpdatedAt", Date, &["Note", "UpdatedAt"]),
    ("NoteUpdatedBy", Text, &["Note", "UpdatedBy"]),
    ("Keyword", Keyword, &[]),
    (
        "FindingProviderFieldsConfidence",
        Number,
        &["FindingProviderFields", "Confidence"],
    ),
    (
        "FindingProviderFieldsCriticality",
        Number,
        &["FindingProviderFields", "Criticality"],
    ),
    (
        "FindingProviderFieldsRelatedFindingsId",
        Text,
        &["FindingProviderFields", "RelatedFindings", "Id"],
    ),
    (
        "FindingProviderFieldsRelatedFindingsProductArn",
        Text,
        &["FindingProviderFields", "RelatedFindings", "ProductArn"],
    ),
    (
        "FindingProviderFieldsSeverityLabel",
        Text,
        &["FindingProviderFields", "Severity", "Label"],
    ),
    (
        "FindingProviderFieldsSeverityOriginal",
        Text,
        &["FindingProviderFields", "Severity", "Original"],
    ),
    (
        "FindingProviderFieldsTypes",
        Text,
        &["FindingProviderFields", "Types"],
    ),
    ("Sample", Boolean, &["Sample"]),
    (
        "ComplianceSecurityControlId",
        Text,
        &["Compliance", "SecurityControlId"],
    ),
    (
        "ComplianceAssociatedStandardsId",
        Text,
        &["Compliance", "AssociatedStandards", "StandardsId"],
    ),
    (
        "VulnerabilitiesExploitAvailable",
        Text,
        &["Vulnerabilities", "ExploitAvailable"],
    ),
    (
        "VulnerabilitiesFixAvailable",
        Text,
        &["Vulnerabilities", "FixAvailable"],
    ),
    (
        "ComplianceSecurityControlParametersName",
        Text,
        &["Compliance", "SecurityControlParameters", "Name"],
    ),
    (
        "ComplianceSecurityControlParametersValue",
        Text,
        &["Compliance", "SecurityControlParameters", "Value"],
    ),
    ("AwsAccountName", Text, &["AwsAccountName"]),
    (
        "ResourceApplicationName",
        Text,
        &["Resources", "ApplicationName"],
    ),
    (
        "ResourceApplicationArn",
        Text,
        &["Resources", "ApplicationArn"],
    ),
    (
        "ResourceOwnerAccountId",
        Text,
        &["Resources", "OwnerAccountId"],
    ),
    ("ResourceOwnerOrgId", Text, &["Resources", "OwnerOrgId"]),
    ("ResourceProvider", Text, &["Resources", "Provider"]),
];
