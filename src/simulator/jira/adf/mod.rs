//! Atlassian Document Format: which documents Jira takes, and what people read in them.
//!
//! Follows the published JSON schema (`@atlaskit/adf-schema`, stage 0 left out): known nodes in the
//! places they may stand, known marks, required attributes, no empty texts.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

/// What went wrong, with the place.
type Checked<T> = Result<T, String>;

const INLINE: &[&str] = &[
    "text",
    "hardBreak",
    "mention",
    "emoji",
    "inlineCard",
    "date",
    "status",
    "mediaInline",
];
const LISTS: &[&str] = &["bulletList", "orderedList"];
const TOP: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "blockquote",
    "codeBlock",
    "panel",
    "rule",
    "table",
    "expand",
    "mediaSingle",
    "mediaGroup",
    "taskList",
    "decisionList",
    "blockCard",
    "embedCard",
];
const IN_ITEM: &[&str] = &[
    "paragraph",
    "bulletList",
    "orderedList",
    "codeBlock",
    "mediaSingle",
    "taskList",
];
const IN_QUOTE: &[&str] = &[
    "paragraph",
    "bulletList",
    "orderedList",
    "codeBlock",
    "mediaSingle",
    "mediaGroup",
];
const IN_PANEL: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "codeBlock",
    "rule",
    "blockCard",
    "mediaSingle",
    "mediaGroup",
    "taskList",
    "decisionList",
];
const IN_CELL: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "blockquote",
    "codeBlock",
    "panel",
    "rule",
    "nestedExpand",
    "mediaSingle",
    "mediaGroup",
    "taskList",
    "decisionList",
    "blockCard",
    "embedCard",
];
const IN_EXPAND: &[&str] = &[
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "blockquote",
    "codeBlock",
    "panel",
    "rule",
    "table",
    "nestedExpand",
    "mediaSingle",
    "mediaGroup",
    "taskList",
    "decisionList",
    "blockCard",
    "embedCard",
];
const PANELS: &[&str] = &[
    "info", "note", "warning", "success", "error", "tip", "custom",
];
const STATUS_COLOURS: &[&str] = &["neutral", "purple", "blue", "red", "yellow", "green"];
/// Schemes that the editor keeps as links; `javascript:` and `data:` are not among them.
const SAFE_SCHEMES: &[&str] = &[
    "http", "https", "ftp", "ftps", "git", "ssh", "mailto", "tel",
];
/// Deeper documents are refused. The editor stops far earlier.
const DEPTH_MAX: usize = 60;

/// Checks a document and returns what people read in it, a line for each block.
pub(super) fn read(document: &Value) -> Checked<String> {
    let doc = object(document, "doc")?;
    only_keys(doc, &["type", "version", "content"], "doc")?;
    if doc.get("type").and_then(Value::as_str) != Some("doc") {
        return Err("the document's type is not doc".to_owned());
    }
    if doc.get("version").and_then(Value::as_u64) != Some(1) {
        return Err("the document's version is not 1".to_owned());
    }
    let mut text = String::new();
    children(doc, "doc", TOP, 0, &mut text)?;
    Ok(text.trim_end().to_owned())
}

/// Checks the content of a node whose children may be of the kinds `allowed`.
fn children(
    node: &Map<String, Value>,
    place: &str,
    allowed: &[&str],
    depth: usize,
    text: &mut String,
) -> Checked<usize> {
    if depth > DEPTH_MAX {
        return Err("the document is nested too deeply".to_owned());
    }
    let content = match node.get("content") {
        None if place != "doc" => return Ok(0),
        Some(Value::Array(content)) => content,
        _ => return Err(format!("{place} has no content array")),
    };
    for child in content {
        let child = object(child, place)?;
        let kind = child
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !allowed.contains(&kind) {
            return Err(format!("{place} cannot hold a node of type '{kind}'"));
        }
        only_keys(child, &["type", "attrs", "content", "marks", "text"], kind)?;
        if kind != "text" && child.contains_key("text") {
            return Err(format!("{kind} has a text of its own"));
        }
        one(child, kind, place, depth, text)?;
    }
    Ok(content.len())
}

fn one(
    node: &Map<String, Value>,
    kind: &str,
    place: &str,
    depth: usize,
    text: &mut String,
) -> Checked<()> {
    if INLINE.contains(&kind) {
        return inline(node, kind, place, text);
    }
    block_marks(node, kind)?;
    let deeper = depth + 1;
    match kind {
        "paragraph" => children(node, kind, INLINE, deeper, text).map(drop)?,
        "heading" => {
            level(node)?;
            children(node, kind, INLINE, deeper, text)?;
        }
        "codeBlock" => {
            children(node, kind, &["text"], deeper, text)?;
        }
        "bulletList" | "orderedList" => some(node, kind, &["listItem"], deeper, text)?,
        "listItem" => {
            some(node, kind, IN_ITEM, deeper, text)?;
            item_start(node)?;
        }
        "blockquote" => some(node, kind, IN_QUOTE, deeper, text)?,
        "panel" => {
            one_of(node, kind, "panelType", PANELS)?;
            some(node, kind, IN_PANEL, deeper, text)?;
        }
        "table" => some(node, kind, &["tableRow"], deeper, text)?,
        "tableRow" => some(node, kind, &["tableCell", "tableHeader"], deeper, text)?,
        "tableCell" | "tableHeader" => some(node, kind, IN_CELL, deeper, text)?,
        "expand" => some(node, kind, IN_EXPAND, deeper, text)?,
        "nestedExpand" => some(node, kind, IN_PANEL, deeper, text)?,
        "taskList" => some(node, kind, &["taskItem", "taskList"], deeper, text)?,
        "decisionList" => some(node, kind, &["decisionItem"], deeper, text)?,
        "taskItem" => {
            one_of(node, kind, "state", &["TODO", "DONE"])?;
            children(node, kind, INLINE, deeper, text)?;
        }
        "decisionItem" => children(node, kind, INLINE, deeper, text).map(drop)?,
        "mediaSingle" => some(node, kind, &["media", "caption"], deeper, text)?,
        "mediaGroup" => some(node, kind, &["media"], deeper, text)?,
        "caption" => children(node, kind, INLINE, deeper, text).map(drop)?,
        "media" => one_of(node, kind, "type", &["file", "link", "external"])?,
        "blockCard" | "embedCard" => card(node, kind)?,
        _ => {}
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(())
}

fn inline(node: &Map<String, Value>, kind: &str, place: &str, text: &mut String) -> Checked<()> {
    if node.contains_key("content") {
        return Err(format!("{kind} cannot hold content"));
    }
    let attr = |name: &str| attribute(node, name).and_then(Value::as_str);
    match kind {
        "text" => {
            let words = node.get("text").and_then(Value::as_str).unwrap_or_default();
            if words.is_empty() {
                return Err("a text node is empty".to_owned());
            }
            if place == "codeBlock" && node.contains_key("marks") {
                return Err("a codeBlock's text has marks".to_owned());
            }
            marks(node)?;
            text.push_str(words);
        }
        "hardBreak" => text.push('\n'),
        "inlineCard" => {
            card(node, kind)?;
            text.push_str(attr("url").unwrap_or_default());
        }
        "mention" => text.push_str(
            attr("text")
                .or_else(|| attr("id"))
                .ok_or("a mention has no id")?,
        ),
        "emoji" => text.push_str(attr("shortName").ok_or("an emoji has no shortName")?),
        "date" => {
            let stamp = attr("timestamp").filter(|stamp| stamp.parse::<i64>().is_ok());
            text.push_str(stamp.ok_or("a date has no timestamp in milliseconds")?);
        }
        "status" => {
            let label = attr("text").filter(|label| !label.is_empty());
            text.push_str(label.ok_or("a status has no text")?);
            one_of(node, kind, "color", STATUS_COLOURS)?;
        }
        _ => {}
    }
    Ok(())
}

fn marks(node: &Map<String, Value>) -> Checked<()> {
    let Some(marks) = node.get("marks") else {
        return Ok(());
    };
    let marks = marks.as_array().ok_or("marks is not an array")?;
    let mut kinds = Vec::new();
    for mark in marks {
        let mark = object(mark, "marks")?;
        only_keys(mark, &["type", "attrs"], "mark")?;
        let kind = mark.get("type").and_then(Value::as_str).unwrap_or_default();
        mark_attributes(mark, kind)?;
        if kinds.contains(&kind) {
            return Err(format!("the mark '{kind}' is given twice"));
        }
        kinds.push(kind);
    }
    let beside_code = |kind: &&str| !["code", "link", "annotation"].contains(kind);
    match kinds.iter().find(|kind| beside_code(kind)) {
        Some(other) if kinds.contains(&"code") => {
            Err(format!("the mark 'code' cannot stand with '{other}'"))
        }
        _ => Ok(()),
    }
}

fn mark_attributes(mark: &Map<String, Value>, kind: &str) -> Checked<()> {
    let attr = |name: &str| attribute(mark, name).and_then(Value::as_str);
    match kind {
        "strong" | "em" | "code" | "strike" | "underline" | "annotation" => Ok(()),
        "link" => match attr("href") {
            Some(href) if safe_link(href) => Ok(()),
            Some(_) => Err("a link has an href that is not a link".to_owned()),
            None => Err("a link has no href".to_owned()),
        },
        "textColor" | "backgroundColor" => match attr("color") {
            Some(colour) if is_colour(colour) => Ok(()),
            _ => Err(format!("a {kind} has no colour such as #ff0000")),
        },
        "subsup" => one_of(mark, kind, "type", &["sub", "sup"]),
        _ => Err(format!("the mark '{kind}' is unknown")),
    }
}

/// Blocks may be aligned, indented or broken out, and nothing else.
fn block_marks(node: &Map<String, Value>, kind: &str) -> Checked<()> {
    let Some(marks) = node.get("marks") else {
        return Ok(());
    };
    let known = |mark: &Value| {
        let name = mark.get("type").and_then(Value::as_str).unwrap_or_default();
        ["alignment", "indentation", "breakout", "border", "link"].contains(&name)
    };
    match marks.as_array() {
        Some(marks) if marks.iter().all(known) => Ok(()),
        _ => Err(format!("{kind} has marks that a block cannot have")),
    }
}

fn some(
    node: &Map<String, Value>,
    kind: &str,
    allowed: &[&str],
    depth: usize,
    text: &mut String,
) -> Checked<()> {
    match children(node, kind, allowed, depth, text)? {
        0 => Err(format!("{kind} is empty")),
        _ => Ok(()),
    }
}

/// A list item begins with something other than a list.
fn item_start(node: &Map<String, Value>) -> Checked<()> {
    let first = node.get("content").and_then(|content| content.get(0));
    let kind = first
        .and_then(|first| first.get("type"))
        .and_then(Value::as_str);
    match kind {
        Some(kind) if LISTS.contains(&kind) => Err("a listItem begins with a list".to_owned()),
        _ => Ok(()),
    }
}

fn level(node: &Map<String, Value>) -> Checked<()> {
    match attribute(node, "level").and_then(Value::as_u64) {
        Some(1..=6) => Ok(()),
        _ => Err("a heading's level is not 1 to 6".to_owned()),
    }
}

fn card(node: &Map<String, Value>, kind: &str) -> Checked<()> {
    let url = attribute(node, "url").and_then(Value::as_str);
    let data = attribute(node, "data").is_some_and(Value::is_object);
    if data || url.is_some_and(safe_link) {
        Ok(())
    } else {
        Err(format!("{kind} has no url"))
    }
}

fn one_of(node: &Map<String, Value>, kind: &str, name: &str, known: &[&str]) -> Checked<()> {
    match attribute(node, name).and_then(Value::as_str) {
        Some(value) if known.contains(&value) => Ok(()),
        _ => Err(format!("{kind} has no {name} among {}", known.join(", "))),
    }
}

fn attribute<'a>(node: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    node.get("attrs")?.get(name)
}

fn object<'a>(value: &'a Value, place: &str) -> Checked<&'a Map<String, Value>> {
    value
        .as_object()
        .ok_or_else(|| format!("{place} holds something that is not an object"))
}

fn only_keys(node: &Map<String, Value>, known: &[&str], kind: &str) -> Checked<()> {
    match node.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{kind} has an unknown key '{key}'")),
        None => Ok(()),
    }
}

fn safe_link(href: &str) -> bool {
    if href.is_empty() || href.chars().any(char::is_control) {
        return false;
    }
    if href.starts_with(['/', '#']) {
        return true;
    }
    match href.split_once(':') {
        Some((scheme, rest)) => {
            !rest.is_empty()
                && SAFE_SCHEMES
                    .iter()
                    .any(|safe| safe.eq_ignore_ascii_case(scheme))
        }
        None => false,
    }
}

fn is_colour(colour: &str) -> bool {
    let digits = colour.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit())
}
