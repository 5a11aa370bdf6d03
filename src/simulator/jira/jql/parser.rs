//! JQL into conditions, with Jira's complaints.

use jiff::Timestamp;

use super::clause::{Clause, Field, Operator, read_instant};
use super::tokens::{Kind, Token, tokens};
use super::{Condition, Order, Query};
use crate::simulator::jira::settings::Settings;

/// Parentheses and NOTs within each other.
const DEPTH_MAX: usize = 40;
/// Fields of ORDER BY (Atlassian OpenAPI).
const ORDER_MAX: usize = 7;
/// Words that must be quoted to be values; the ones that matter here, of Jira's long list.
const RESERVED_WORDS: &[&str] = &[
    "and", "or", "not", "in", "is", "order", "by", "asc", "desc", "was", "changed", "select",
    "from", "where", "delete", "update", "insert", "drop", "as", "if", "else", "then", "end",
];

/// Reads a query. The error is a message for `errorMessages`.
pub(in super::super) fn parse(jql: &str, settings: &Settings) -> Result<Query, String> {
    let mut parser = Parser {
        tokens: tokens(jql)?,
        at: 0,
        settings,
        now: Timestamp::now(),
    };
    let condition = match parser.peek() {
        None => None,
        Some(token) if token.kind.is_word("order") => None,
        Some(_) => Some(parser.any(0)?),
    };
    let order = if parser.take_word("order") {
        parser.order()?
    } else {
        Vec::new()
    };
    match parser.peek() {
        None => Ok(Query { condition, order }),
        Some(token) => Err(expecting("either 'OR' or 'AND'", Some(token))),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    settings: &'a Settings,
    now: Timestamp,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = self.peek().is_some_and(|token| token.kind.is_word(word));
        self.at += usize::from(taken);
        taken
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let taken = self
            .peek()
            .is_some_and(|token| matches!(token.kind, Kind::Sign(found) if found == sign));
        self.at += usize::from(taken);
        taken
    }

    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut parts = vec![self.all(depth)?];
        while self.take_word("or") || self.take_sign("||") {
            parts.push(self.all(depth)?);
        }
        Ok(single(parts, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut parts = vec![self.one(depth)?];
        while self.take_word("and") || self.take_sign("&&") {
            parts.push(self.one(depth)?);
        }
        Ok(single(parts, Condition::All))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > DEPTH_MAX {
            return Err("Error in the JQL Query: The query is too complex.".to_owned());
        }
        if self.take_word("not") || self.take_sign("!") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.take_sign("(") {
            let inner = self.any(depth + 1)?;
            if self.take_sign(")") {
                return Ok(inner);
            }
            return Err(expecting("')'", self.peek()));
        }
        self.clause().map(Condition::Is)
    }

    fn clause(&mut self) -> Result<Clause, String> {
        let (name, field) = self.field()?;
        let operator = self.operator()?;
        if !field.takes(operator) {
            let told = "The operator used is not supported by the field";
            return Err(format!("{told} '{name}'."));
        }
        let given = if [Operator::IsEmpty, Operator::IsNotEmpty].contains(&operator) {
            Vec::new()
        } else if [Operator::In, Operator::NotIn].contains(&operator) {
            self.list()?
        } else {
            vec![self.value()?]
        };
        let mut clause = Clause {
            field,
            operator,
            values: Vec::new(),
            instants: Vec::new(),
        };
        for value in given {
            if field.is_instant() {
                let told = "Date value '{}' for field '{}' is invalid. Valid formats include: \
                            'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or \
                            a period format e.g. '-5d', '4w 2d'.";
                let told = told.replacen("{}", &value, 1).replacen("{}", &name, 1);
                clause
                    .instants
                    .push(read_instant(&value, self.now).ok_or(told)?);
            } else {
                let told = format!("The value '{value}' does not exist for the field '{name}'.");
                let known = field.known_value(&value, self.settings);
                clause.values.push(known.ok_or(told)?);
            }
        }
        Ok(clause)
    }

    fn field(&mut self) -> Result<(String, Field), String> {
        let token = self.next();
        let name = match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Word(word)) if !is_reserved(word) => word.clone(),
            Some(Kind::Text(text)) => text.clone(),
            _ => return Err(expecting("a field name", token.as_ref())),
        };
        let told =
            format!("Field '{name}' does not exist or you do not have permission to view it.");
        let field = Field::read(&name).ok_or(told)?;
        Ok((name, field))
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let token = self.next();
        let expected = "operator before the end of the query. The valid operators are '=', '!=', \
                        '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'";
        match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Sign("=")) => Ok(Operator::Equals),
            Some(Kind::Sign("!=")) => Ok(Operator::NotEquals),
            Some(Kind::Sign("~")) => Ok(Operator::Contains),
            Some(Kind::Sign("!~")) => Ok(Operator::NotContains),
            Some(Kind::Sign("<")) => Ok(Operator::Less),
            Some(Kind::Sign("<=")) => Ok(Operator::LessOrEqual),
            Some(Kind::Sign(">")) => Ok(Operator::Greater),
            Some(Kind::Sign(">=")) => Ok(Operator::GreaterOrEqual),
            Some(kind) if kind.is_word("in") => Ok(Operator::In),
            Some(kind) if kind.is_word("not") && self.take_word("in") => Ok(Operator::NotIn),
            Some(kind) if kind.is_word("is") => {
                let not = self.take_word("not");
                if !self.take_word("empty") && !self.take_word("null") {
                    return Err(expecting("'EMPTY' or 'NULL'", self.peek()));
                }
                Ok(if not {
                    Operator::IsNotEmpty
                } else {
                    Operator::IsEmpty
                })
            }
            _ => Err(expecting(expected, token.as_ref())),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        if !self.take_sign("(") {
            return Err(expecting("'('", self.peek()));
        }
        let mut values = vec![self.value()?];
        while self.take_sign(",") {
            values.push(self.value()?);
        }
        if self.take_sign(")") {
            Ok(values)
        } else {
            Err(expecting("',' or ')'", self.peek()))
        }
    }

    fn value(&mut self) -> Result<String, String> {
        let token = self.next();
        match token.as_ref().map(|token| &token.kind) {
            Some(Kind::Text(text)) => Ok(text.clone()),
            Some(Kind::Word(word)) if is_reserved(word) => Err(format!(
                "Error in the JQL Query: '{word}' is a reserved JQL word. You must surround it in \
                 quotation marks to use it in a query. (line 1, character {})",
                token.as_ref().map_or(0, |token| token.column)
            )),
            Some(kind) if kind.is_word("empty") || kind.is_word("null") => Ok(String::new()),
            Some(Kind::Word(word)) if self.take_sign("(") => {
                let closed = self.take_sign(")");
                match (word.eq_ignore_ascii_case("now"), closed) {
                    (true, true) => Ok("now()".to_owned()),
                    _ => Err(format!("Unable to find JQL function '{word}()'.")),
                }
            }
            Some(Kind::Word(word)) => Ok(word.clone()),
            _ => Err(expecting(
                "either a value, list or function",
                token.as_ref(),
            )),
        }
    }

    fn order(&mut self) -> Result<Vec<Order>, String> {
        if !self.take_word("by") {
            return Err(expecting("'BY'", self.peek()));
        }
        let mut order = Vec::new();
        loop {
            let (_, field) = self.field()?;
            let descending = self.take_word("desc");
            if !descending {
                self.take_word("asc");
            }
            order.push(Order { field, descending });
            if !self.take_sign(",") {
                break;
            }
        }
        if order.len() > ORDER_MAX {
            return Err(format!(
                "The query has more than {ORDER_MAX} ORDER BY fields."
            ));
        }
        Ok(order)
    }
}

fn single(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED_WORDS
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(word))
}

fn expecting(what: &str, got: Option<&Token>) -> String {
    match got {
        Some(token) => format!(
            "Error in the JQL Query: Expecting {what} but got '{}'. (line 1, character {})",
            token.kind.shown(),
            token.column
        ),
        None => format!("Error in the JQL Query: Expecting {what} before the end of the query."),
    }
}
