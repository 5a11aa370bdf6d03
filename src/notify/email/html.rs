//! A page as HTML for mail clients.
//!
//! Mail clients drop style sheets and scripts and block remote images, so there are tables and
//! inline styles and nothing else. The template escapes every text it is given.

use maud::{DOCTYPE, Markup, html};

use super::SUBJECT_UNITS_MAX;
use crate::{
    domain::Severity,
    notify::{
        page::{Page, Passage},
        text,
    },
};

const BODY: &str = "margin:0;padding:0;background:#f2f4f7;\
    font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;\
    font-size:15px;line-height:1.5;color:#1d2939";
const CARD: &str = "width:100%;max-width:640px;background:#ffffff;border:1px solid #d0d5dd;\
    border-collapse:separate;text-align:left";
const CELL: &str = "padding:20px 24px";
const TITLE: &str = "margin:8px 0 0;font-size:20px;line-height:1.3;overflow-wrap:anywhere";
const HEADING: &str = "margin:0 0 8px;font-size:16px;line-height:1.4;overflow-wrap:anywhere";
const LABEL: &str = "padding:3px 16px 3px 0;color:#475467;vertical-align:top;white-space:nowrap";
const VALUE: &str = "padding:3px 0;vertical-align:top;word-break:break-word";
const TEXT: &str = "margin:0 0 8px;overflow-wrap:anywhere";
const QUIET: &str = "margin:0 0 8px;font-size:13px;color:#475467;overflow-wrap:anywhere";
const LINK: &str = "color:#175cd3";
/// Gmail shows only the beginning of a message above about 102 KB.
const HTML_BYTES_MAX: usize = 100_000;
const LINK_TEXT_UNITS_MAX: usize = 120;

/// A whole HTML document, with as many of the page's problems as fit; it says how many are left out.
pub(super) fn document(page: &Page) -> String {
    for shown in (1..=page.problems.len()).rev() {
        let html = with(page, shown);
        if html.len() <= HTML_BYTES_MAX {
            return html;
        }
    }
    with(page, 0)
}

fn with(page: &Page, shown: usize) -> String {
    let body = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.headline(SUBJECT_UNITS_MAX)) }
            }
            body style=(BODY) {
                table role="presentation" width="100%" cellpadding="0" cellspacing="0" {
                    tr { td align="center" style="padding:24px 12px" { (card(page, shown)) } }
                }
            }
        }
    };
    body.into_string()
}

fn card(page: &Page, shown: usize) -> Markup {
    let colour = colour(page.severity);
    html! {
        table role="presentation" cellpadding="0" cellspacing="0" style=(CARD) {
            tr { td style={ (CELL) ";border-top:6px solid " (colour) } {
                span style={
                    "display:inline-block;padding:2px 10px;color:#ffffff;font-size:13px;\
                    font-weight:bold;background:" (colour)
                } { (page.severity) }
                span style="padding-left:8px;color:#475467" { (page.opening) }
                h1 style=(TITLE) { (page.title) }
            } }
            tr { td style="padding:0 24px 12px" { (facts(page)) } }
            @for problem in page.problems.iter().take(shown) {
                tr { td style={ (CELL) ";border-top:1px solid #eaecf0" } { (passage(problem)) } }
            }
            tr { td style={ (CELL) ";border-top:1px solid #eaecf0" } {
                @if let Some(words) = page.left_out(page.problems.len() - shown) { p style=(TEXT) { (words) } }
                p style=(QUIET) { "Written by hubwatch, reference " (page.mark) "." }
            } }
        }
    }
}

fn facts(page: &Page) -> Markup {
    html! {
        table role="presentation" cellpadding="0" cellspacing="0" {
            @for (label, value) in &page.facts {
                tr { td style=(LABEL) { (label) } td style=(VALUE) { (value) } }
            }
        }
        @for (label, href) in &page.links {
            p style="margin:12px 0 0" { a href=(href) style=(LINK) { (label) } }
        }
    }
}

fn passage(problem: &Passage) -> Markup {
    html! {
        h2 style=(HEADING) { (problem.heading) }
        @for line in &problem.description { p style=(TEXT) { (line) } }
        p style=(QUIET) { (problem.evidence) }
        @if !problem.advice.is_empty() || problem.advice_link.is_some() {
            p style=(TEXT) { strong { "What to do" } }
        }
        @for line in &problem.advice { p style=(TEXT) { (line) } }
        @if let Some(href) = &problem.advice_link {
            // The link's own text, so that nobody is led elsewhere by words from outside.
            p style=(TEXT) { a href=(href) style=(LINK) { (text::cut(href, LINK_TEXT_UNITS_MAX)) } }
        }
    }
}

/// Dark enough for white letters on it.
fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#912018",
        Severity::High => "#c4320a",
        Severity::Medium => "#93590a",
        Severity::Low => "#175cd3",
        Severity::Informational => "#475467",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::far_side::notice;

    #[test]
    fn hostile_text_never_becomes_markup() {
        let hostile = "</td><script>alert(1)</script><img src=x onerror='a'>\" onclick=\"b & c";
        let mut all = notice();
        all.title = hostile.to_owned();
        all.account_name = hostile.to_owned();
        all.account = hostile.into();
        all.region = Some(hostile.into());
        all.resource = hostile.to_owned();
        all.resource_kind = hostile.to_owned();
        all.console_url = Some(format!("https://example.com/{hostile}"));
        let problem = &mut all.problems[0];
        problem.title = hostile.to_owned();
        problem.problem = hostile.to_owned();
        problem.description = format!("{hostile}\n{hostile}");
        problem.finding_id = hostile.to_owned();
        problem.remediation.text = Some(hostile.to_owned());
        problem.remediation.url = Some(format!("https://example.com/?{hostile}"));

        let html = document(&Page::of(&all));
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("<img"), "{html}");
        assert!(!html.contains("\" onclick"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        // As many tags as a harmless notice has.
        let harmless = document(&Page::of(&notice()));
        assert_eq!(html.matches('<').count(), harmless.matches('<').count());
    }

    #[test]
    fn a_mail_loads_nothing_from_elsewhere() {
        let html = document(&Page::of(&notice()));
        for part in ["<link", "<style", "url(", " src="] {
            assert!(!html.contains(part), "{part}");
        }
    }

    #[test]
    fn however_much_there_is_to_say_it_fits_and_says_what_is_left_out() {
        for filling in ["word ", "\"", "🚨", "x\n"] {
            let mut huge = notice();
            let problem = &mut huge.problems[0];
            problem.description = filling.repeat(8_000);
            problem.remediation.text = Some(filling.repeat(8_000));
            huge.problems = vec![huge.problems[0].clone(); 500];
            let html = document(&Page::of(&huge));
            assert!(html.len() <= HTML_BYTES_MAX, "{}", html.len());
            assert!(html.contains("What to do"), "{filling:?}");
            assert!(
                html.contains("more problems are left out here"),
                "{filling:?}"
            );
        }
    }
}
