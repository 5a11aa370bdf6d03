//! One finding as a person wants to read it.

use std::io::{self, Write};

use crate::observe::Printable;

use super::view::FindingView;

/// Prints a finding. Text from outside is escaped, so that it cannot command the terminal.
pub(super) fn print(view: &FindingView) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}  {}", view.severity, Printable(&view.title))?;
    writeln!(out)?;
    for (name, value) in attributes(view) {
        if !value.is_empty() {
            writeln!(out, "{name:<15} {}", Printable(value))?;
        }
    }
    for resource in &view.resources {
        writeln!(
            out,
            "{:<15} {} {}",
            "resource",
            Printable(&resource.r#type),
            Printable(&resource.id)
        )?;
    }
    for note in &view.notes {
        writeln!(out, "{:<15} {}", "note", Printable(note))?;
    }
    paragraph(&mut out, "What is wrong", Some(&view.description))?;
    paragraph(&mut out, "What to do", view.remediation.as_ref())?;
    if let Some(url) = &view.remediation_url {
        writeln!(out, "{}", Printable(url))?;
    }
    writeln!(out)
}

fn attributes(view: &FindingView) -> Vec<(&'static str, String)> {
    let account = match &view.account_name {
        Some(name) => format!("{} ({name})", view.account_id),
        None => view.account_id.clone(),
    };
    vec![
        ("id", view.id.clone()),
        ("account", account),
        ("region", view.region.clone()),
        ("product", view.product.clone()),
        ("product arn", view.product_arn.clone()),
        ("generator", view.generator_id.clone()),
        ("status", view.status.as_str().to_owned()),
        ("compliance", view.compliance.clone().unwrap_or_default()),
        ("workflow", view.workflow.clone()),
        ("record state", view.record_state.clone()),
        ("control", view.control.clone().unwrap_or_default()),
        ("vulnerabilities", view.vulnerabilities.join(", ")),
        ("types", view.types.join(", ")),
        (
            "first observed",
            view.first_observed_at.clone().unwrap_or_default(),
        ),
        ("created", view.created_at.clone().unwrap_or_default()),
        ("updated", view.updated_at.clone()),
        ("recorded", view.first_recorded_at.clone()),
        ("issue", format!("{}: {}", view.issue_id, view.problem)),
    ]
}

fn paragraph(out: &mut impl Write, heading: &str, text: Option<&String>) -> io::Result<()> {
    match text {
        Some(text) if !text.is_empty() => writeln!(out, "\n{heading}\n{}", Printable(text)),
        _ => Ok(()),
    }
}
