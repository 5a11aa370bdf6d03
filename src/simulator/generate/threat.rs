//! GuardDuty: somebody is doing something.

use super::{
    super::{json::Json, random},
    Head, Subject, catalog, write_instance, write_remediation, write_resource, write_resources,
    write_severity, write_tail,
};

pub(super) fn write(json: &mut Json, subject: &Subject<'_>) {
    let mut rng = subject.rng(0x74e);
    let (gd_type, hub_type, severity, number, title, description) =
        *random::pick(&mut rng, catalog::THREATS);
    let detector = subject.arn(
        "guardduty",
        &format!("detector/{:032x}", subject.origin.place.mix(0xde7, 0)),
    );
    let id = format!("{detector}/finding/{}", subject.hex32());
    let product_arn = subject.product_arn("guardduty");
    let types = [hub_type];
    Head {
        id: &id,
        product_arn: &product_arn,
        product: "GuardDuty",
        company: "Amazon",
        generator: &detector,
        types: &types,
        title,
        description,
    }
    .write(json, subject);
    write_severity(json, subject, severity, &number.to_string());
    json.plain(
        "SourceUrl",
        format_args!(
            "https://{0}.console.aws.amazon.com/guardduty/home?region={0}#/findings?macros=current&fId={1}",
            subject.origin.region,
            subject.hex32()
        ),
    );
    write_remediation(
        json,
        "Follow the remediation steps for the finding type in the GuardDuty user guide.",
        "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_remediate.html",
    );
    let count = rng.u16(1..400).to_string();
    json.key("ProductFields").object(|json| {
        for (name, value) in [
            ("action/actionType", "NETWORK_CONNECTION"),
            ("action/networkConnectionAction/blocked", "false"),
            (
                "action/networkConnectionAction/connectionDirection",
                "INBOUND",
            ),
            ("action/networkConnectionAction/protocol", "TCP"),
            ("action/networkConnectionAction/localPortDetails/port", "22"),
            (
                "action/networkConnectionAction/remoteIpDetails/ipAddressV4",
                "198.51.100.77",
            ),
            (
                "action/networkConnectionAction/remoteIpDetails/country/countryName",
                "Nowhere",
            ),
            (
                "action/networkConnectionAction/remoteIpDetails/city/cityName",
                "Example City",
            ),
            (
                "action/networkConnectionAction/remoteIpDetails/geoLocation/lat",
                "0",
            ),
            (
                "action/networkConnectionAction/remoteIpDetails/geoLocation/lon",
                "0",
            ),
            (
                "action/networkConnectionAction/remoteIpDetails/organization/asn",
                "64496",
            ),
            (
                "action/networkConnectionAction/remoteIpDetails/organization/asnOrg",
                "Documentation Networks",
            ),
            ("archived", "false"),
            ("count", &count),
            ("resourceRole", "TARGET"),
            ("serviceName", "guardduty"),
        ] {
            json.plain(&format!("aws/guardduty/service/{name}"), value);
        }
        json.plain(
            "aws/guardduty/service/eventFirstSeen",
            subject.text_of(subject.created),
        );
        json.plain(
            "aws/guardduty/service/eventLastSeen",
            subject.text_of(subject.updated),
        );
        json.plain(
            "aws/securityhub/FindingId",
            format_args!("{product_arn}/{id}"),
        );
        json.plain("aws/securityhub/ProductName", "GuardDuty");
        json.plain("aws/securityhub/CompanyName", "Amazon");
    });
    write_resources(json, subject, |json| {
        if gd_type.contains("IAMUser") {
            let key = format!(
                "AWS::IAM::AccessKey:ASIA{:012X}",
                subject.origin.place.mix(0xa5, subject.index) >> 16
            );
            write_resource(json, subject, "AwsIamAccessKey", &key, |json| {
                json.plain("PrincipalName", subject.host.role);
                json.plain("PrincipalType", "AssumedRole");
                json.plain(
                    "PrincipalId",
                    format_args!("AROAEXAMPLE:{}", subject.host.instance_id),
                );
            });
        }
        write_instance(json, subject);
    });
    write_tail(json, "NEW", severity, &number.to_string(), &types);
    json.key("Sample").bare(false);
}
