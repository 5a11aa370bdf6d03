//! A page as a ticket's description.

use super::document::{
    Block, Document, Inline, below_each_other, bullets, heading, link, paragraph, plain, strong,
};
use crate::notify::{
    page::{Page, Passage},
    text,
};

/// Jira's limit for long texts (JRACLOUD-78553). It is held for the document's JSON, which is never
/// shorter than what Jira counts.
const DESCRIPTION_UNITS_MAX: usize = 32_767;
const LINK_TEXT_UNITS_MAX: usize = 120;

/// The page with as many of its problems as fit; it says how many are left out.
pub(super) fn of(page: &Page) -> Document {
    for shown in (1..=page.problems.len()).rev() {
        let document = with(page, shown);
        if document.units() <= DESCRIPTION_UNITS_MAX {
            return document;
        }
    }
    with(page, 0)
}

fn with(page: &Page, shown: usize) -> Document {
    let mut blocks = vec![paragraph(vec![
        strong(page.opening),
        plain(": "),
        plain(&page.title),
    ])];
    blocks.push(bullets(facts(page)));
    for problem in page.problems.iter().take(shown) {
        blocks.extend(passage(problem));
    }
    if let Some(words) = page.left_out(page.problems.len() - shown) {
        blocks.push(paragraph(vec![plain(&words)]));
    }
    blocks.push(Block::Rule);
    blocks.push(paragraph(vec![
        plain("Written by hubwatch, which knows this ticket by its label "),
        strong(&page.mark),
        plain(". Please leave the label on."),
    ]));
    Document::new(blocks)
}

fn facts(page: &Page) -> Vec<Vec<Inline>> {
    let mut entries = Vec::new();
    for (label, value) in &page.facts {
        entries.push(vec![strong(label), plain(": "), plain(value)]);
    }
    for (label, href) in &page.links {
        entries.push(vec![link(label, href)]);
    }
    entries
}

fn passage(problem: &Passage) -> Vec<Block> {
    let mut blocks = vec![heading(3, &problem.heading)];
    if !problem.description.is_empty() {
        blocks.push(paragraph(below_each_other(&problem.description)));
    }
    blocks.push(paragraph(vec![plain(&problem.evidence)]));
    let mut advice = below_each_other(&problem.advice);
    if let Some(href) = &problem.advice_link {
        if !advice.is_empty() {
            advice.push(Inline::HardBreak);
        }
        advice.push(link(&text::cut(href, LINK_TEXT_UNITS_MAX), href));
    }
    if !advice.is_empty() {
        advice.splice(0..0, [strong("What to do"), plain(": ")]);
        blocks.push(paragraph(advice));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::notify::far_side::notice;

    fn texts(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Array(all) => all.iter().for_each(|v| texts(v, into)),
            Value::Object(node) => {
                if node.get("type") == Some(&json!("text")) {
                    into.push(node["text"].as_str().unwrap().to_owned());
                }
                node.values().for_each(|v| texts(v, into));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn a_description_says_what_where_how_bad_since_when_and_what_to_do() {
        let json = serde_json::to_value(of(&Page::of(&notice()))).unwrap();
        assert_eq!(
            (&json["type"], &json["version"]),
            (&json!("doc"), &json!(1))
        );
        let mut all = Vec::new();
        texts(&json, &mut all);
        let all = all.join("");
        for part in [
            "New incident: Port 22 is open to the world",
            "Severity: CRITICAL",
            "Account: payments (111122223333)",
            "Region: eu-west-1",
            "Resource: arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1",
            "Since: 2026-03-01 12:00 UTC",
            "Open in the AWS console",
            "Open in hubwatch",
            "control:EC2.19, since 2026-03-01 12:00 UTC, reported by 4 findings",
            "What to do: Close the port.",
            "https://docs.aws.amazon.com/console/securityhub/EC2.19/remediation",
            "hubwatch-1f3a",
        ] {
            assert!(all.contains(part), "{part} is missing in {all}");
        }
    }

    #[test]
    fn nodes_have_the_shape_that_jira_takes() {
        let json = serde_json::to_value(Document::new(vec![
            heading(3, "h"),
            bullets(vec![vec![link("a", "https://example.com/")]]),
            paragraph(below_each_other(&["x".to_owned(), "y".to_owned()])),
            Block::Rule,
        ]));
        let text = |text: &str| json!({"type": "text", "text": text});
        let link = json!({"type": "text", "text": "a", "marks": [
            {"type": "link", "attrs": {"href": "https://example.com/"}}]});
        assert_eq!(
            json.unwrap(),
            json!({"type": "doc", "version": 1, "content": [
                {"type": "heading", "attrs": {"level": 3}, "content": [text("h")]},
                {"type": "bulletList", "content": [{"type": "listItem", "content": [
                    {"type": "paragraph", "content": [link]}]}]},
                {"type": "paragraph", "content": [text("x"), {"type": "hardBreak"}, text("y")]},
                {"type": "rule"},
            ]})
        );
    }

    #[test]
    fn hostile_text_is_text_and_nothing_is_empty() {
        let mut hostile = notice();
        hostile.title = "{code}h1. <b>x</b> [a|javascript:alert(1)] @admin".to_owned();
        hostile.problems[0].title = "\r\n\u{202e}".to_owned();
        hostile.problems[0].description = "\n\n<script>alert(1)</script>\n\n".to_owned();
        hostile.resource = "\0".to_owned();
        let json = serde_json::to_value(of(&Page::of(&hostile))).unwrap();
        let mut all = Vec::new();
        texts(&json, &mut all);
        assert!(all.contains(&hostile.title));
        assert!(all.contains(&"<script>alert(1)</script>".to_owned()));
        assert!(all.iter().all(|text| !text.is_empty()), "{all:?}");
    }

    #[test]
    fn however_much_there_is_to_say_it_fits_and_says_what_is_left_out() {
        for filling in ["\"", "🚨", "x\n", "\\\n\n", "é"] {
            let mut huge = notice();
            let long = filling.repeat(10_000);
            let link = format!("https://example.com/{}", "a".repeat(1_970));
            huge.title.clone_from(&long);
            huge.account_name.clone_from(&long);
            huge.resource.clone_from(&long);
            huge.console_url = Some(link.clone());
            huge.page_url = Some(link.clone());
            let problem = &mut huge.problems[0];
            problem.title.clone_from(&long);
            problem.description.clone_from(&long);
            problem.finding_id.clone_from(&long);
            problem.problem.clone_from(&long);
            problem.remediation.text = Some(long.clone());
            problem.remediation.url = Some(link);
            huge.problems = vec![huge.problems[0].clone(); 9];

            let document = of(&Page::of(&huge));
            assert!(
                document.units() <= DESCRIPTION_UNITS_MAX,
                "{}",
                document.units()
            );
            let mut all = Vec::new();
            texts(&serde_json::to_value(&document).unwrap(), &mut all);
            assert!(
                all.iter().any(|t| t.contains("left out here")),
                "{filling:?}"
            );
            // At least one problem is told in full.
            assert!(all.iter().any(|t| t == "What to do"), "{filling:?}");
        }
    }
}
