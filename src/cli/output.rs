//! Printing: tables for people, JSON for programs.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{
    ContentArrangement, Table,
    presets::{NOTHING, UTF8_FULL_CONDENSED},
};
use serde::Serialize;

use crate::observe::Printable;

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people.
    Table,
    /// One JSON array.
    Json,
    /// One JSON object a line.
    Ndjson,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// One JSON object.
    Json,
}

/// One row of an answer: what people see of it. Programs see all of it.
pub(super) trait Row: Serialize {
    const HEADINGS: &'static [&'static str];

    fn cells(&self) -> Vec<String>;
}

/// Prints an answer.
pub(super) fn print<R: Row>(output: Output, rows: &[R]) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match output {
        Output::Table => writeln!(out, "{}", table(rows))?,
        Output::Json => {
            // Escaped once more: what JSON may leave as it is can still command a terminal.
            for line in serde_json::to_string_pretty(rows)?.lines() {
                writeln!(out, "{}", Printable(line))?;
            }
        }
        Output::Ndjson => {
            for row in rows {
                writeln!(out, "{}", Printable(serde_json::to_string(row)?))?;
            }
        }
    }
    Ok(out.flush()?)
}

fn table<R: Row>(rows: &[R]) -> Table {
    let mut table = Table::new();
    table.set_header(R::HEADINGS);
    if io::stdout().is_terminal() {
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        // A row stays one line, so that it can be searched.
        table.load_style(NOTHING);
    }
    for row in rows {
        // Text from outside must not command the terminal.
        table.add_row(row.cells().iter().map(|cell| Printable(cell).to_string()));
    }
    table
}

/// Prints one value as JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Prints one line.
pub(super) fn line(text: impl std::fmt::Display) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

/// Prints one line with text from outside, which must not command the terminal.
pub(super) fn say(text: impl std::fmt::Display) -> anyhow::Result<()> {
    line(Printable(text))
}

/// `1 finding`, `3 findings`.
pub(super) fn counted(count: u64, thing: &str) -> String {
    if count == 1 {
        format!("1 {thing}")
    } else {
        format!("{count} {thing}s")
    }
}

/// Prints a note beside the answer.
pub(super) fn note(text: impl std::fmt::Display) {
    // Nobody may be reading, and there is nowhere else to say so.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Prints an error with what led to it.
pub(super) fn complain(error: &anyhow::Error) {
    for line in format!("hubwatch: {error:#}").lines() {
        note(Printable(line));
    }
}

/// Whether an error only says that nobody reads our output any more.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<serde_json::Error>()
                .is_some_and(|e| e.io_error_kind() == Some(io::ErrorKind::BrokenPipe))
    })
}
