use std::{
    io::{self, Write},
    sync::{Arc, RwLock},
};

use tracing_subscriber::fmt::MakeWriter;

use super::*;

const HOSTILE: &str = "open port\n2026-01-01T00:00:00Z  INFO hubwatch: all is well\r\n\
                       \u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\u{2028}\u{85}\u{0}end";

#[derive(Clone, Default)]
struct Page(Arc<RwLock<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.read().unwrap().clone()).unwrap()
    }
}

fn written(format: Format, terminal: bool, log: impl FnOnce()) -> String {
    let page = Page::default();
    let config = LogConfig {
        format,
        directives: "info".to_owned(),
    };
    tracing::subscriber::with_default(subscriber(&config, terminal, page.clone()), log);
    page.text()
}

fn log_hostile_text_in_every_place() {
    let span = tracing::info_span!("page", scope = %HOSTILE, shown = ?HOSTILE, plain = HOSTILE);
    let _entered = span.entered();
    tracing::info!(title = %HOSTILE, shown = ?HOSTILE, plain = HOSTILE, "recorded {HOSTILE}");
    tracing::info!("second");
}

#[test]
fn text_from_outside_cannot_forge_a_line_or_command_the_terminal() {
    for (format, terminal) in [
        (Format::Human, false),
        (Format::Human, true),
        (Format::Json, false),
        (Format::Json, true),
    ] {
        let text = written(format, terminal, log_hostile_text_in_every_place);
        assert_eq!(text.lines().count(), 2, "{format:?}: {text}");
        assert!(text.ends_with('\n'));
        // The escape characters that are left are colours, ours.
        let colour = terminal && format == Format::Human;
        assert_eq!(text.contains("\u{1b}["), colour, "{text:?}");
        assert!(!text.contains("\u{1b}[2J") && !text.contains("\u{1b}]"));
        let ours = text.replace('\n', "");
        for c in ['\r', '\u{7}', '\u{202e}', '\u{2028}', '\u{85}', '\0'] {
            assert!(!ours.contains(c), "{format:?}: {c:?} in {ours:?}");
        }
    }
}

#[test]
fn a_terminal_gets_lines_and_everything_else_gets_json() {
    let say = || tracing::info!(scope = "1/eu-west-1", findings = 7, "recorded a page");
    let line = written(Format::Auto, true, say);
    assert!(line.contains("recorded a page"), "{line}");
    let json = written(Format::Auto, false, say);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["fields"]["message"], "recorded a page");
    assert_eq!(json["fields"]["findings"], 7);
    assert_eq!(json["level"], "INFO");
}

#[test]
fn a_file_never_holds_colour() {
    let line = written(Format::Human, false, || tracing::info!("plain"));
    assert!(!line.contains('\u{1b}'), "{line:?}");
}

#[test]
fn json_lines_stay_readable_by_machines_whatever_they_quote() {
    let text = written(Format::Json, false, log_hostile_text_in_every_place);
    let first = text.lines().next().unwrap();
    let json: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!(json["fields"]["title"], HOSTILE);
}

#[test]
fn the_filter_decides_what_is_logged() {
    let text = written(Format::Human, false, || {
        tracing::debug!("too quiet");
        tracing::warn!("heard");
    });
    assert!(
        text.contains("heard") && !text.contains("too quiet"),
        "{text}"
    );
}

#[test]
fn a_filter_that_cannot_be_read_is_a_problem_without_its_text() {
    let settings = Settings {
        format: Format::Auto,
        filter: "info,hubwatch=marker=x".to_owned(),
    };
    let problems = settings.validate().unwrap_err();
    assert_eq!(problems[0].key, "filter");
    assert!(!problems[0].message.contains("marker"));
}
