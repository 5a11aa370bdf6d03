//! Small parts of the wire: percent encoding, form bodies, XML.

use std::fmt::Write;

/// Percent-encodes all but RFC 3986's unreserved characters, and `/` where it separates.
pub(super) fn encode(text: &str, keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b'/' if keep_slash => out.push('/'),
            _ => {
                let _written = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Undoes percent encoding; what is not valid stays as it was written.
pub(super) fn decode(text: &str, plus_is_blank: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' if plus_is_blank => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let pair = [ahead.next(), ahead.next()].map(Option::unwrap_or_default);
                let mut decoded = [0];
                if hex::decode_to_slice(pair, &mut decoded).is_ok() {
                    bytes.extend(decoded);
                    rest = ahead;
                } else {
                    bytes.push(b'%');
                }
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Names and values of a query string.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    split(query, false)
}

/// Names and values of a form body.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    split(&String::from_utf8_lossy(body), true)
}

fn split(text: &str, plus_is_blank: bool) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, plus_is_blank), decode(value, plus_is_blank))
        })
        .collect()
}

/// `<name>text</name>`, escaped.
pub(super) fn element(name: &str, text: &str) -> String {
    let mut out = format!("<{name}>");
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    let _written = write!(out, "</{name}>");
    out
}

/// Text as one word of a POSIX shell.
pub(super) fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_decode_blanks_and_percent_signs() {
        assert_eq!(
            form(b"Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam&x=a+b%zz&y"),
            [
                ("Action", "AssumeRole"),
                ("RoleArn", "arn:aws:iam"),
                ("x", "a b%zz"),
                ("y", "")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn encoding_leaves_only_unreserved_characters() {
        assert_eq!(encode("/a b/ü~", true), "/a%20b/%C3%BC~");
        assert_eq!(encode("/", false), "%2F");
    }
}
