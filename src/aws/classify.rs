//! From what AWS answered to what it means: by error code, then by status, then by text.
//!
//! The codes were seen in the field or stand in the API models; the same code means different
//! things for different requests, so a verdict needs to know what was asked and as whom.

use std::{error::Error, time::Duration};

use aws_smithy_runtime_api::{client::orchestrator::HttpResponse, client::result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use jiff::Timestamp;

use super::{
    bounds::TooLarge,
    error::AwsError,
    operation::{Identity, Operation},
    skew,
};

/// The longest wait that is believed: longer ones would not fit a time, and no quota of AWS's asks for
/// them.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);
/// The longest text of AWS's that we repeat.
const LONGEST_QUOTE: usize = 300;

/// What an error answer holds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answer<'a> {
    pub(super) code: &'a str,
    pub(super) status: u16,
    pub(super) text: &'a str,
    pub(super) retry_after: Option<Duration>,
    /// When AWS gave it, by its own clock.
    pub(super) date: Option<Timestamp>,
}

/// What one failed request means.
pub(super) fn classify<E>(
    operation: Operation,
    identity: Identity,
    error: &SdkError<E, HttpResponse>,
) -> AwsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let Some(reason) = missing_credentials(error) {
        return AwsError::BadCredentials { reason };
    }
    match error {
        // The SDK could not read an answer of its own.
        SdkError::ServiceError(context) if context.raw().status().is_success() => {
            AwsError::Malformed {
                operation,
                reason: causes(context.err()),
            }
        }
        SdkError::ServiceError(context) => {
            let answer = Answer {
                code: context.err().code().unwrap_or_default(),
                text: context.err().message().unwrap_or_default(),
                ..head(context.raw())
            };
            judge(operation, identity, answer)
        }
        SdkError::ResponseError(context) if is_too_large(error) => AwsError::Malformed {
            operation,
            reason: format!("HTTP {}: {TooLarge}", context.raw().status().as_u16()),
        },
        // The body broke off. Under an error status, that says enough.
        SdkError::ResponseError(context) if !context.raw().status().is_success() => {
            judge(operation, identity, head(context.raw()))
        }
        SdkError::ConstructionFailure(_) => AwsError::Setup {
            reason: causes(error),
        },
        // Time-outs, broken connections and bodies, and whatever a later SDK adds: no whole answer.
        SdkError::TimeoutError(_)
        | SdkError::DispatchFailure(_)
        | SdkError::ResponseError(_)
        | _ => AwsError::Unreachable {
            operation,
            reason: causes(error),
        },
    }
}

/// What an error answer means.
pub(super) fn judge(operation: Operation, identity: Identity, answer: Answer<'_>) -> AwsError {
    by_code(operation, identity, answer)
        .or_else(|| by_status(operation, identity, answer))
        .unwrap_or_else(|| AwsError::Refused {
            operation,
            said: quote(answer),
        })
}

fn by_code(operation: Operation, identity: Identity, answer: Answer<'_>) -> Option<AwsError> {
    Some(match answer.code {
        // `TooManyRequestsException` is what GetFindings sends, although its model lacks it;
        // `RequestLimitExceeded` is EC2's. The limit of resources shares a code with throttling,
        // and no read of ours can meet it.
        "TooManyRequestsException"
        | "LimitExceededException"
        | "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "SlowDown" => throttled(answer),

        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            denied(operation, identity, answer)
        }

        // "Not subscribed" and "not an administrator" share this code.
        "InvalidAccessException" if mentions(answer.text, "not subscribed") => {
            AwsError::NotSubscribed
        }
        "InvalidAccessException" => denied(operation, identity, answer),

        "ExpiredTokenException" | "ExpiredToken" => match identity {
            Identity::Role => AwsError::ExpiredSession,
            Identity::Own => bad_credentials("they have expired"),
        },

        // EC2 says `AuthFailure`. STS gave us the session a while ago, so the session is good and
        // the Region is what does not know it; see `Session::is_doubtful` for what if not.
        "UnrecognizedClientException" | "InvalidClientTokenId" | "AuthFailure" => match identity {
            Identity::Role => AwsError::RegionDisabled,
            Identity::Own => bad_credentials("AWS does not know the access key or session"),
        },
        "RegionDisabledException" => AwsError::RegionDisabled,

        "RequestExpired" | "RequestInTheFuture" | "RequestTimeTooSkewed" => clock_skew(answer),
        // The text of a refused signature repeats the request with its session token: not quoted.
        "InvalidSignatureException" | "SignatureDoesNotMatch" => {
            if mentions(answer.text, "expired") || mentions(answer.text, "not yet current") {
                clock_skew(answer)
            } else {
                bad_credentials(
                    "AWS computes another signature: a wrong secret key, or a proxy that alters requests",
                )
            }
        }
        "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException" => {
            bad_credentials("AWS found no complete signature: a proxy that alters requests")
        }

        // Only a unit that the configuration names is ever a parent that is not there. The caller
        // knows the key and fills it in.
        "ParentNotFoundException" => AwsError::Selection {
            key: "accounts".to_owned(),
            reason: quote(answer),
        },

        // Whether `InvalidInputException` is the code of a refused token was never seen with its
        // answer; the text was.
        _ if operation == Operation::GetFindings
            && answer.status < 500
            && mentions(answer.text, "nexttoken") =>
        {
            AwsError::StaleToken
        }
        _ => return None,
    })
}

fn by_status(operation: Operation, identity: Identity, answer: Answer<'_>) -> Option<AwsError> {
    match answer.status {
        429 => Some(throttled(answer)),
        // AWS names a code with every refusal; whoever names none is not AWS.
        401 | 403 | 407 if answer.code.is_empty() => Some(AwsError::Unreachable {
            operation,
            reason: format!(
                "HTTP {} without an error code of AWS, as a proxy or firewall answers",
                answer.status
            ),
        }),
        401 | 403 => Some(denied(operation, identity, answer)),
        status if status >= 500 => Some(AwsError::Unreachable {
            operation,
            reason: quote(answer),
        }),
        _ => None,
    }
}

fn throttled(answer: Answer<'_>) -> AwsError {
    AwsError::Throttled {
        retry_after: answer.retry_after,
    }
}

fn clock_skew(answer: Answer<'_>) -> AwsError {
    AwsError::ClockSkew {
        aws_time: answer.date,
    }
}

fn denied(operation: Operation, identity: Identity, answer: Answer<'_>) -> AwsError {
    let said = quote(answer);
    if operation == Operation::AssumeRole {
        // The caller knows the role and fills it in.
        return AwsError::RoleMissing {
            role: "the account's role".to_owned(),
            said,
        };
    }
    AwsError::Denied {
        operation,
        identity,
        said,
    }
}

fn bad_credentials(reason: &str) -> AwsError {
    AwsError::BadCredentials {
        reason: reason.to_owned(),
    }
}

fn mentions(text: &str, words: &str) -> bool {
    text.to_ascii_lowercase().contains(words)
}

/// AWS's text on one bounded line, with the code or status in front.
fn quote(answer: Answer<'_>) -> String {
    let head = if answer.code.is_empty() {
        format!("HTTP {}", answer.status)
    } else {
        answer.code.to_owned()
    };
    match answer.text.trim() {
        "" => one_line(&head),
        text => one_line(&format!("{head}, {text}")),
    }
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_QUOTE)
        .collect()
}

/// An error and what caused it, on one bounded line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // Many wrappers repeat what they wrap.
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    one_line(&text)
}

fn missing_credentials(error: &(dyn Error + 'static)) -> Option<String> {
    use aws_credential_types::provider::error::CredentialsError;
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<CredentialsError>() {
            return Some(causes(inner));
        }
        cause = inner.source();
    }
    None
}

/// Whether a body was read no further because of its size.
fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<TooLarge>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// What an answer says before its body.
fn head(response: &HttpResponse) -> Answer<'_> {
    let secs = response.headers().get("retry-after");
    Answer {
        status: response.status().as_u16(),
        retry_after: secs
            .and_then(|secs| secs.trim().parse().ok())
            .map(|secs| Duration::from_secs(secs).min(LONGEST_PAUSE)),
        date: response.headers().get("date").and_then(skew::moment),
        ..Answer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &'static str, status: u16, text: &'static str) -> Answer<'static> {
        Answer {
            code,
            status,
            text,
            retry_after: None,
            date: None,
        }
    }

    #[test]
    fn a_pause_that_fits_no_time_is_cut() {
        let mut response = HttpResponse::new(
            aws_smithy_runtime_api::http::StatusCode::try_from(429).unwrap(),
            aws_smithy_types::body::SdkBody::empty(),
        );
        for (written, secs) in [
            ("7", Some(7)),
            ("18446744073709551615", Some(24 * 3600)),
            ("soon", None),
        ] {
            response.headers_mut().insert("retry-after", written);
            let pause = head(&response).retry_after;
            assert_eq!(pause.map(|pause| pause.as_secs()), secs, "{written}");
            assert!(pause.is_none_or(|p| tokio::time::Instant::now().checked_add(p).is_some()));
        }
    }

    #[test]
    fn every_answer_of_the_findings_api_has_a_verdict() {
        let table = [
            (
                "InvalidAccessException",
                401,
                "Account 111122223333 is not subscribed to AWS Security Hub",
                "not_subscribed",
            ),
            (
                "InvalidAccessException",
                401,
                "Account 111122223333 is not an administrator for this organization",
                "denied",
            ),
            (
                "UnrecognizedClientException",
                403,
                "The security token included in the request is invalid.",
                "region_disabled",
            ),
            (
                "InvalidClientTokenId",
                403,
                "The security token included in the request is invalid",
                "region_disabled",
            ),
            (
                "AccessDeniedException",
                403,
                "User: arn is not authorized to perform: securityhub:GetFindings on resource: arn",
                "denied",
            ),
            (
                "AccessDeniedException",
                400,
                "User: arn is not authorized to perform: securityhub:GetFindings on resource: arn with an explicit deny",
                "denied",
            ),
            (
                "ExpiredTokenException",
                403,
                "The security token included in the request is expired",
                "expired_session",
            ),
            ("RequestExpired", 400, "Request has expired", "clock_skew"),
            (
                "InvalidSignatureException",
                403,
                "Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z",
                "clock_skew",
            ),
            (
                "InvalidSignatureException",
                403,
                "The request signature we calculated does not match",
                "bad_credentials",
            ),
            (
                "TooManyRequestsException",
                429,
                "Too Many Requests",
                "throttled",
            ),
            (
                "TooManyRequestsException",
                400,
                "Too Many Requests",
                "throttled",
            ),
            ("LimitExceededException", 429, "", "throttled"),
            ("ThrottlingException", 400, "Rate exceeded", "throttled"),
            ("ThrottlingException", 429, "Rate exceeded", "throttled"),
            ("", 429, "", "throttled"),
            (
                "InvalidInputException",
                400,
                "Invalid NextToken: Input Query has changed",
                "stale_token",
            ),
            ("", 400, "Invalid NextToken", "stale_token"),
            (
                "InvalidInputException",
                400,
                "Invalid parameter Filters",
                "refused",
            ),
            (
                "InternalException",
                500,
                "Internal server error",
                "unreachable",
            ),
            ("ServiceUnavailable", 503, "", "unreachable"),
            ("", 502, "<html>", "unreachable"),
            ("", 403, "", "unreachable"),
            ("", 407, "", "unreachable"),
            ("NewKindOfDenial", 403, "", "denied"),
            ("SomethingNew", 400, "", "refused"),
        ];
        for (code, status, text, label) in table {
            let verdict = judge(
                Operation::GetFindings,
                Identity::Role,
                said(code, status, text),
            );
            assert_eq!(verdict.label(), label, "{code} {status} {text}");
        }
    }

    #[test]
    fn every_answer_to_our_own_credentials_has_a_verdict() {
        use Operation::{AssumeRole, CallerIdentity, DescribeRegions, ListAccounts};
        let table = [
            (
                AssumeRole,
                "AccessDenied",
                403,
                "User: arn is not authorized to perform: sts:AssumeRole on resource: arn",
                "role_missing",
            ),
            (
                AssumeRole,
                "ValidationError",
                400,
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                "refused",
            ),
            (
                AssumeRole,
                "RegionDisabledException",
                403,
                "STS is not activated in this region",
                "region_disabled",
            ),
            (
                AssumeRole,
                "InvalidClientTokenId",
                403,
                "The security token included in the request is invalid",
                "bad_credentials",
            ),
            (
                AssumeRole,
                "ExpiredToken",
                403,
                "The security token included in the request is expired",
                "bad_credentials",
            ),
            (AssumeRole, "Throttling", 400, "Rate exceeded", "throttled"),
            (
                CallerIdentity,
                "SignatureDoesNotMatch",
                403,
                "does not match",
                "bad_credentials",
            ),
            (
                ListAccounts,
                "TooManyRequestsException",
                400,
                "",
                "throttled",
            ),
            (
                ListAccounts,
                "AccessDeniedException",
                400,
                "You don't have permissions to access this resource.",
                "denied",
            ),
            (
                ListAccounts,
                "AWSOrganizationsNotInUseException",
                400,
                "Your account is not a member of an organization.",
                "refused",
            ),
            (
                DescribeRegions,
                "UnauthorizedOperation",
                403,
                "You are not authorized to perform this operation.",
                "denied",
            ),
            (
                DescribeRegions,
                "RequestLimitExceeded",
                503,
                "Request limit exceeded.",
                "throttled",
            ),
            (
                DescribeRegions,
                "AuthFailure",
                401,
                "AWS was not able to validate the provided access credentials",
                "bad_credentials",
            ),
        ];
        for (operation, code, status, text, label) in table {
            let verdict = judge(operation, Identity::Own, said(code, status, text));
            assert_eq!(verdict.label(), label, "{operation} {code} {status} {text}");
        }
    }

    #[test]
    fn a_refused_signature_is_not_quoted_because_it_repeats_the_session_token() {
        let text = "The Canonical String should have been 'POST x-amz-security-token:SECRET'";
        for identity in [Identity::Own, Identity::Role] {
            let verdict = judge(
                Operation::GetFindings,
                identity,
                said("SignatureDoesNotMatch", 403, text),
            );
            assert!(!format!("{verdict} {verdict:?}").contains("SECRET"));
        }
    }

    #[test]
    fn what_aws_says_is_repeated_on_one_bounded_line() {
        let long = "a\nb\u{1b}[31m".repeat(500);
        let quoted = quote(Answer {
            code: "X",
            text: &long,
            ..Answer::default()
        });
        assert!(quoted.len() <= LONGEST_QUOTE);
        assert!(!quoted.chars().any(char::is_control));
    }
}
