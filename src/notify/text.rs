//! Text from outside, made fit for one place: no hidden characters, bounded length, safe links.
//!
//! Escaping is not done here. Text stays text because every rendering is a typed document: ADF
//! nodes, JSON strings, an HTML template that escapes.

use reqwest::Url;

/// Browsers and mail clients begin to cut links somewhere above this.
const LINK_UNITS_MAX: usize = 2_000;

/// Length as Jira counts it: UTF-16 code units.
pub(super) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// The text as one line of at most `units_max` UTF-16 units, ending in `…` if it was longer.
///
/// Control characters and line breaks become spaces, so that nothing can start a new line or
/// header. Bidirectional controls and invisible characters are removed, because they make a line
/// read differently from what it says; the letters of right-to-left scripts need none. The two
/// joiners stay: emoji and Persian are spelt with them.
pub(super) fn one_line(text: &str, units_max: usize) -> String {
    let visible: String = text
        .chars()
        .filter(|c| !is_hidden(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    cut(&words.join(" "), units_max)
}

/// The text's lines, each cleaned like [`one_line`], blank ones dropped, within both bounds.
/// The flag says whether anything had to be left out.
pub(super) fn lines(text: &str, units_max: usize, lines_max: usize) -> (Vec<String>, bool) {
    let mut kept = Vec::new();
    let mut room = units_max;
    for raw in text.lines() {
        let line = one_line(raw, usize::MAX);
        if line.is_empty() {
            continue;
        }
        if kept.len() == lines_max || room == 0 {
            return (kept, true);
        }
        let length = units(&line);
        if length > room {
            kept.push(cut(&line, room));
            return (kept, true);
        }
        room -= length;
        kept.push(line);
    }
    (kept, false)
}

/// At most `units_max` UTF-16 units of the text; the last is `…` if something was cut off.
pub(super) fn cut(text: &str, units_max: usize) -> String {
    if units(text) <= units_max {
        return text.to_owned();
    }
    let mut room = units_max.saturating_sub(1);
    let mut kept = String::new();
    for c in text.chars() {
        let Some(rest) = room.checked_sub(c.len_utf16()) else {
            break;
        };
        room = rest;
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// The link, normalised, if following it does nothing but open a page: http or https, a host, and
/// no user name, which would pass for the host in `https://aws.amazon.com@elsewhere.example`.
pub(super) fn safe_link(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let opens_a_page = matches!(url.scheme(), "http" | "https") && url.has_host();
    let names_a_user = !url.username().is_empty() || url.password().is_some();
    let href = String::from(url);
    (opens_a_page && !names_a_user && units(&href) <= LINK_UNITS_MAX).then_some(href)
}

fn is_hidden(c: char) -> bool {
    matches!(c,
        // Bidirectional marks, embeddings, overrides and isolates.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Zero width, and operators that are never seen.
        | '\u{00ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{feff}'
        // Deprecated formatting, interlinear notes, and no characters at all.
        | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        // Tags: a second alphabet that nobody sees.
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_and_says_what_it_shows() {
        let cases = [
            ("plain", "plain"),
            ("  a \t b  ", "a b"),
            (
                "Subject\r\nBcc: evil@example.com",
                "Subject Bcc: evil@example.com",
            ),
            ("a\u{2028}b\u{2029}c\u{85}d\u{b}e", "a b c d e"),
            ("nul\0bell\u{7}esc\u{1b}[31m", "nul bell esc [31m"),
            ("gpj\u{202e}exe.\u{2066}x\u{2069}", "gpjexe.x"),
            ("pay\u{200b}pal\u{feff}", "paypal"),
            ("hi\u{e0041}\u{e0042}", "hi"),
            ("שלום עולם", "שלום עולם"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👩\u{200d}🚒 🚨", "👩\u{200d}🚒 🚨"),
            ("<script>alert('x')</script>", "<script>alert('x')</script>"),
            ("\r\n\u{200b}", ""),
        ];
        for (from, to) in cases {
            assert_eq!(one_line(from, 1_000), to, "{from:?}");
        }
    }

    #[test]
    fn a_cut_text_fits_and_never_splits_a_character() {
        for (text, max, want) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 4, "abc…"),
            ("ab cdef", 4, "ab…"),
            ("🚨🚨🚨", 6, "🚨🚨🚨"),
            ("🚨🚨🚨", 5, "🚨🚨…"),
            ("🚨🚨🚨", 4, "🚨…"),
            ("ab", 1, "…"),
        ] {
            assert_eq!(cut(text, max), want);
            assert!(units(&cut(text, max)) <= max);
        }
    }

    #[test]
    fn lines_are_bounded_in_number_and_length_and_say_so() {
        assert_eq!(
            lines("a\r\n\r\n b ", 10, 9),
            (vec!["a".into(), "b".into()], false)
        );
        assert_eq!(
            lines("a\nb\nc", 10, 2),
            (vec!["a".into(), "b".into()], true)
        );
        assert_eq!(
            lines("abc\ndefgh", 6, 9),
            (vec!["abc".into(), "de…".into()], true)
        );
        assert_eq!(lines("abc\ndef", 3, 9), (vec!["abc".into()], true));
    }

    #[test]
    fn only_links_that_open_a_page_are_links() {
        for (text, want) in [
            (
                "https://docs.aws.amazon.com/a?b=c#d",
                Some("https://docs.aws.amazon.com/a?b=c#d"),
            ),
            (" HTTP://Example.com ", Some("http://example.com/")),
            (
                "https://example.com/\"onclick=\"x",
                Some("https://example.com/%22onclick=%22x"),
            ),
            ("https://example.com/a\r\nb", Some("https://example.com/ab")),
            ("javascript:alert(1)", None),
            ("JaVaScRiPt:alert(1)", None),
            ("data:text/html,<script>", None),
            ("file:///etc/passwd", None),
            ("//example.com", None),
            ("see the manual", None),
            ("https://console.aws.amazon.com@evil.example/", None),
            ("", None),
        ] {
            assert_eq!(safe_link(text).as_deref(), want, "{text:?}");
        }
        assert_eq!(
            safe_link(&format!("https://example.com/{}", "a".repeat(2_000))),
            None
        );
    }
}
