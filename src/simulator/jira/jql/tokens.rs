//! JQL's words, strings and signs.

/// One token and the column it begins at, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) column: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Written without quotes, so it may be a keyword.
    Word(String),
    /// Written in quotes, so it is only a value.
    Text(String),
    /// An operator or bracket.
    Sign(&'static str),
}

impl Kind {
    /// The token as an error names it.
    pub(super) fn shown(&self) -> &str {
        match self {
            Kind::Word(text) | Kind::Text(text) => text,
            Kind::Sign(sign) => sign,
        }
    }

    pub(super) fn is_word(&self, wanted: &str) -> bool {
        matches!(self, Kind::Word(word) if word.eq_ignore_ascii_case(wanted))
    }
}

/// Longest first, so that `!=` is not read as `!`.
const SIGNS: &[&str] = &[
    "!=", "!~", "<=", ">=", "=", "~", "<", ">", "(", ")", ",", "!", "&&", "||",
];

/// Characters that must be quoted (JQL documentation, "Reserved characters").
const RESERVED: &str = "{}[]*/%+^$#@?;|&\\`";

pub(super) fn tokens(jql: &str) -> Result<Vec<Token>, String> {
    let chars: Vec<char> = jql.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let column = at + 1;
        if c.is_whitespace() {
            at += 1;
        } else if c == '"' || c == '\'' {
            let (text, next) = quoted(&chars, at)?;
            tokens.push(Token {
                kind: Kind::Text(text),
                column,
            });
            at = next;
        } else if let Some(sign) = sign_at(&chars, at) {
            tokens.push(Token {
                kind: Kind::Sign(sign),
                column,
            });
            at += sign.len();
        } else if RESERVED.contains(c) || c.is_control() {
            return Err(reserved(c, column));
        } else {
            let rest = chars.iter().skip(at);
            let word: String = rest.take_while(|c| is_plain(**c)).collect();
            at += word.chars().count();
            tokens.push(Token {
                kind: Kind::Word(word),
                column,
            });
        }
    }
    Ok(tokens)
}

fn is_plain(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !RESERVED.contains(c) && !"\"'!=~<>(),".contains(c)
}

fn sign_at(chars: &[char], at: usize) -> Option<&'static str> {
    SIGNS.iter().copied().find(|sign| {
        sign.chars()
            .eq(chars.iter().skip(at).take(sign.len()).copied())
    })
}

/// Reads a quoted string that begins at `start`; returns it and the place after it.
fn quoted(chars: &[char], start: usize) -> Result<(String, usize), String> {
    let quote = chars.get(start).copied().unwrap_or('"');
    let mut text = String::new();
    let mut at = start + 1;
    while let Some(&c) = chars.get(at) {
        if c == quote {
            return Ok((text, at + 1));
        }
        if c == '\\' {
            let (escaped, next) = escape(chars, at)?;
            text.push(escaped);
            at = next;
        } else {
            text.push(c);
            at += 1;
        }
    }
    Err(format!(
        "Error in the JQL Query: The quoted string '{text}' has not been completed. (line 1, \
         character {})",
        start + 1
    ))
}

fn escape(chars: &[char], at: usize) -> Result<(char, usize), String> {
    let illegal = || {
        format!(
            "Error in the JQL Query: '\\{}' is an illegal JQL escape sequence. The valid escape \
             sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX. (line 1, character {})",
            chars.get(at + 1).map(char::to_string).unwrap_or_default(),
            at + 1
        )
    };
    let plain = match chars.get(at + 1) {
        Some('n') => '\n',
        Some('t') => '\t',
        Some('r') => '\r',
        Some(c @ ('"' | '\'' | '\\' | ' ')) => *c,
        Some('u') => {
            let digits: String = chars.iter().skip(at + 2).take(4).collect();
            let all = digits.len() == 4 && digits.chars().all(|c| c.is_ascii_hexdigit());
            let code = u32::from_str_radix(&digits, 16).ok().filter(|_| all);
            let c = code.and_then(char::from_u32).ok_or_else(illegal)?;
            return Ok((c, at + 6));
        }
        _ => return Err(illegal()),
    };
    Ok((plain, at + 2))
}

fn reserved(c: char, column: usize) -> String {
    let code = u32::from(c);
    format!(
        "Error in the JQL Query: The character '{c}' is a reserved JQL character. You must \
         enclose it in a string or use the escape '\\u{code:04x}' instead. (line 1, character \
         {column})"
    )
}
