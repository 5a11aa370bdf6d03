//! Reads Rust well enough to see which paths a file names.

use std::path::{Path, PathBuf};

const TESTS_ONLY: &str = "#[cfg(test)]";

/// One file, read.
pub(super) struct Source {
    /// Relative to `src`.
    pub(super) path: PathBuf,
    /// The directory under `src`; `None` for `lib.rs` and `main.rs`.
    pub(super) room: Option<String>,
    /// The modules from the crate's root to this file.
    pub(super) module: Vec<String>,
    /// The text without comments, and with every literal emptied.
    pub(super) code: String,
}

impl Source {
    pub(super) fn new(path: &Path, text: &str) -> Self {
        let mut module: Vec<_> = path
            .with_extension("")
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if module
            .last()
            .is_some_and(|l| ["mod", "lib", "main"].contains(&l.as_str()))
        {
            module.pop();
        }
        Self {
            path: path.to_owned(),
            room: module.first().cloned(),
            module,
            code: bare(text),
        }
    }

    /// The modules in files of their own that only tests see.
    pub(super) fn test_modules(&self) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        for after in self.code.split(TESTS_ONLY).skip(1) {
            let words = words(after);
            let declared = words.iter().position(|w| w == "mod").unwrap_or(words.len());
            if let [_, name, end, ..] = &words[declared..]
                && end == ";"
            {
                found.push([self.module.as_slice(), std::slice::from_ref(name)].concat());
            }
        }
        found
    }

    /// The code without what only tests see.
    pub(super) fn without_tests(&self) -> String {
        let mut rest = self.code.as_str();
        let mut kept = String::new();
        while let Some((before, after)) = rest.split_once(TESTS_ONLY) {
            kept.push_str(before);
            rest = after_thing(after);
        }
        kept + rest
    }
}

/// What follows the first item: after its semicolon, or after its braces.
fn after_thing(code: &str) -> &str {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ';' => {}
            _ => continue,
        }
        if depth == 0 {
            return &code[at + c.len_utf8()..];
        }
    }
    ""
}

/// Code with comments removed and literals emptied.
fn bare(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::new();
    let mut at = 0;
    while at < chars.len() {
        let after = past_comment_or_literal(&chars, at);
        if after == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.push(' ');
            at = after;
        }
    }
    code
}

/// Where the comment or literal that begins here ends; here, when none does.
fn past_comment_or_literal(chars: &[char], at: usize) -> usize {
    let next = |ahead: usize| chars.get(at + ahead).copied().unwrap_or(' ');
    match (chars[at], next(1)) {
        ('/', '/') => position(chars, at, |c| c == '\n'),
        ('/', '*') => past_block_comment(chars, at),
        ('"', _) => past_quote(chars, at, '"'),
        ('r', '"' | '#') if !continues_word(chars, at) => past_raw_string(chars, at),
        // A character, and not a lifetime.
        ('\'', c) if c == '\\' || next(2) == '\'' => past_quote(chars, at, '\''),
        _ => at,
    }
}

fn past_block_comment(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn past_quote(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `r"…"` and `r#"…"#`; `r#name` is a name.
fn past_raw_string(chars: &[char], from: usize) -> usize {
    let quote = position(chars, from + 1, |c| c != '#');
    if chars.get(quote) != Some(&'"') {
        return from;
    }
    let hashes = quote - from - 1;
    let mut at = quote + 1;
    while at < chars.len() {
        let closing = chars[at + 1..].iter().take(hashes);
        if chars[at] == '"' && closing.filter(|c| **c == '#').count() == hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    chars.len()
}

fn position(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len())
        .find(|at| wanted(chars[*at]))
        .unwrap_or(chars.len())
}

fn continues_word(chars: &[char], at: usize) -> bool {
    // `br"…"` is a literal too.
    at > 0 && is_name(chars[at - 1]) && chars[at - 1] != 'b'
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Every path that code names through `crate::`, `super::`, `self::` or `hubwatch::`, from the
/// crate's root, as far as it is written. A glob ends in `*`.
pub(super) fn paths_in(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let words = words(code);
    let mut found = Vec::new();
    // Modules written in this file, each with the depth of braces at which it ends.
    let (mut inner, mut depth) = (Vec::<(String, usize)>::new(), 0);
    let mut at = 0;
    while at < words.len() {
        let word = words[at].as_str();
        match word {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inner.retain(|(_, opened)| *opened <= depth);
            }
            "mod" if words.get(at + 2).is_some_and(|w| w == "{") => {
                inner.push((words[at + 1].clone(), depth + 1));
            }
            "crate" | "super" | "self" | "hubwatch" if next_is(&words, at, "::") => {
                let mut here = module.to_vec();
                here.extend(inner.iter().map(|(name, _)| name.clone()));
                at = follow(&words, at, here, &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Follows the path that begins at a word, from a module. Says where it ends.
fn follow(words: &[String], from: usize, base: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    let (mut at, mut path) = (from, base);
    loop {
        match words.get(at).map(String::as_str) {
            Some("crate" | "hubwatch") => path.clear(),
            Some("super") => {
                path.pop();
            }
            Some("self") => {}
            Some("{") => return follow_group(words, at, &path, found),
            Some(word) if word == "*" || word.starts_with(is_name) => path.push(word.to_owned()),
            _ => break,
        }
        at += 1;
        if words.get(at).is_none_or(|w| w != "::") {
            break;
        }
        at += 1;
    }
    found.push(path);
    at
}

fn follow_group(
    words: &[String],
    from: usize,
    base: &[String],
    found: &mut Vec<Vec<String>>,
) -> usize {
    let mut at = from + 1;
    while at < words.len() && words[at] != "}" {
        let end = follow(words, at, base.to_vec(), found);
        at = end.max(at + 1);
        if words.get(at).is_some_and(|w| w == "as") {
            at += 2;
        }
        if words.get(at).is_some_and(|w| w == ",") {
            at += 1;
        }
    }
    at + 1
}

fn next_is(words: &[String], at: usize, wanted: &str) -> bool {
    words.get(at + 1).is_some_and(|w| w == wanted)
}

/// Names, `::`, and every other sign by itself.
fn words(code: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_name(first) {
            rest.find(|c| !is_name(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firsts(path: &str, text: &str) -> Vec<String> {
        let source = Source::new(Path::new(path), text);
        paths_in(&source.code, &source.module)
            .into_iter()
            .filter_map(|path| path.into_iter().next())
            .collect()
    }

    #[test]
    fn every_form_of_naming_a_room_is_seen() {
        for (text, rooms) in [
            ("use crate::store;", vec!["store"]),
            ("use crate::store as s;", vec!["store"]),
            ("use crate::*;", vec!["*"]),
            (
                "use crate::{domain::{store, clock}, notify};",
                vec!["domain", "domain", "notify"],
            ),
            (
                "use crate::{\n    self as root, store::{self, Rows as R},\n};",
                vec!["store", "store"],
            ),
            ("use super::super::store::Rows;", vec!["store"]),
            ("use super::{super::store, page};", vec!["store", "aws"]),
            (
                "fn f(_: &crate::notify::X) -> crate :: store :: Y {}",
                vec!["notify", "store"],
            ),
            (
                "mod tests { use super::super::super::http::X; }",
                vec!["http"],
            ),
            (
                "macro_rules! m { () => { $crate::store::X } }",
                vec!["store"],
            ),
        ] {
            assert_eq!(firsts("aws/fetch.rs", text), rooms, "{text}");
        }
    }

    #[test]
    fn a_module_that_is_called_like_a_room_is_not_the_room() {
        assert_eq!(
            firsts("notify/jira/api.rs", "use super::config::Config;"),
            ["notify"]
        );
        assert_eq!(
            firsts("notify/jira/mod.rs", "use self::config::Config;"),
            ["notify"]
        );
        let after = "mod inner { fn f() {} }\nuse super::store::X;";
        assert_eq!(firsts("notify/page.rs", after), ["notify"]);
        assert!(firsts("notify/page.rs", "pub(crate) fn store() {}").is_empty());
    }

    #[test]
    fn comments_and_literals_name_nothing() {
        let text = r####"
            // use crate::store;
            /* use crate::store; /* nested */ use crate::store; */
            const A: &str = "crate::store";
            const B: &str = r#"crate::store " crate::store"#;
            const C: &[u8] = br"crate::store";
            const D: (char, char) = ('"', '\'');
            fn f<'a>(_: &'a str) -> crate::notify::X<'a> {}
        "####;
        assert_eq!(firsts("aws/fetch.rs", text), ["notify"]);
    }

    #[test]
    fn what_only_tests_see_is_taken_out() {
        let text = "use a;\n#[cfg(test)]\nmod tests { fn f() { b(); } }\nfn g() {}\n\
                    #[cfg(test)]\nmod contract;\nfn h() {}";
        let source = Source::new(Path::new("aws/fetch.rs"), text);
        assert_eq!(source.test_modules(), [["aws", "fetch", "contract"]]);
        let kept = source.without_tests();
        assert!(kept.contains("use a") && kept.contains("fn g") && kept.contains("fn h"));
        assert!(!kept.contains("b()") && !kept.contains("contract"));
    }
}
