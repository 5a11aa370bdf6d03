//! What Security Hub's administrator sees: its members in a Region, and which Regions are linked.

use std::collections::BTreeSet;

use aws_sdk_securityhub::operation::get_finding_aggregator::GetFindingAggregatorOutput;

use super::{
    Aws,
    error::AwsError,
    list::whole_list_as,
    members::{PAGE, account_ids},
    operation::{Identity, Operation},
};
use crate::domain::{AccountId, Region, Scope};

/// Which Regions' findings are copied to the home Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aggregation {
    /// Where the copies are.
    pub home: Region,
    linked: Linked,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Linked {
    AllBut(BTreeSet<Region>),
    Only(BTreeSet<Region>),
}

impl Aggregation {
    /// Whether the home Region shows findings of a Region; its own, always.
    #[must_use]
    pub fn shows(&self, region: &Region) -> bool {
        *region == self.home
            || match &self.linked {
                Linked::AllBut(regions) => !regions.contains(region),
                Linked::Only(regions) => regions.contains(region),
            }
    }
}

impl Aws {
    /// The accounts whose findings an administrator sees in a Region: those that Security Hub lists
    /// as its associated members there, and its own. Asked with a session of its role.
    ///
    /// # Errors
    /// If there is no complete answer: whoever is missing from half a list would be taken for one that
    /// has left.
    pub async fn seen_from(&self, at: &Scope) -> Result<BTreeSet<AccountId>, AwsError> {
        let mut answer = self.list_members_as(at).await;
        // A session may end between two questions; the next one is good.
        if matches!(&answer, Err(error) if error.is_cured_by_asking_again()) {
            answer = self.list_members_as(at).await;
        }
        answer
    }

    async fn list_members_as(&self, at: &Scope) -> Result<BTreeSet<AccountId>, AwsError> {
        let session = self.sessions.of(&at.account).await?;
        let client = self.clients.securityhub();
        let answer = whole_list_as(
            &self.clients,
            Operation::ListMembers,
            Identity::Role,
            |token| {
                let call = self
                    .clients
                    .securityhub_as(session.credentials(), &at.region);
                let request = client.list_members().only_associated(true);
                let request = request.max_results(PAGE).set_next_token(token);
                request.customize().config_override(call).send()
            },
            |page| (page.members.unwrap_or_default(), page.next_token),
        )
        .await;
        self.learn_about(&at.account, &session, &answer).await;
        let seen = account_ids(answer?);
        Ok(seen.chain([at.account.clone()]).collect())
    }

    /// Where the findings of several Regions are gathered for an account.
    ///
    /// # Errors
    /// [`AwsError::Selection`] if nothing is gathered anywhere, as seen from `aws.region`.
    pub async fn aggregation(&self, account: &AccountId) -> Result<Aggregation, AwsError> {
        let mut answer = self.find_aggregation(account).await;
        if matches!(&answer, Err(error) if error.is_cured_by_asking_again()) {
            answer = self.find_aggregation(account).await;
        }
        answer
    }

    async fn find_aggregation(&self, account: &AccountId) -> Result<Aggregation, AwsError> {
        let session = self.sessions.of(account).await?;
        let client = self.clients.securityhub();
        let call = |region: &Region| self.clients.securityhub_as(session.credentials(), region);
        let listed = whole_list_as(
            &self.clients,
            Operation::ListFindingAggregators,
            Identity::Role,
            |token| {
                let request = client.list_finding_aggregators().set_next_token(token);
                let call = call(&self.config.region);
                request.customize().config_override(call).send()
            },
            |page| {
                (
                    page.finding_aggregators.unwrap_or_default(),
                    page.next_token,
                )
            },
        )
        .await;
        self.learn_about(account, &session, &listed).await;
        let mut arns = listed?.into_iter().filter_map(|l| l.finding_aggregator_arn);
        let arn = arns.next().ok_or_else(|| AwsError::Selection {
            key: "sync.vantage".to_owned(),
            reason: format!(
                "account {account} gathers findings in no home Region, as seen from {}; set up \
                 cross-Region aggregation in Security Hub, or choose \"administrator\"",
                self.config.region
            ),
        })?;
        let home = region_of_arn(&arn).ok_or_else(|| AwsError::Malformed {
            operation: Operation::ListFindingAggregators,
            reason: "the aggregator's ARN names no Region".to_owned(),
        })?;
        let request = client.get_finding_aggregator().finding_aggregator_arn(arn);
        let request = request.customize().config_override(call(&home)).send();
        let answer = self
            .clients
            .ask(Operation::GetFindingAggregator, Identity::Role, request)
            .await;
        self.learn_about(account, &session, &answer).await;
        read(answer?, home)
    }
}

/// `arn:PARTITION:securityhub:REGION:…`. The name becomes part of a host name.
fn region_of_arn(arn: &str) -> Option<Region> {
    let region = Region::new(arn.split(':').nth(3)?);
    region.is_well_formed().then_some(region)
}

/// A mode that is not known yet must not pass for a link.
fn read(answer: GetFindingAggregatorOutput, home: Region) -> Result<Aggregation, AwsError> {
    let regions = answer.regions.unwrap_or_default();
    let regions = regions.into_iter().map(Region::new).collect();
    let linked = match answer.region_linking_mode.as_deref() {
        Some("ALL_REGIONS") => Linked::AllBut(BTreeSet::new()),
        Some("ALL_REGIONS_EXCEPT_SPECIFIED") => Linked::AllBut(regions),
        Some("SPECIFIED_REGIONS") => Linked::Only(regions),
        Some("NO_REGIONS") => Linked::Only(BTreeSet::new()),
        mode => {
            return Err(AwsError::Malformed {
                operation: Operation::GetFindingAggregator,
                reason: format!(
                    "it links Regions in the unknown mode {}",
                    mode.unwrap_or("(none)")
                ),
            });
        }
    };
    Ok(Aggregation { home, linked })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_links_what_it_says() {
        let table = [
            ("ALL_REGIONS", [true, true]),
            ("ALL_REGIONS_EXCEPT_SPECIFIED", [false, true]),
            ("SPECIFIED_REGIONS", [true, false]),
            ("NO_REGIONS", [false, false]),
        ];
        for (mode, shown) in table {
            let answer = GetFindingAggregatorOutput::builder()
                .region_linking_mode(mode)
                .regions("eu-west-1")
                .build();
            let aggregation = read(answer, Region::new("us-east-1")).unwrap();
            assert!(aggregation.shows(&Region::new("us-east-1")));
            let found = ["eu-west-1", "eu-west-2"].map(|r| aggregation.shows(&Region::new(r)));
            assert_eq!(found, shown, "{mode}");
        }
        let unknown = GetFindingAggregatorOutput::builder().region_linking_mode("SOME");
        assert!(read(unknown.build(), Region::new("us-east-1")).is_err());
    }

    #[test]
    fn the_home_region_is_read_from_the_arn() {
        let arn = "arn:aws:securityhub:eu-west-1:111122223333:finding-aggregator/1";
        assert_eq!(region_of_arn(arn), Some(Region::new("eu-west-1")));
        assert_eq!(region_of_arn("arn:aws:securityhub:../x:1:y"), None);
    }
}
