//! What a control looked at.

use super::{
    super::json::Json, Kind, Stamp, Subject, catalog::Control, write_instance, write_resource,
};

/// The kinds of things that controls look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Group,
    Instance,
    Bucket,
    Root,
    User,
    Database,
    Function,
}

fn thing(subject: &Subject<'_>, control: &Control) -> Thing {
    match control.id.split_once('.') {
        Some(("S3", _)) => Thing::Bucket,
        Some(("SSM", _)) => Thing::Instance,
        Some(("RDS", _)) => Thing::Database,
        Some(("Lambda", _)) => Thing::Function,
        Some(("IAM", "4" | "6")) => Thing::Root,
        Some(("IAM", _)) => Thing::User,
        _ if subject.kind == Kind::InstanceControl => Thing::Instance,
        _ => Thing::Group,
    }
}

/// The id of what was looked at.
pub(super) fn checked_id(subject: &Subject<'_>, control: &Control) -> String {
    let (host, account) = (&subject.host, subject.account_id());
    match thing(subject, control) {
        Thing::Group => subject.arn("ec2", &format!("security-group/{}", host.group_id)),
        Thing::Instance => subject.arn("ec2", &format!("instance/{}", host.instance_id)),
        Thing::Bucket => format!("arn:aws:s3:::{}", host.bucket),
        Thing::Root => format!("AWS::::Account:{account}"),
        Thing::User => format!("arn:aws:iam::{account}:user/{}", host.user),
        Thing::Database => subject.arn("rds", &format!("db:{}", host.database)),
        Thing::Function => subject.arn("lambda", &format!("function:{}", host.function)),
    }
}

/// What was looked at, with its details.
pub(super) fn write_checked(json: &mut Json, subject: &Subject<'_>, control: &Control) {
    let id = checked_id(subject, control);
    let host = &subject.host;
    match thing(subject, control) {
        Thing::Group => write_group(json, subject, &id),
        Thing::Instance => write_instance(json, subject),
        Thing::Bucket => write_bucket(json, subject),
        Thing::Root => json.object(|json| {
            json.plain("Type", "AwsAccount");
            json.plain("Id", id);
            json.plain("Partition", "aws");
            json.plain("Region", subject.origin.region);
        }),
        Thing::User => write_resource(json, subject, "AwsIamUser", &id, |json| {
            json.plain("UserName", &host.user);
            json.plain("Path", "/");
        }),
        Thing::Database => write_resource(json, subject, "AwsRdsDbInstance", &id, |json| {
            json.plain("DBInstanceIdentifier", &host.database);
            json.plain("Engine", "postgres");
            json.key("PubliclyAccessible").bare(true);
        }),
        Thing::Function => write_resource(json, subject, "AwsLambdaFunction", &id, |json| {
            json.plain("FunctionName", &host.function);
            json.plain("Runtime", "python3.8");
        }),
    }
}

/// The host's bucket.
pub(super) fn write_bucket(json: &mut Json, subject: &Subject<'_>) {
    let id = format!("arn:aws:s3:::{}", subject.host.bucket);
    write_resource(json, subject, "AwsS3Bucket", &id, |json| {
        json.plain(
            "OwnerId",
            format_args!("{:064x}", subject.origin.place.mix(0x0e, 0)),
        );
        json.plain("Name", &subject.host.bucket);
        json.plain("CreatedAt", Stamp::Millis.write(subject.created));
    });
}

fn write_group(json: &mut Json, subject: &Subject<'_>, id: &str) {
    let host = &subject.host;
    write_resource(json, subject, "AwsEc2SecurityGroup", id, |json| {
        json.plain("GroupName", &host.name);
        json.plain("GroupId", &host.group_id);
        json.plain("OwnerId", subject.account_id());
        json.plain("VpcId", &host.vpc_id);
        json.key("IpPermissions").array(|json| {
            for opening in &host.openings {
                json.object(|json| {
                    json.plain("IpProtocol", opening.protocol);
                    if opening.protocol != "-1" {
                        json.number("FromPort", opening.from_port);
                        json.number("ToPort", opening.to_port);
                    }
                    let (ranges, cidr) = if opening.cidr.contains(':') {
                        ("Ipv6Ranges", "CidrIpv6")
                    } else {
                        ("IpRanges", "CidrIp")
                    };
                    json.key(ranges)
                        .array(|json| json.object(|json| json.plain(cidr, opening.cidr)));
                });
            }
        });
    });
}
