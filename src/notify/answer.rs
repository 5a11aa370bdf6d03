//! What a far side's answer over HTTP means.

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, HeaderName, RETRY_AFTER},
};

use super::SinkError;

/// Longer waits are cut to this, so that adding one to a time stays a time.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 3_600);

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The beginning of the body; what is missing was too long, or lost on the way.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The body, if it is JSON of this shape.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A header's text, if it has one.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What an answer other than success says about a notice that was sent. `words` is what the
    /// far side said, on one line; it may be empty.
    pub(super) fn trouble(&self, who: &str, words: &str) -> SinkError {
        let status = self.status;
        let reason = match words {
            "" => format!("{who} answered {status}"),
            words => format!("{who} answered {status}: {words}"),
        };
        let retry_after = self.retry_after();
        match status.as_u16() {
            429 => SinkError::Busy {
                retry_after,
                reason,
            },
            503 if retry_after.is_some() => SinkError::Busy {
                retry_after,
                reason,
            },
            // Who we are, where we ask, or a proxy or login page in between.
            300..=399 | 401 | 403 | 404 | 405 | 407 | 410 => SinkError::Misconfigured { reason },
            // Given up waiting for our request: it may have had all of it.
            408 => SinkError::Unclear { reason },
            400..=499 => SinkError::Refused { reason },
            // A gateway's 5xx says nothing about what happened behind it.
            _ => SinkError::Unclear { reason },
        }
    }

    /// How long to wait (RFC 9110, section 10.2.3): seconds, or a date. A date is counted from the
    /// answer's own `Date`, so that it does not matter whether our clocks agree.
    fn retry_after(&self) -> Option<Duration> {
        let text = self.header(&RETRY_AFTER)?.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            let secs = text.parse().unwrap_or(u64::MAX);
            return Some(Duration::from_secs(secs).min(WAIT_MAX));
        }
        let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        let from = jiff::fmt::rfc2822::parse(self.header(&DATE)?)
            .ok()?
            .timestamp();
        // A date that has passed means now.
        let wait = Duration::try_from(until.duration_since(from)).unwrap_or(Duration::ZERO);
        Some(wait.min(WAIT_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(HeaderName, &str)]) -> Answer {
        let headers = headers
            .iter()
            .map(|(n, v)| (n.clone(), v.parse().unwrap()))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        Answer {
            status,
            headers,
            body: Vec::new(),
        }
    }

    #[test]
    fn every_way_to_say_wait_is_understood() {
        let date = (DATE, "Sun, 06 Nov 1994 08:49:37 GMT");
        for (text, secs) in [
            ("0", Some(0)),
            ("3600", Some(3_600)),
            ("86400", Some(86_400)),
            ("99999999999999999999999", Some(365 * 24 * 3_600)),
            ("Sun, 06 Nov 1994 09:49:37 GMT", Some(3_600)),
            ("Sun, 06 Nov 1994 07:49:37 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            let answer = answer(429, &[date.clone(), (RETRY_AFTER, text)]);
            assert_eq!(answer.retry_after().map(|d| d.as_secs()), secs, "{text:?}");
        }
        let undated = answer(429, &[(RETRY_AFTER, "Sun, 06 Nov 1994 09:49:37 GMT")]);
        assert_eq!(undated.retry_after(), None);
    }

    #[test]
    fn each_status_leads_to_what_to_do_next() {
        let cases = [
            (302, "misconfigured"),
            (400, "refused"),
            (401, "misconfigured"),
            (403, "misconfigured"),
            (404, "misconfigured"),
            (408, "unclear"),
            (413, "refused"),
            (422, "refused"),
            (429, "busy"),
            (500, "unclear"),
            (502, "unclear"),
            (503, "unclear"),
            (504, "unclear"),
        ];
        for (status, label) in cases {
            assert_eq!(
                answer(status, &[]).trouble("it", "").label(),
                label,
                "{status}"
            );
        }
        let later = answer(503, &[(RETRY_AFTER, "7")]).trouble("it", "");
        assert_eq!(later.label(), "busy");
    }
}
