//! Documents that Jira takes, and documents that it does not.

use serde_json::json;

use super::*;

fn doc(content: Value) -> Value {
    json!({"type": "doc", "version": 1, "content": content})
}

#[test]
fn a_document_reads_as_its_lines() {
    let document = doc(json!([
        {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "What"}]},
        {"type": "paragraph", "content": [
            {"type": "text", "text": "Port 22 ", "marks": [{"type": "strong"}]},
            {"type": "text", "text": "open", "marks": [
                {"type": "link", "attrs": {"href": "https://example.com/?a=1"}}]},
            {"type": "hardBreak"},
            {"type": "status", "attrs": {"text": "CRITICAL", "color": "red"}}]},
        {"type": "bulletList", "content": [
            {"type": "listItem", "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": "one"}]}]}]},
        {"type": "table", "content": [{"type": "tableRow", "content": [
            {"type": "tableHeader", "attrs": {}, "content": [{"type": "paragraph"}]},
            {"type": "tableCell", "content": [
                {"type": "codeBlock", "content": [{"type": "text", "text": "x = 1"}]}]}]}]},
        {"type": "panel", "attrs": {"panelType": "warning"}, "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": "careful"}]}]},
        {"type": "rule"}
    ]));
    let text = read(&document).unwrap();
    assert_eq!(text, "What\nPort 22 open\nCRITICAL\none\nx = 1\ncareful");
}

#[test]
fn an_empty_document_is_a_document() {
    assert_eq!(read(&doc(json!([]))).unwrap(), "");
}

#[test]
fn what_is_not_a_document_is_refused_with_the_reason() {
    let p = |inline: Value| doc(json!([{"type": "paragraph", "content": [inline]}]));
    let linked = |href: &str| {
        p(json!({"type": "text", "text": "x",
                 "marks": [{"type": "link", "attrs": {"href": href}}]}))
    };
    let cases = [
        (json!("text"), "not an object"),
        (json!({"type": "doc", "content": []}), "version"),
        (
            json!({"type": "doc", "version": 2, "content": []}),
            "version",
        ),
        (json!({"type": "doc", "version": 1}), "content"),
        (
            json!({"type": "paragraph", "version": 1, "content": []}),
            "type is not doc",
        ),
        (
            doc(json!([{"type": "text", "text": "bare"}])),
            "cannot hold",
        ),
        (doc(json!([{"type": "marquee"}])), "cannot hold"),
        (
            doc(json!([{"type": "heading", "attrs": {"level": 7}}])),
            "level",
        ),
        (doc(json!([{"type": "bulletList", "content": []}])), "empty"),
        (
            doc(json!([{"type": "panel", "content": [{"type": "paragraph"}]}])),
            "panelType",
        ),
        (
            doc(json!([{"type": "paragraph", "style": "x"}])),
            "unknown key",
        ),
        (p(json!({"type": "text", "text": ""})), "empty"),
        (p(json!({"type": "text"})), "empty"),
        (
            p(json!({"type": "text", "text": "x", "marks": [{"type": "blink"}]})),
            "unknown",
        ),
        (
            p(json!({"type": "text", "text": "x", "marks": [{"type": "code"}, {"type": "em"}]})),
            "cannot stand",
        ),
        (linked(""), "not a link"),
        (linked("javascript:alert(1)"), "not a link"),
        (linked("example.com"), "not a link"),
        (p(json!({"type": "paragraph"})), "cannot hold"),
    ];
    for (document, told) in cases {
        let why = read(&document).expect_err(&document.to_string());
        assert!(why.contains(told), "{why} does not say {told}: {document}");
    }
}

#[test]
fn a_document_nested_without_end_is_refused() {
    let mut inner = json!({"type": "paragraph"});
    for _ in 0..200 {
        let item = json!({"type": "listItem", "content": [{"type": "paragraph"}, inner]});
        inner = json!({"type": "bulletList", "content": [item]});
    }
    assert!(read(&doc(json!([inner]))).unwrap_err().contains("deeply"));
}
