//! Text from outside, made safe to show on a line of its own.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use tracing::field::Field;
use tracing_subscriber::fmt::{MakeWriter, format::Writer};

/// Shows a value with everything escaped that would break the line, command the terminal or
/// rearrange what is read: control characters, Unicode's line and paragraph separators, and the
/// characters that turn the direction of writing around.
#[derive(Debug, Clone, Copy)]
pub struct Printable<T>(pub T);

impl<T: fmt::Display> fmt::Display for Printable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Writes a field of an event or span.
///
/// The subscriber's own formatter escapes the message only, and only some control characters of
/// that: line breaks pass, and displayed fields pass whole. A finding's title could forge a log
/// line or command the terminal.
pub(super) fn write_field(
    to: &mut Writer<'_>,
    field: &Field,
    value: &dyn fmt::Debug,
) -> fmt::Result {
    let value = Printable(format_args!("{value:?}"));
    if field.name() == "message" {
        write!(to, "{value}")
    } else {
        write!(to, "{}={value}", field.name())
    }
}

/// Keeps the events of a JSON subscriber printable. JSON itself escapes line breaks and leaves
/// the rest of what [`Printable`] escapes; the escapes are JSON's, so what is read back is whole.
#[derive(Debug, Clone)]
pub(super) struct PrintableJson<M>(pub(super) M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for PrintableJson<M> {
    type Writer = PrintableJsonWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        PrintableJsonWriter(self.0.make_writer())
    }
}

/// The writer of one event, which the subscriber hands over in one call with its line's end.
#[derive(Debug)]
pub(super) struct PrintableJsonWriter<W>(W);

impl<W: Write> Write for PrintableJsonWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.write_all(event)?;
        Ok(event.len())
    }

    fn write_all(&mut self, event: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(event);
        let body = text.strip_suffix('\n').unwrap_or(&text);
        writeln!(self.0, "{}", Printable(body))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(is_unprintable) {
            match part.chars().next_back().filter(|c| is_unprintable(*c)) {
                None => self.0.write_str(part)?,
                Some(c) => {
                    self.0.write_str(part.strip_suffix(c).unwrap_or_default())?;
                    match c {
                        '\n' => self.0.write_str("\\n")?,
                        '\r' => self.0.write_str("\\r")?,
                        '\t' => self.0.write_str("\\t")?,
                        // All of them have four digits, so that the same escape is good in JSON.
                        c => write!(self.0, "\\u{:04x}", u32::from(c))?,
                    }
                }
            }
        }
        Ok(())
    }
}

fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
