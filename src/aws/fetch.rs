//! A question to pages.

use aws_sdk_securityhub::{
    operation::get_findings::builders::GetFindingsFluentBuilder,
    types::{
        AwsSecurityFindingFilters, DateFilter, SortCriterion, SortOrder, StringFilter,
        StringFilterComparison,
    },
};
use bytes::Bytes;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::{
    Aws,
    error::AwsError,
    operation::{Identity, Operation},
    raw_body::RawBody,
};
use crate::domain::{Question, Scope, Window};

/// The largest page of findings that AWS gives.
pub const FINDINGS_PAGE: i32 = 100;

impl Aws {
    /// One page of an answer, oldest first, exactly as AWS sent it: a JSON object with `Findings` and,
    /// unless it is the last page, `NextToken`. A short or empty page need not be the last.
    ///
    /// Waits for the scope's request budget. Sends one request and never repeats it by itself.
    /// Every page of an answer must be asked with the same question and the token of the page before:
    /// AWS refuses the token of another question.
    ///
    /// # Errors
    /// [`AwsError::ExpiredSession`] and [`AwsError::StaleToken`] are cured by asking again, the
    /// latter without a token; the others say what reading this scope is like.
    pub async fn findings_page(
        &self,
        scope: &Scope,
        question: &Question,
        token: Option<&str>,
    ) -> Result<Bytes, AwsError> {
        let request = self.clients.securityhub().get_findings();
        let asked = self.ask_findings(scope, asking(request, question, token));
        // A request of the SDK takes many kilobytes, and would be as large in every future around it.
        Box::pin(asked).await
    }

    /// Whether findings of a scope can be read at all: asks for one of them, within the scope's
    /// request budget like any other question.
    ///
    /// # Errors
    /// As [`Aws::findings_page`].
    pub async fn try_findings(&self, scope: &Scope) -> Result<(), AwsError> {
        let request = self.clients.securityhub().get_findings().max_results(1);
        Box::pin(self.ask_findings(scope, request)).await.map(drop)
    }

    async fn ask_findings(
        &self,
        scope: &Scope,
        request: GetFindingsFluentBuilder,
    ) -> Result<Bytes, AwsError> {
        let session = self.sessions.of(&scope.account).await?;
        let turn = self.budgets.acquire(scope).await;
        turn.map_err(|wait| AwsError::Throttled {
            retry_after: Some(wait),
        })?;
        // Only now, so that a scope that waits for its turn takes nobody's place. Never closed.
        let _place = self.in_flight.acquire().await.ok();

        let body = RawBody::new(&self.room);
        let call = self
            .clients
            .securityhub_as(session.credentials(), &scope.region);
        let request = request
            .customize()
            .config_override(call)
            .interceptor(body.clone());
        let answer = self
            .clients
            .ask(Operation::GetFindings, Identity::Role, request.send())
            .await;
        self.learn_about(&scope.account, &session, &answer).await;
        if let Err(AwsError::Throttled { retry_after }) = &answer {
            self.budgets.lower(scope, *retry_after);
        }
        answer?;
        whole(body.take().await)
    }
}

/// A request that asks a question. The order is always asked for: the default one is not documented.
fn asking(
    request: GetFindingsFluentBuilder,
    question: &Question,
    token: Option<&str>,
) -> GetFindingsFluentBuilder {
    let filters = match question {
        Question::Updated(window) => updated_within(window),
        Question::Ids(ids) => with_ids(ids),
    };
    let ascending = SortCriterion::builder()
        .field("UpdatedAt")
        .sort_order(SortOrder::Ascending)
        .build();
    request
        .filters(filters)
        .sort_criteria(ascending)
        .max_results(FINDINGS_PAGE)
        .set_next_token(token.map(str::to_owned))
}

/// `UpdatedAt` within the window and nothing else: other filters would hide that a finding was
/// resolved. `Start` without `End` is refused.
fn updated_within(window: &Window) -> AwsSecurityFindingFilters {
    let within = DateFilter::builder()
        .start(to_millis(window.start, RoundMode::Floor))
        .end(to_millis(window.end, RoundMode::Ceil))
        .build();
    AwsSecurityFindingFilters::builder()
        .updated_at(within)
        .build()
}

/// Any of these ids. Positive filters on one field are alternatives.
fn with_ids(ids: &[String]) -> AwsSecurityFindingFilters {
    ids.iter()
        .take(Question::MAX_IDS)
        .fold(AwsSecurityFindingFilters::builder(), |filters, id| {
            let same = StringFilter::builder()
                .value(id)
                .comparison(StringFilterComparison::Equals)
                .build();
            filters.id(same)
        })
        .build()
}

/// RFC 3339 in UTC with milliseconds, the precision that AWS's own examples have. Rounded outwards,
/// so that a window never loses its edges.
fn to_millis(at: Timestamp, mode: RoundMode) -> String {
    let millis = TimestampRound::new().smallest(Unit::Millisecond).mode(mode);
    format!("{:.3}", at.round(millis).unwrap_or(at))
}

/// The body, if it can be the answer at all. A proxy's page with a success status is none.
fn whole(body: Option<Bytes>) -> Result<Bytes, AwsError> {
    let malformed = |reason: &str| AwsError::Malformed {
        operation: Operation::GetFindings,
        reason: reason.to_owned(),
    };
    let body = body.ok_or_else(|| malformed("it has no body"))?;
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok(body),
        Some(0x1f) => Err(malformed(
            "it is compressed, which nobody asked for: a proxy alters answers",
        )),
        Some(b'<') => Err(malformed(
            "it is a web page, as a proxy or a network's log-in page answers",
        )),
        _ => Err(malformed("it is not a JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_rounded_outwards_to_milliseconds() {
        let at: Timestamp = "2026-03-01T10:00:00.123456789Z".parse().unwrap();
        assert_eq!(to_millis(at, RoundMode::Floor), "2026-03-01T10:00:00.123Z");
        assert_eq!(to_millis(at, RoundMode::Ceil), "2026-03-01T10:00:00.124Z");
        let at: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        for mode in [RoundMode::Floor, RoundMode::Ceil] {
            assert_eq!(to_millis(at, mode), "2026-03-01T10:00:00.000Z");
        }
    }
}
