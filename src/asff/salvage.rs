//! A page that is no JSON as a whole, split by its brackets alone.
//!
//! One raw finding with a letter that is not UTF-8 or a control character in a string makes the
//! whole answer unreadable to a JSON parser. Since pages come in order, a scope could then never be
//! read beyond it. Here such a finding costs itself: everything between its brackets is taken as
//! it is, and reading it alone tells what is wrong with it.

/// A page in parts that nobody has looked into.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'a> {
    /// The elements of `Findings`.
    pub(super) findings: Vec<&'a [u8]>,
    /// The value of `NextToken`, if there is one.
    pub(super) next_token: Option<&'a [u8]>,
}

/// Splits an answer whose brackets and quotes close; `None` if they do not, as when it was cut off,
/// or if it has no one array of findings.
pub(super) fn salvage(body: &[u8]) -> Option<Parts<'_>> {
    let mut scan = Scan { body, at: 0 };
    let (mut findings, mut next_token) = (None, None);
    scan.enclosed(b'{', b'}', |scan| {
        let key = scan.string()?;
        scan.expect(b':')?;
        match key {
            b"\"Findings\"" if findings.is_none() => {
                let mut elements = Vec::new();
                scan.enclosed(b'[', b']', |scan| {
                    elements.push(scan.value()?);
                    Some(())
                })?;
                findings = Some(elements);
            }
            b"\"NextToken\"" if next_token.is_none() => next_token = Some(scan.value()?),
            b"\"Findings\"" | b"\"NextToken\"" => return None,
            _ => drop(scan.value()?),
        }
        Some(())
    })?;
    (scan.peek().is_none()).then_some(Parts {
        findings: findings?,
        next_token,
    })
}

/// A place in the text.
struct Scan<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    /// The next byte that is no space, not taken.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.body.get(self.at..)?;
        let spaces = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        self.at += spaces.count();
        self.body.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// A list of members between brackets, with commas between them.
    fn enclosed(
        &mut self,
        open: u8,
        close: u8,
        mut member: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.expect(open)?;
        if self.peek()? == close {
            return self.expect(close);
        }
        loop {
            member(self)?;
            if self.peek()? == close {
                return self.expect(close);
            }
            self.expect(b',')?;
        }
    }

    /// A value of any kind. Walks without recursion, so that no depth is too deep.
    fn value(&mut self) -> Option<&'a [u8]> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' | b'[' => self.brackets(),
            _ => self.scalar(),
        }
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        self.peek()?;
        let start = self.at;
        self.pass_string()?;
        self.body.get(start..self.at)
    }

    /// Passes a string, whatever stands in it.
    fn pass_string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            match self.body.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    fn brackets(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.body.get(self.at)? {
                b'"' => self.pass_string()?,
                byte => {
                    match byte {
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                }
            }
            if depth == 0 {
                return self.body.get(start..self.at);
            }
        }
    }

    /// A number or a word, up to what ends it.
    fn scalar(&mut self) -> Option<&'a [u8]> {
        let rest = self.body.get(self.at..)?;
        let ends = |byte: &u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
        let length = rest.iter().position(ends)?;
        self.at += length;
        rest.get(..length).filter(|scalar| !scalar.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spoilt_finding_leaves_the_others_as_they_are() {
        let body =
            b" {\"NextToken\": \"t\", \"Findings\" : [ {\"a\":\"\xff]}\\\"\"} ,7, {\"b\":[{}]}\n],\
                     \"More\":{\"x\":[\"}\"]}} ";
        let parts = salvage(body).unwrap();
        assert_eq!(
            parts.findings,
            [b"{\"a\":\"\xff]}\\\"\"}".as_slice(), b"7", b"{\"b\":[{}]}"]
        );
        assert_eq!(parts.next_token, Some(b"\"t\"".as_slice()));
        let none = salvage(b"{\"Findings\":[]}").unwrap();
        assert_eq!((none.findings.len(), none.next_token), (0, None));
    }

    #[test]
    fn what_does_not_close_is_no_page() {
        let whole = b"{\"Findings\":[{\"a\":\"\xff\"},{\"b\":1}],\"NextToken\":\"t\"}";
        assert!(salvage(whole).is_some());
        for length in 0..whole.len() {
            assert_eq!(salvage(&whole[..length]), None, "{length}");
        }
        for body in [
            "{\"Findings\":[]} x",
            "{\"Findings\":[],\"Findings\":[]}",
            "{\"Findings\":{}}",
            "{}",
            "[]",
            "<html>",
            "{\"Findings\":[,]}",
        ] {
            assert_eq!(salvage(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn no_depth_is_too_deep() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        let body = format!("{{\"Findings\":[{deep}]}}");
        assert_eq!(salvage(body.as_bytes()).unwrap().findings[0].len(), 400_000);
    }
}
