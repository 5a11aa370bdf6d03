//! A notice made fit to be shown: every text cleaned and cut, every link checked.
//!
//! Renderings read pages, never notices, so that no text from outside reaches one as it came.

use jiff::Timestamp;

use super::{Notice, NoticeProblem, text};
use crate::domain::{Region, Severity, delivery::Occasion};

// The bounds below add up: one problem with everything at its longest, every character escaped in
// JSON, still fits Jira's 32,767 (a test holds this true).
const TITLE_UNITS_MAX: usize = 300;
/// Twelve digits where AWS writes it; other writers vary.
const ACCOUNT_ID_UNITS_MAX: usize = 40;
const NAME_UNITS_MAX: usize = 200;
const ID_UNITS_MAX: usize = 600;
const DESCRIPTION_UNITS_MAX: usize = 3_000;
const DESCRIPTION_LINES_MAX: usize = 40;
const WORSE_UNITS_MAX: usize = 600;
const ADVICE_UNITS_MAX: usize = 1_500;
const ADVICE_LINES_MAX: usize = 20;
const BAD_LINK_UNITS_MAX: usize = 300;
/// Nobody reads more of them in a ticket or a mail.
const PROBLEMS_MAX: usize = 20;
/// Leaves room for the problem in a headline.
const HEADLINE_NAME_UNITS_MAX: usize = 60;

const SHORTENED: &str = "(Shortened here; the finding has all of it.)";

/// A notice made fit to be shown.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// What the far side is asked for later.
    pub(super) mark: String,
    /// Why people are told.
    pub(super) opening: &'static str,
    /// How bad.
    pub(super) severity: Severity,
    /// What is wrong, in one line.
    pub(super) title: String,
    /// Name and id of the account, short.
    account: String,
    /// What, where and since when, as label and value; no value is empty.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Where to go on reading, as label and link.
    pub(super) links: Vec<(&'static str, String)>,
    /// What is wrong, worst first.
    pub(super) problems: Vec<Passage>,
    /// How many more there are.
    pub(super) more_problems: usize,
}

/// One problem on a page.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    /// How bad, and what.
    pub(super) heading: String,
    /// Its canonical name, since when, and who says so.
    pub(super) evidence: String,
    /// Paragraphs of one line each.
    pub(super) description: Vec<String>,
    /// What to do, in paragraphs of one line each.
    pub(super) advice: Vec<String>,
    /// Where to read what to do.
    pub(super) advice_link: Option<String>,
}

impl Page {
    pub(super) fn of(notice: &Notice) -> Self {
        let shown = notice.problems.len().min(PROBLEMS_MAX);
        let left_out = notice.problems.len() - shown;
        Self {
            mark: notice.mark.clone(),
            opening: match notice.occasion {
                Occasion::Opened => "New incident",
            },
            severity: notice.severity,
            title: or_else(text::one_line(&notice.title, TITLE_UNITS_MAX), "(no title)"),
            account: account(notice, HEADLINE_NAME_UNITS_MAX),
            facts: facts(notice),
            links: links(notice),
            problems: notice
                .problems
                .iter()
                .take(shown)
                .map(Passage::of)
                .collect(),
            more_problems: usize::try_from(notice.more_problems)
                .unwrap_or(usize::MAX)
                .saturating_add(left_out),
        }
    }

    /// One line of at most `units_max` UTF-16 units that says how bad, what, and which account.
    /// When room is short the title is cut, never the account.
    pub(super) fn headline(&self, units_max: usize) -> String {
        let before = format!("[{}] ", self.severity);
        let after = format!(" in {}", self.account);
        let room = units_max.saturating_sub(text::units(&before) + text::units(&after));
        format!("{before}{}{after}", text::cut(&self.title, room))
    }

    /// Says that `hidden` of the problems on this page, and those that never were, are not shown.
    pub(super) fn left_out(&self, hidden: usize) -> Option<String> {
        let see = match self.links.is_empty() {
            true => "Security Hub has all of them",
            false => "follow the links above to see them",
        };
        match self.more_problems.saturating_add(hidden) {
            0 => None,
            1 => Some(format!("1 more problem is left out here; {see}.")),
            many => Some(format!("{many} more problems are left out here; {see}.")),
        }
    }
}

impl Passage {
    fn of(problem: &NoticeProblem) -> Self {
        let title = text::one_line(&problem.title, TITLE_UNITS_MAX);
        let link = problem.remediation.url.as_deref().unwrap_or_default();
        let advice_link = text::safe_link(link);
        let words = problem.remediation.text.as_deref().unwrap_or_default();
        let mut advice = paragraphs(words, ADVICE_UNITS_MAX, ADVICE_LINES_MAX);
        if advice_link.is_none() {
            // Not followed, but a person may know what to make of it.
            advice.extend(Some(text::one_line(link, BAD_LINK_UNITS_MAX)).filter(|l| !l.is_empty()));
        }
        Self {
            heading: format!("{}: {}", problem.severity, or_else(title, "(no title)")),
            evidence: evidence(problem),
            description: description(problem),
            advice,
            advice_link,
        }
    }
}

/// What makes the problem worse, then what the provider says of it.
fn description(problem: &NoticeProblem) -> Vec<String> {
    let worse = problem.worse.iter();
    let worse = worse.map(|sum| text::one_line(&format!("Score {sum}"), WORSE_UNITS_MAX));
    let described = paragraphs(
        &problem.description,
        DESCRIPTION_UNITS_MAX,
        DESCRIPTION_LINES_MAX,
    );
    worse.chain(described).collect()
}

fn facts(notice: &Notice) -> Vec<(&'static str, String)> {
    let region = notice.region.as_ref().map_or("global", Region::as_str);
    let owner = notice.owner.as_deref().unwrap_or_default();
    let mut facts = vec![
        ("Severity", notice.severity.to_string()),
        ("Account", account(notice, NAME_UNITS_MAX)),
        ("Owner", text::one_line(owner, NAME_UNITS_MAX)),
        ("Region", text::one_line(region, NAME_UNITS_MAX)),
        ("Resource", text::one_line(&notice.resource, ID_UNITS_MAX)),
        (
            "Resource type",
            text::one_line(&notice.resource_kind, NAME_UNITS_MAX),
        ),
        ("Since", time(notice.since)),
        ("Incident", notice.incident.to_string()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn links(notice: &Notice) -> Vec<(&'static str, String)> {
    let candidates = [
        ("Open in the AWS console", &notice.console_url),
        ("Open in hubwatch", &notice.page_url),
    ];
    let mut links = Vec::new();
    for (label, url) in candidates {
        links.extend(
            url.as_deref()
                .and_then(text::safe_link)
                .map(|href| (label, href)),
        );
    }
    links
}

fn account(notice: &Notice, name_units_max: usize) -> String {
    let id = text::one_line(notice.account.as_str(), ACCOUNT_ID_UNITS_MAX);
    let name = text::one_line(&notice.account_name, name_units_max);
    if name.is_empty() || name == id {
        id
    } else {
        format!("{name} ({id})")
    }
}

fn evidence(problem: &NoticeProblem) -> String {
    let name = text::one_line(&problem.problem, ID_UNITS_MAX);
    let finding = text::one_line(&problem.finding_id, ID_UNITS_MAX);
    let since = time(problem.since);
    match problem.findings {
        0 | 1 => format!("{name}, since {since}, reported by finding {finding}"),
        many => format!("{name}, since {since}, reported by {many} findings, such as {finding}"),
    }
}

fn paragraphs(from: &str, units_max: usize, lines_max: usize) -> Vec<String> {
    let (mut lines, shortened) = text::lines(from, units_max, lines_max);
    if shortened {
        lines.push(SHORTENED.to_owned());
    }
    lines
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn or_else(text: String, instead: &str) -> String {
    if text.is_empty() {
        instead.to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{super::far_side::notice, *};

    #[test]
    fn a_headline_is_one_line_within_its_bound_that_keeps_severity_and_account() {
        let mut hostile = notice();
        for title in [
            "Port 22\r\nBcc: evil@example.com",
            "\u{202e}gnissim si gnihton",
            &"🚨".repeat(40_000),
            &"long ".repeat(8_000),
            "",
        ] {
            hostile.title = title.to_owned();
            hostile.account_name = format!("pay{}\nments", "x".repeat(500));
            let line = Page::of(&hostile).headline(254);
            assert!(text::units(&line) <= 254, "{line}");
            assert!(
                !line.chars().any(|c| c.is_control() || c == '\u{202e}'),
                "{line:?}"
            );
            assert!(line.starts_with("[CRITICAL] "), "{line}");
            assert!(line.ends_with("(111122223333)"), "{line}");
        }
    }

    #[test]
    fn an_owner_is_a_fact_of_one_short_line_and_nobody_is_no_fact() {
        let owner = |owner: Option<&str>| {
            let mut notice = notice();
            notice.owner = owner.map(str::to_owned);
            let facts = Page::of(&notice).facts.into_iter();
            let mut owners = facts.filter(|(label, _)| *label == "Owner");
            owners.next().map(|(_, value)| value)
        };
        assert_eq!(owner(None), None);
        assert_eq!(owner(Some("\n")), None);
        assert_eq!(owner(Some("payments")).as_deref(), Some("payments"));
        let long = owner(Some(&format!("a\nBcc: {}", "x".repeat(500)))).unwrap();
        assert!(
            !long.contains('\n') && text::units(&long) <= NAME_UNITS_MAX,
            "{long}"
        );
    }

    #[test]
    fn a_headline_reads_like_this() {
        let line = Page::of(&notice()).headline(254);
        assert_eq!(
            line,
            "[CRITICAL] Port 22 is open to the world in payments (111122223333)"
        );
    }

    #[test]
    fn a_link_that_cannot_be_followed_is_shown_as_text() {
        let mut odd = notice();
        odd.problems[0].remediation.url = Some("javascript:alert(1)".to_owned());
        odd.console_url = Some("file:///etc/passwd".to_owned());
        let page = Page::of(&odd);
        assert_eq!(page.problems[0].advice_link, None);
        assert_eq!(
            page.problems[0].advice.last().unwrap(),
            "javascript:alert(1)"
        );
        assert_eq!(page.links.len(), 1);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let mut many = notice();
        many.problems = vec![many.problems[0].clone(); PROBLEMS_MAX + 2];
        many.more_problems = 5;
        let page = Page::of(&many);
        assert_eq!(page.problems.len(), PROBLEMS_MAX);
        assert!(page.left_out(3).unwrap().starts_with("10 more problems"));
        assert_eq!(Page::of(&notice()).left_out(0), None);
    }

    #[test]
    fn a_long_description_is_shortened_and_says_so() {
        let mut long = notice();
        long.problems[0].description = "x".repeat(40_000);
        assert_eq!(
            Page::of(&long).problems[0].description.last().unwrap(),
            SHORTENED
        );
    }
}
