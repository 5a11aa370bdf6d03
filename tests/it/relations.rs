//! Which resources findings put beside the one that they are about.

use hubwatch::{
    asff,
    correlate::{identify, relate},
    domain::{Partition, RelatedResource, Scope},
};

/// The relations of a finding with these fields, as ids without what all have in common.
fn related(fields: &str) -> Vec<String> {
    let raw = format!(
        r#"{{"AwsAccountId":"111122223333","Id":"f","Region":"us-east-1","UpdatedAt":"2026-01-01T00:00:00Z",
            "ProductArn":"arn:aws:securityhub:us-east-1::product/aws/inspector",{fields}}}"#
    );
    let scope = Scope {
        account: "111122223333".into(),
        region: "us-east-1".into(),
    };
    let finding = asff::read(&raw, &scope, &Partition::from("aws"))
        .unwrap()
        .finding;
    let issue = identify(&finding);
    let short = |resource: RelatedResource| {
        let id = resource.id.replace("arn:aws:", "");
        format!("{} {}", resource.kind, id.replace(":111122223333", ""))
    };
    let mut related: Vec<String> = relate(&finding, &issue).into_iter().map(short).collect();
    related.sort_unstable();
    related
}

#[test]
fn inspectors_record_of_2018_names_the_whole_way_of_the_network() {
    let found = related(
        r#""ProductFields":{"attributes/VPC":"vpc-a0c2d7c7","attributes/ACL":"acl-154b8273",
            "attributes/INSTANCE_ID":"i-0c10c2c7863d1a356","attributes/IGW":"igw-e209d785",
            "attributes/SECURITY_GROUP":"sg-0af64c8a5eb30ca75","attributes/ENI":"eni-078eac9d6ad9b20d1",
            "attributes/PORT":"22","attributes/RULE_TYPE":"RecognizedPortNoAgent"},
        "Resources":[{"Type":"AwsEc2Instance","Id":"arn:aws:ec2:us-east-1:111122223333:instance/i-0c10c2c7863d1a356",
            "Details":{"AwsEc2Instance":{"ImageId":"ami-02354e95b39ca8dec","IpV4Addresses":["172.31.43.6"],
                "VpcId":"vpc-a0c2d7c7","SubnetId":"subnet-4975b475"}}}]"#,
    );
    assert_eq!(
        found,
        [
            "AwsEc2NetworkAcl ec2:us-east-1:network-acl/acl-154b8273",
            "AwsEc2NetworkInterface ec2:us-east-1:network-interface/eni-078eac9d6ad9b20d1",
            "AwsEc2SecurityGroup ec2:us-east-1:security-group/sg-0af64c8a5eb30ca75",
            "AwsEc2Subnet ec2:us-east-1:subnet/subnet-4975b475",
            "AwsEc2Vpc ec2:us-east-1:vpc/vpc-a0c2d7c7",
            "Other ec2:us-east-1:image/ami-02354e95b39ca8dec",
            "Other ec2:us-east-1:internet-gateway/igw-e209d785",
        ]
    );
}

#[test]
fn names_in_details_are_relations_and_what_everybody_has_is_none() {
    let found = related(
        r#""Compliance":{"SecurityControlId":"Lambda.1"},"Resources":[{"Type":"AwsLambdaFunction","Id":"arn:aws:lambda:us-east-1:111122223333:function:app",
            "Details":{"AwsLambdaFunction":{"Role":"arn:aws:iam::111122223333:role/app","KmsKeyArn":"arn:aws:kms:us-east-1:111122223333:key/1",
                "VpcConfig":{"SecurityGroupIds":["sg-0123456789abcdef0"],"VpcId":"vpc-0123456789abcdef0"}}}},
            {"Type":"AwsIamRole","Id":"arn:aws:iam::444455556666:role/other",
            "Details":{"AwsIamRole":{"AttachedManagedPolicies":[{"PolicyArn":"arn:aws:iam::aws:policy/AdministratorAccess"},
                {"PolicyArn":"arn:aws:iam::111122223333:policy/all"}]}}}]"#,
    );
    assert_eq!(
        found,
        [
            "AwsEc2SecurityGroup ec2:us-east-1:security-group/sg-0123456789abcdef0",
            "AwsEc2Vpc ec2:us-east-1:vpc/vpc-0123456789abcdef0",
            "AwsIamPolicy iam::policy/all",
            "AwsIamRole iam::444455556666:role/other",
            "AwsIamRole iam::role/app",
        ]
    );
}

#[test]
fn a_resource_of_another_account_is_named_by_its_arn() {
    let raw = r#""Compliance":{"SecurityControlId":"S3.2"},"Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::b"},{"Type":"AwsIamRole","Id":"arn:aws:iam::444455556666:role/r"}]"#;
    assert_eq!(related(raw), ["AwsIamRole iam::444455556666:role/r"]);
}

#[test]
fn a_finding_of_one_resource_without_details_relates_nothing() {
    assert!(related(r#""Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::b"}]"#).is_empty());
    assert!(related(r#""Resources":[]"#).is_empty());
}
