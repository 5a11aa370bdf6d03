//! Mail addresses as every provider reads them.

use std::collections::BTreeSet;

/// One mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) email: String,
}

/// The longest address of RFC 5321.
const ADDRESS_MAX: usize = 254;

/// Reads `a@example.com` or `A Name <a@example.com>`.
pub(super) fn mailbox(text: &str) -> Option<Address> {
    let text = text.trim();
    let email = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>')?,
        None => text,
    };
    is_email(email).then(|| Address {
        email: email.to_owned(),
    })
}

/// Reads mailboxes separated by commas; commas in quoted names do not separate.
pub(super) fn mailboxes(text: &str) -> Option<Vec<Address>> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
        .iter()
        .filter(|part| !part.trim().is_empty())
        .map(|part| mailbox(part))
        .collect()
}

/// Whether a provider would take this for an address: one `@`, a dotted domain, nothing odd.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>,;:\"()[]\\@".contains(c);
    text.len() <= ADDRESS_MAX
        && !local.is_empty()
        && !local.chars().any(odd)
        && domain.split('.').count() >= 2
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
}

/// The first address that comes twice, whatever its case.
pub(super) fn repeated<'a>(mut addresses: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    addresses
        .find(|address| !seen.insert(address.to_lowercase()))
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_read_with_and_without_names() {
        let read = mailboxes("a@example.com, \"B, the second\" <b@example.com>").unwrap();
        let read: Vec<_> = read.iter().map(|it| it.email.as_str()).collect();
        assert_eq!(read, ["a@example.com", "b@example.com"]);
    }

    #[test]
    fn what_is_no_address_is_not_read() {
        for text in [
            "",
            "a",
            "a@",
            "@b.com",
            "a@localhost",
            "a b@c.com",
            "a@b..com",
            "a@c.com\r\nX: y",
        ] {
            assert_eq!(mailbox(text), None, "{text:?}");
        }
    }
}
