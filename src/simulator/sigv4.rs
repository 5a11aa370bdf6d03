//! Checks AWS Signature Version 4, from the specification alone.
//!
//! Source: "Create a signed AWS API request", IAM User Guide.

use std::fmt::Write;

use axum::http::{HeaderMap, request::Parts};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, civil::DateTime, fmt::strtime, tz::TimeZone};
use sha2::{Digest, Sha256};

use super::{
    clock::{self, Nanos, SECOND},
    keychain::{Caller, Found, Keychain},
    wire,
};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the date of a signature may be from the server's clock.
const MAX_SKEW: Nanos = 15 * 60 * SECOND;

/// The `Authorization` header, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) access_key_id: String,
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
    signed_headers: Vec<String>,
    signature: String,
}

/// Why a signature was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No `Authorization` header.
    Missing,
    /// A header that does not follow the format.
    Incomplete(String),
    /// The key, or its session token, is unknown here.
    UnknownKey,
    /// The session has ended.
    SessionExpired,
    /// Signed too long ago, or in the future.
    Skewed(String),
    /// The signature is not the one we calculate.
    Mismatch(String),
}

impl Authorization {
    /// Reads the header; knows nothing yet of who signed.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let header = headers.get("authorization").ok_or(Refusal::Missing)?;
        let header = header
            .to_str()
            .map_err(|_| incomplete("Authorization is not ASCII"))?;
        let rest = header
            .strip_prefix(ALGORITHM)
            .ok_or_else(|| incomplete("Authorization header requires AWS4-HMAC-SHA256"))?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',') {
            match part.trim().split_once('=') {
                Some(("Credential", value)) => credential = Some(value),
                Some(("SignedHeaders", value)) => signed_headers = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                _ => return Err(incomplete("Authorization header holds an unknown part")),
            }
        }
        let credential =
            credential.ok_or_else(|| incomplete("Authorization header requires 'Credential'"))?;
        let scope: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, "aws4_request"] = scope.as_slice() else {
            return Err(incomplete(
                "Credential should be KEY/DATE/REGION/SERVICE/aws4_request",
            ));
        };
        let signed_headers = signed_headers
            .ok_or_else(|| incomplete("Authorization header requires 'SignedHeaders'"))?;
        Ok(Self {
            access_key_id: (*access_key_id).to_owned(),
            date: (*date).to_owned(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature: signature
                .ok_or_else(|| incomplete("Authorization header requires 'Signature'"))?
                .to_owned(),
        })
    }
}

/// The clocks a request is judged by: signatures by the machine's, sessions by the simulation's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) signature: Nanos,
    pub(super) session: Nanos,
}

/// Finds out who signed a request, or why it must be refused.
pub(super) fn verify(
    parts: &Parts,
    body: &[u8],
    authorization: &Authorization,
    keychain: &Keychain,
    now: Now,
) -> Result<Caller, Refusal> {
    let stamp = header(&parts.headers, "x-amz-date")
        .ok_or_else(|| incomplete("Authorization header requires existence of 'X-Amz-Date'"))?;
    if !stamp.starts_with(&authorization.date) {
        return Err(Refusal::Mismatch(
            "Date in Credential scope does not match X-Amz-Date".into(),
        ));
    }
    let token = header(&parts.headers, "x-amz-security-token");
    let (secret, caller) =
        match keychain.find(&authorization.access_key_id, token.as_deref(), now.session) {
            Found::Good { secret, caller } => (secret, caller),
            Found::Expired => return Err(Refusal::SessionExpired),
            Found::WrongToken | Found::Unknown => return Err(Refusal::UnknownKey),
        };
    check_skew(&stamp, now.signature)?;
    for required in ["host", "x-amz-date"] {
        if !authorization
            .signed_headers
            .iter()
            .any(|name| name == required)
        {
            return Err(Refusal::Mismatch(format!(
                "'{required}' must be a 'SignedHeader'"
            )));
        }
    }
    let canonical = canonical_request(parts, body, authorization)?;
    if signature(&secret, authorization, &stamp, &canonical) == authorization.signature {
        Ok(caller)
    } else {
        Err(Refusal::Mismatch(format!(
            "The request signature we calculated does not match the signature you provided. Check \
             your AWS Secret Access Key and signing method. Consult the service documentation for \
             details.\n\nThe Canonical String for this request should have been\n'{canonical}'\n"
        )))
    }
}

fn check_skew(stamp: &str, now: Nanos) -> Result<(), Refusal> {
    let signed = strtime::parse("%Y%m%dT%H%M%SZ", stamp)
        .and_then(|parsed| parsed.to_datetime())
        .and_then(|at: DateTime| at.to_zoned_datetime(TimeZone::UTC))
        .map(|at| clock::nanos(at.timestamp()))
        .map_err(|_| incomplete("X-Amz-Date is not in the form YYYYMMDD'T'HHMMSS'Z'"))?;
    let basic = |at: Nanos| clock::timestamp(at).strftime("%Y%m%dT%H%M%SZ").to_string();
    if now - signed > MAX_SKEW {
        let bound = basic(now - MAX_SKEW);
        let now = basic(now);
        return Err(Refusal::Skewed(format!(
            "Signature expired: {stamp} is now earlier than {bound} ({now} - 15 min.)"
        )));
    }
    if signed - now > MAX_SKEW {
        let bound = basic(now + MAX_SKEW);
        let now = basic(now);
        return Err(Refusal::Skewed(format!(
            "Signature not yet current: {stamp} is still later than {bound} ({now} + 15 min.)"
        )));
    }
    Ok(())
}

fn canonical_request(
    parts: &Parts,
    body: &[u8],
    authorization: &Authorization,
) -> Result<String, Refusal> {
    // Every service but S3 encodes the path that was sent a second time.
    let path = wire::encode(parts.uri.path(), true);
    let mut query = wire::pairs(parts.uri.query().unwrap_or_default())
        .into_iter()
        .map(|(name, value)| {
            format!(
                "{}={}",
                wire::encode(&name, false),
                wire::encode(&value, false)
            )
        })
        .collect::<Vec<_>>();
    query.sort_unstable();
    let mut headers = String::new();
    for name in &authorization.signed_headers {
        let value = header(&parts.headers, name)
            .ok_or_else(|| Refusal::Mismatch(format!("signed header '{name}' was not sent")))?;
        let _written = writeln!(headers, "{name}:{value}");
    }
    let actual = hex::encode(Sha256::digest(body));
    let payload = match header(&parts.headers, "x-amz-content-sha256") {
        Some(claimed) if claimed == "UNSIGNED-PAYLOAD" => claimed,
        Some(claimed) if claimed != actual => {
            return Err(Refusal::Mismatch(
                "The provided 'x-amz-content-sha256' header does not match what was computed."
                    .into(),
            ));
        }
        _ => actual,
    };
    Ok(format!(
        "{}\n{path}\n{}\n{headers}\n{}\n{payload}",
        parts.method,
        query.join("&"),
        authorization.signed_headers.join(";"),
    ))
}

fn signature(secret: &str, authorization: &Authorization, stamp: &str, canonical: &str) -> String {
    let Authorization {
        date,
        region,
        service,
        ..
    } = authorization;
    let to_sign = format!(
        "{ALGORITHM}\n{stamp}\n{date}/{region}/{service}/aws4_request\n{}",
        hex::encode(Sha256::digest(canonical.as_bytes()))
    );
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), date);
    for part in [region.as_str(), service.as_str(), "aws4_request"] {
        key = hmac(&key, part);
    }
    hex::encode(hmac(&key, &to_sign))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length is accepted, so the empty answer never happens.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        },
    )
}

/// All values of a header, trimmed, inner blanks collapsed, joined by commas.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn incomplete(message: &str) -> Refusal {
    Refusal::Incomplete(message.to_owned())
}

/// The machine's own time, which clients sign with.
pub(super) fn machine_time() -> Nanos {
    clock::nanos(Timestamp::now())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    /// The example of the AWS documentation: `iam:ListUsers`, 30 August 2015.
    #[test]
    fn the_documented_example_has_the_documented_signature() {
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let (parts, ()) = Request::get("/?Action=ListUsers&Version=2010-05-08")
            .header("host", "iam.amazonaws.com")
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .header("x-amz-date", "20150830T123600Z")
            .header("authorization", authorization)
            .body(())
            .unwrap()
            .into_parts();
        let read = Authorization::of(&parts.headers).unwrap();
        assert_eq!(read.service, "iam");
        let canonical = canonical_request(&parts, b"", &read).unwrap();
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(
            signature(secret, &read, "20150830T123600Z", &canonical),
            read.signature
        );
    }

    #[test]
    fn a_signature_is_good_for_fifteen_minutes_either_way() {
        let signed: Timestamp = "2015-08-30T12:36:00Z".parse().unwrap();
        let at = |minutes: i64| clock::nanos(signed) + minutes * 60 * SECOND;
        assert!(check_skew("20150830T123600Z", at(15)).is_ok());
        assert!(check_skew("20150830T123600Z", at(-15)).is_ok());
        assert!(matches!(
            check_skew("20150830T123600Z", at(16)),
            Err(Refusal::Skewed(_))
        ));
        assert!(matches!(
            check_skew("20150830T123600Z", at(-16)),
            Err(Refusal::Skewed(_))
        ));
    }
}
