//! Reading what a request says about who sent it.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A header as text; nothing if it is absent or not text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// User and password of Basic authentication.
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = scheme(headers, "basic")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The token of Bearer authentication.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    scheme(headers, "bearer")
}

fn scheme<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let (scheme, rest) = header(headers, "authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then(|| rest.trim())
}

/// Whether a given secret is the expected one. An empty expectation matches nothing.
pub(crate) fn same_secret(given: &str, expected: &str) -> bool {
    !expected.is_empty() && given == expected
}
