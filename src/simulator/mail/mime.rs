//! Enough MIME to read the mails that programs send, and multipart forms.
//!
//! Never fails on a message: what cannot be read is kept as text.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::address::mailboxes;
use super::message::{Mail, Provider, addresses};

const PARTS_MAX: usize = 1_000;
const DEPTH_MAX: usize = 10;
/// Base64 in encoded words comes with and without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads a whole message. Recipients are those of its headers.
pub(super) fn read(message: &[u8], provider: Provider) -> Mail {
    let (headers, body) = split_head(message);
    let mut mail = Mail::from(provider, "");
    for (name, value) in &headers {
        let list = || mailboxes(value).map(addresses).unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "from" => mail.from = list().into_iter().next().unwrap_or_default(),
            "to" => mail.to = list(),
            "cc" => mail.cc = list(),
            "bcc" => mail.bcc = list(),
            "subject" => mail.subject = decode_words(value),
            _ => mail.headers.push((name.clone(), decode_words(value))),
        }
    }
    read_part(&headers, body, &mut mail, 0);
    mail
}

fn read_part(headers: &[(String, String)], body: &[u8], mail: &mut Mail, depth: usize) {
    let kind = header(headers, "content-type").unwrap_or("text/plain");
    let disposition = header(headers, "content-disposition").unwrap_or_default();
    if depth > DEPTH_MAX || disposition.to_ascii_lowercase().starts_with("attachment") {
        return;
    }
    let lower = kind.to_ascii_lowercase();
    if let (true, Some(boundary)) = (lower.starts_with("multipart/"), parameter(kind, "boundary")) {
        for part in parts(body, &boundary) {
            let (headers, body) = split_head(part);
            read_part(&headers, body, mail, depth + 1);
        }
        return;
    }
    let encoding = header(headers, "content-transfer-encoding").unwrap_or_default();
    let charset = parameter(kind, "charset").unwrap_or_default();
    let place = match lower.split(';').next().map(str::trim) {
        Some("text/html") => &mut mail.html,
        Some("text/plain") => &mut mail.text,
        _ => return,
    };
    if place.is_empty() {
        *place = decode_text(&decode_body(body, encoding), &charset);
    }
}

/// Reads a multipart form. Nothing if it has no part at all.
pub(super) fn form(body: &[u8], boundary: &str) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    for part in parts(body, boundary) {
        let (headers, value) = split_head(part);
        let disposition = header(&headers, "content-disposition")?;
        let name = parameter(disposition, "name")?;
        fields.push((name, String::from_utf8_lossy(value).into_owned()));
    }
    (!fields.is_empty()).then_some(fields)
}

/// A parameter such as `boundary` of `multipart/mixed; boundary="x"`.
pub(super) fn parameter(value: &str, wanted: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let matches = name.trim().eq_ignore_ascii_case(wanted);
        matches.then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn header<'a>(headers: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    let found = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.as_str())
}

/// Headers, unfolded, and what follows the empty line.
fn split_head(message: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers: Vec<(String, String)> = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let (line, after) = match find(rest, b"\n").and_then(|at| rest.split_at_checked(at + 1)) {
            Some(split) => split,
            None => (rest, &[][..]),
        };
        rest = after;
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        match (
            line.starts_with([' ', '\t']),
            headers.last_mut(),
            line.split_once(':'),
        ) {
            (true, Some((_, value)), _) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            (_, _, Some((name, value))) => {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            _ => {}
        }
    }
    (headers, rest)
}

/// The parts between boundaries.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let opening = format!("--{boundary}");
    let between = format!("\n--{boundary}");
    let mut parts = Vec::new();
    let mut rest = match find(body, opening.as_bytes()) {
        Some(at) => after(body, at + opening.len()),
        None => return parts,
    };
    while parts.len() < PARTS_MAX && !rest.starts_with(b"--") {
        let Some(line_end) = find(rest, b"\n") else {
            break;
        };
        // The newline stays, because a part without content ends with the one that begins it.
        let part = after(rest, line_end);
        let Some(end) = find(part, between.as_bytes()) else {
            break;
        };
        let content = part.get(1..end).unwrap_or_default();
        parts.push(content.strip_suffix(b"\r").unwrap_or(content));
        rest = after(part, end + between.len());
    }
    parts
}

fn after(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or_default()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len().max(1))
        .position(|window| window == wanted)
}

fn decode_body<'a>(body: &'a [u8], encoding: &str) -> Cow<'a, [u8]> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "base64" => {
            let plain: Vec<u8> = body
                .iter()
                .copied()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect();
            STANDARD
                .decode(plain)
                .map_or(Cow::Borrowed(body), Cow::Owned)
        }
        "quoted-printable" => Cow::Owned(quoted_printable(body)),
        _ => Cow::Borrowed(body),
    }
}

fn decode_text(bytes: &[u8], charset: &str) -> String {
    let latin = ["iso-8859-1", "latin1", "windows-1252"];
    if latin.contains(&charset.to_ascii_lowercase().as_str()) {
        return bytes.iter().map(|byte| char::from(*byte)).collect();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((byte, next)) = rest.split_first() {
        rest = next;
        if *byte != b'=' {
            decoded.push(*byte);
        } else if let Some(next) = rest
            .strip_prefix(b"\r\n")
            .or_else(|| rest.strip_prefix(b"\n"))
        {
            rest = next;
        } else if let Some((value, next)) = hex_pair(rest) {
            decoded.push(value);
            rest = next;
        } else {
            decoded.push(b'=');
        }
    }
    decoded
}

fn hex_pair(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (pair, rest) = bytes.split_at_checked(2)?;
    let value = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    Some((value, rest))
}

/// Decodes `=?utf-8?B?…?=` and `=?utf-8?Q?…?=`; white space between two of them goes.
fn decode_words(text: &str) -> String {
    let mut decoded = String::new();
    let mut rest = text;
    let mut after_word = false;
    while let Some((before, tail)) = rest.split_once("=?") {
        let Some((word, next)) = encoded_word(tail) else {
            decoded.push_str(before);
            decoded.push_str("=?");
            (rest, after_word) = (tail, false);
            continue;
        };
        if !(after_word && before.trim().is_empty()) {
            decoded.push_str(before);
        }
        decoded.push_str(&word);
        (rest, after_word) = (next, true);
    }
    decoded.push_str(rest);
    decoded
}

/// Reads `utf-8?B?…?=` and returns the text and what follows.
fn encoded_word(tail: &str) -> Option<(String, &str)> {
    let (charset, tail) = tail.split_once('?')?;
    let (encoding, tail) = tail.split_once('?')?;
    let (payload, rest) = tail.split_once("?=")?;
    let bytes = match encoding {
        "B" | "b" => LENIENT.decode(payload).ok()?,
        "Q" | "q" => quoted_printable(payload.replace('_', " ").as_bytes()),
        _ => return None,
    };
    Some((decode_text(&bytes, charset), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_and_encodings_are_read() {
        let message = "From: Hub <hub@example.com>\r\nTo: a@example.com,\r\n b@example.com\r\n\
            Subject: =?utf-8?B?w7xi?=\r\n =?utf-8?Q?er_all?= x\r\n\
            Content-Type: multipart/mixed; boundary=\"out\"\r\n\r\npreamble\r\n--out\r\n\
            Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\
            Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            gr=C3=BC=\r\nn\r\n--in\r\nContent-Type: text/html\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\neDwvYj4=\r\n--in--\r\n--out\r\n\
            Content-Disposition: attachment\r\nContent-Type: text/plain\r\n\r\nno\r\n--out--\r\n";
        let mail = read(message.as_bytes(), Provider::Smtp);
        assert_eq!(mail.from, "hub@example.com");
        assert_eq!(mail.to, ["a@example.com", "b@example.com"]);
        assert_eq!(mail.subject, "über all x");
        assert_eq!(
            (mail.text.as_str(), mail.html.as_str()),
            ("grün", "<b>x</b>")
        );
    }

    #[test]
    fn a_multipart_form_is_read() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\na@example.com\r\n\
            --b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n\r\n--b--\r\n";
        let fields = form(body.as_bytes(), "b").unwrap();
        assert_eq!(fields[0], ("to".to_owned(), "a@example.com".to_owned()));
        assert_eq!(fields[1], ("text".to_owned(), String::new()));
        assert_eq!(form(b"--b--", "b"), None);
    }

    #[test]
    fn nonsense_is_read_without_a_panic() {
        let mut rng = fastrand::Rng::with_seed(3);
        let pieces = [
            "--b",
            "\r\n",
            "\n",
            ":",
            "=?",
            "?=",
            "=",
            "?B?",
            "Content-Type: multipart/x; boundary=b",
            "Content-Transfer-Encoding: quoted-printable",
            "\u{fc}",
            "Subject: ",
            " ",
            "--",
        ];
        for _ in 0..5_000 {
            let text: String = (0..rng.usize(0..30))
                .map(|_| pieces[rng.usize(0..pieces.len())])
                .collect();
            read(text.as_bytes(), Provider::Smtp);
            form(text.as_bytes(), "b");
        }
    }
}
