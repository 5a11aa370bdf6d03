//! A page as plain text.

use crate::notify::page::Page;

/// Lines end in `\n`; the mail service turns them into what mail needs.
pub(super) fn text(page: &Page) -> String {
    let mut lines = vec![format!("{}: {}", page.opening, page.title), String::new()];
    for (label, value) in &page.facts {
        lines.push(format!("{label}: {value}"));
    }
    for (label, href) in &page.links {
        lines.push(format!("{label}: {href}"));
    }
    for problem in &page.problems {
        lines.push(String::new());
        lines.push(problem.heading.clone());
        lines.extend(problem.description.iter().cloned());
        lines.push(problem.evidence.clone());
        if !problem.advice.is_empty() || problem.advice_link.is_some() {
            lines.push("What to do:".to_owned());
        }
        lines.extend(problem.advice.iter().cloned());
        lines.extend(problem.advice_link.clone());
    }
    if let Some(words) = page.left_out(0) {
        lines.push(String::new());
        lines.push(words);
    }
    lines.push(String::new());
    lines.push(format!("Written by hubwatch, reference {}.", page.mark));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::far_side::notice;

    #[test]
    fn the_text_reads_on_its_own() {
        let text = text(&Page::of(&notice()));
        let want = "\
New incident: Port 22 is open to the world

Severity: CRITICAL
Account: payments (111122223333)
Region: eu-west-1
Resource: arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1
Resource type: AwsEc2SecurityGroup
Since: 2026-03-01 12:00 UTC
Incident: 12
Open in the AWS console: https://console.aws.amazon.com/securityhub/home
Open in hubwatch: https://hubwatch.example.com/incidents/12

CRITICAL: Security groups should not allow unrestricted access
This control checks ports.
Port 22 is open.
control:EC2.19, since 2026-03-01 12:00 UTC, reported by 4 findings, such as finding-1
What to do:
Close the port.
https://docs.aws.amazon.com/console/securityhub/EC2.19/remediation

Written by hubwatch, reference hubwatch-1f3a.";
        assert_eq!(text, want);
    }
}
