//! What people say of themselves and of why: shown on one line, so of bounded length.

const NAME_MAX: usize = 64;
const NOTE_MAX: usize = 500;

/// A person's name, as they want to be known.
pub(super) fn name(text: &str) -> Result<String, String> {
    within(text, NAME_MAX)
}

/// A line about something.
pub(super) fn note(text: &str) -> Result<String, String> {
    within(text, NOTE_MAX)
}

fn within(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("it is empty".to_owned()),
        length if length > most => Err(format!("it is longer than {most} characters")),
        _ => Ok(text.to_owned()),
    }
}
