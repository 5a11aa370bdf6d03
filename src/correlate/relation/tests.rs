use super::*;

#[test]
fn a_resource_of_another_account_is_that_accounts() {
    let resource = Canonical {
        kind: "AwsIamRole".to_owned(),
        id: "arn:aws:iam::444455556666:role/r".to_owned(),
        region: None,
    };
    let issue = IssueIdentity {
        account: "111122223333".into(),
        region: None,
        resource_kind: String::new(),
        resource: String::new(),
        problem: String::new(),
    };
    assert_eq!(placed(resource, &issue).account.as_str(), "444455556666");
}

#[test]
fn a_place_follows_from_the_kind_and_no_relation_leads_from_thing_to_thing() {
    let table = [
        ("AwsEc2Vpc", "x", Place::Ground),
        (
            "Other",
            "arn:aws:ec2:us-east-1:111122223333:image/ami-1",
            Place::Ground,
        ),
        (
            "Other",
            "arn:aws:iam::111122223333:instance-profile/web",
            Place::Identity,
        ),
        ("Other", "host-17", Place::Thing),
        ("AwsEc2SecurityGroup", "x", Place::Guard),
        ("AwsIamPolicy", "x", Place::Policy),
        ("AwsEc2Instance", "x", Place::Thing),
    ];
    for (kind, id, place) in table {
        assert_eq!(Place::of(kind, id), place, "{kind} {id}");
    }
    for place in Place::ALL {
        assert!(!place.leads_to().contains(&Place::Thing), "{place:?}");
        assert!(!place.leads_to().contains(&Place::Ground), "{place:?}");
        for through in place.reached_through() {
            assert!(
                through.leads_to().contains(&place),
                "{through:?} leads to {place:?}"
            );
        }
    }
}
