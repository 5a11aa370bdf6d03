//! One answer of `GetFindings`, split into raw findings without reading them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{raw::Object, salvage::salvage};

/// One answer of `GetFindings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    /// The findings, each exactly as AWS sent it.
    pub raws: Vec<&'a str>,
    /// Findings that are not text at all, each exactly as AWS sent it.
    pub garbled: Vec<&'a [u8]>,
    /// What to ask for the next page with; `None` on the last page.
    ///
    /// An empty token counts as none: the API model demands a character that is not a space
    /// (`.*\S.*`), so an empty one could not be sent back, and AWS's own paginators stop there.
    pub next_token: Option<String>,
}

/// Why an answer is no page. Nothing of it may be recorded, and no watermark may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Cut off in the middle of a letter, or never text.
    #[error("the answer is not UTF-8")]
    NotUtf8,
    /// Cut off, or something else than a JSON object, such as a proxy's page.
    #[error("the answer is not a JSON object")]
    NotJson,
    /// An object with no array of findings, or with two: not what `GetFindings` answers.
    #[error("the answer has no one array of findings")]
    NoFindings,
    /// There may be a next page, and the token for it cannot be read.
    #[error("the answer's next token is not text")]
    Token,
}

impl Malformed {
    /// The word for labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotUtf8 => "not_utf8",
            Self::NotJson => "not_json",
            Self::NoFindings => "no_findings",
            Self::Token => "token",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    #[serde(borrow)]
    findings: Vec<&'a RawValue>,
    #[serde(borrow)]
    next_token: Option<&'a RawValue>,
}

/// Splits an answer of `GetFindings`. The findings borrow from `body` and are not looked into.
///
/// # Errors
///
/// When the body is not an object in JSON with one `Findings` array and, if any, a `NextToken` of
/// text. What is wrong within one finding costs that finding alone. A page with a token that
/// cannot be read is refused whole: taken for the last page it would move a watermark over
/// findings that nobody fetched.
pub fn split_page(body: &[u8]) -> Result<Page<'_>, Malformed> {
    match split_sound(body) {
        Err(malformed @ (Malformed::NotUtf8 | Malformed::NotJson)) => {
            split_spoilt(body).ok_or(malformed)?
        }
        split => split,
    }
}

/// Splits a page that is JSON through and through, as nearly every page is.
fn split_sound(body: &[u8]) -> Result<Page<'_>, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed::NotUtf8)?;
    let Object(answer) = serde_json::from_str::<Object<Answer<'_>>>(text).map_err(|error| {
        let is_object = text.trim_start().starts_with('{');
        if error.is_data() && is_object {
            Malformed::NoFindings
        } else {
            Malformed::NotJson
        }
    })?;
    let token = answer.next_token.map(|raw| raw.get().as_bytes());
    Ok(Page {
        raws: answer.findings.into_iter().map(RawValue::get).collect(),
        garbled: Vec::new(),
        next_token: next_token(token)?,
    })
}

/// Splits a page in which some finding is no JSON; `None` if the page itself is none.
fn split_spoilt(body: &[u8]) -> Option<Result<Page<'_>, Malformed>> {
    let parts = salvage(body)?;
    let (mut raws, mut garbled) = (Vec::new(), Vec::new());
    for finding in parts.findings {
        match std::str::from_utf8(finding) {
            Ok(text) => raws.push(text),
            Err(_) => garbled.push(finding),
        }
    }
    Some(next_token(parts.next_token).map(|next_token| Page {
        raws,
        garbled,
        next_token,
    }))
}

fn next_token(raw: Option<&[u8]>) -> Result<Option<String>, Malformed> {
    let token: Option<String> = match raw {
        None => None,
        Some(raw) => serde_json::from_slice(raw).map_err(|_| Malformed::Token)?,
    };
    Ok(token.filter(|token| !token.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_split_without_touching_a_byte_of_its_findings() {
        let body =
            br#" {"Findings": [ {"Id" : "a", "n":1.50} ,{"Id":"\u0062"}, 7], "NextToken":"t\n"}"#;
        let page = split_page(body).unwrap();
        assert_eq!(
            page.raws,
            [r#"{"Id" : "a", "n":1.50}"#, r#"{"Id":"\u0062"}"#, "7"]
        );
        assert_eq!(page.next_token.as_deref(), Some("t\n"));
    }

    #[test]
    fn the_last_page_has_no_token_an_empty_one_or_null() {
        for body in [
            r#"{"Findings":[]}"#,
            r#"{"Findings":[],"NextToken":""}"#,
            r#"{"NextToken":null,"Findings":[],"More":{}}"#,
        ] {
            assert_eq!(split_page(body.as_bytes()).unwrap().next_token, None);
        }
    }

    #[test]
    fn a_finding_that_is_no_json_costs_itself_and_not_its_page() {
        let body = b"{\"Findings\":[{\"Id\":\"a\"},{\"Id\":\"\xff\"},{\"Id\":\"\0\"},{\"Id\":b}],\"NextToken\":\"t\"}";
        let page = split_page(body).unwrap();
        assert_eq!(
            page.raws,
            [r#"{"Id":"a"}"#, "{\"Id\":\"\0\"}", r#"{"Id":b}"#]
        );
        assert_eq!(page.garbled, [b"{\"Id\":\"\xff\"}"]);
        assert_eq!(page.next_token.as_deref(), Some("t"));
    }

    #[test]
    fn what_is_no_page_is_refused_whole() {
        let table: [(&[u8], Malformed); 12] = [
            (b"{\"Findings\":[\"\xff\"]", Malformed::NotUtf8),
            (
                b"{\"Findings\":[\"\xff\"],\"NextToken\":\"\xff\"}",
                Malformed::Token,
            ),
            (b"", Malformed::NotJson),
            (b"<html>", Malformed::NotJson),
            (b"{\"Findings\":[{\"Id\":\"a\"", Malformed::NotJson),
            (b"{\"Findings\":[]} x", Malformed::NotJson),
            (b"[[],null]", Malformed::NotJson),
            (b"{}", Malformed::NoFindings),
            (b"{\"Findings\":null}", Malformed::NoFindings),
            (b"{\"Findings\":{}}", Malformed::NoFindings),
            (b"{\"Findings\":[],\"Findings\":[1]}", Malformed::NoFindings),
            (b"{\"Findings\":[],\"NextToken\":5}", Malformed::Token),
        ];
        for (body, why) in table {
            assert_eq!(split_page(body), Err(why), "{body:?}");
        }
    }
}
