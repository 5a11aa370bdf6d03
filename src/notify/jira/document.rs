//! Atlassian Document Format, as far as we write it.
//!
//! Built as a tree and serialised, so that text can only ever be text. Follows the published JSON
//! schema `@atlaskit/adf-schema`: no text node is empty, no list is.

use serde::Serialize;

use crate::notify::text;

/// A whole document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "doc")]
pub(super) struct Document {
    version: u8,
    content: Vec<Block>,
}

impl Document {
    pub(super) fn new(content: Vec<Block>) -> Self {
        Self {
            version: 1,
            content,
        }
    }

    /// Length of its JSON in UTF-16 units.
    pub(super) fn units(&self) -> usize {
        // A tree of texts and numbers has no way to fail.
        serde_json::to_string(self).map_or(usize::MAX, |json| text::units(&json))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Block {
    Paragraph { content: Vec<Inline> },
    Heading { attrs: Level, content: Vec<Inline> },
    BulletList { content: Vec<Entry> },
    Rule,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Level {
    level: u8,
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "listItem")]
pub(super) struct Entry {
    content: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Inline {
    Text {
        text: String,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        marks: Vec<Mark>,
    },
    HardBreak,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Mark {
    Strong,
    Link { attrs: Href },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Href {
    href: String,
}

pub(super) fn paragraph(content: Vec<Inline>) -> Block {
    Block::Paragraph { content }
}

/// A heading; `level` is 1 to 6.
pub(super) fn heading(level: u8, text: &str) -> Block {
    Block::Heading {
        attrs: Level { level },
        content: vec![plain(text)],
    }
}

/// A list with at least one entry, each a paragraph.
pub(super) fn bullets(entries: Vec<Vec<Inline>>) -> Block {
    let entry = |content| Entry {
        content: vec![paragraph(content)],
    };
    Block::BulletList {
        content: entries.into_iter().map(entry).collect(),
    }
}

/// Texts, none of them empty, below each other.
pub(super) fn below_each_other(lines: &[String]) -> Vec<Inline> {
    let mut content = Vec::new();
    for line in lines {
        if !content.is_empty() {
            content.push(Inline::HardBreak);
        }
        content.push(plain(line));
    }
    content
}

/// Text that is not empty.
pub(super) fn plain(text: &str) -> Inline {
    Inline::Text {
        text: text.to_owned(),
        marks: Vec::new(),
    }
}

/// Text that is not empty, in bold.
pub(super) fn strong(text: &str) -> Inline {
    Inline::Text {
        text: text.to_owned(),
        marks: vec![Mark::Strong],
    }
}

/// Text that is not empty and opens a page. `href` has been found safe.
pub(super) fn link(text: &str, href: &str) -> Inline {
    let mark = Mark::Link {
        attrs: Href {
            href: href.to_owned(),
        },
    };
    Inline::Text {
        text: text.to_owned(),
        marks: vec![mark],
    }
}
