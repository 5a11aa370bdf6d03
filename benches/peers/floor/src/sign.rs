//! Requests signed with AWS Signature Version 4.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Whose signature it is.
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

/// A whole request, ready to be sent.
pub(crate) fn request(
    host: &str,
    keys: &Keys,
    (service, region): (&str, &str),
    path: &str,
    body: &str,
) -> Vec<u8> {
    let stamp = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let day = stamp.get(..8).unwrap_or_default();
    let kind = match service {
        "sts" => "application/x-www-form-urlencoded",
        _ => "application/json",
    };
    let mut headers = format!("content-type:{kind}\nhost:{host}\nx-amz-date:{stamp}\n");
    let mut names = "content-type;host;x-amz-date".to_owned();
    if let Some(token) = &keys.token {
        headers.push_str(&format!("x-amz-security-token:{token}\n"));
        names.push_str(";x-amz-security-token");
    }
    let canonical = format!("POST\n{path}\n\n{headers}\n{names}\n{}", hash(body));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", hash(&canonical));
    let mut key = hmac(format!("AWS4{}", keys.secret).as_bytes(), day);
    for part in [region, service, "aws4_request", &to_sign] {
        key = hmac(&key, part);
    }
    format!(
        "POST {path} HTTP/1.1\r\n{}content-length:{}\r\nauthorization:AWS4-HMAC-SHA256 \
         Credential={}/{scope}, SignedHeaders={names}, Signature={}\r\n\r\n{body}",
        headers.replace('\n', "\r\n"),
        body.len(),
        keys.id,
        hex::encode(key),
    )
    .into_bytes()
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
