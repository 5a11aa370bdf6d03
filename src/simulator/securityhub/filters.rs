//! Filters of `GetFindings`: read with the checks that AWS makes, and applied to a finding.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    super::{
        answer::ApiError,
        clock::{self, DAY, Nanos},
    },
    fields::{self, Type},
    invalid_input,
};

/// AWS's bound of attributes in one request.
const MAX_ATTRIBUTES: usize = 10;
/// AWS's bound of values for one attribute.
const MAX_VALUES: usize = 20;

/// Conditions on different attributes, all of which must hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters {
    attributes: Vec<Attribute>,
    /// The hull of the `UpdatedAt` conditions, which the index serves.
    pub(super) updated: Option<(Nanos, Nanos)>,
    /// The ids asked for, when every id condition is an equality.
    pub(super) ids: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
struct Attribute {
    path: &'static [&'static str],
    wanted: Wanted,
}

#[derive(Debug, Clone)]
enum Wanted {
    Text(TextWanted),
    Dates(Vec<(Nanos, Nanos)>),
    Numbers(Vec<Vec<(Bound, f64)>>),
    Booleans(Vec<bool>),
    Networks(Vec<(IpAddr, u8)>),
    Maps(Vec<(String, String, bool)>),
    Keywords(Vec<String>),
}

/// Positive values are alternatives, negative ones must all hold, prefixes are looked at first.
#[derive(Debug, Clone, Default)]
struct TextWanted {
    equals: Vec<String>,
    prefixes: Vec<String>,
    not_equals: Vec<String>,
    not_prefixes: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast,
    AtMost,
    Equal,
    Above,
    Below,
}

impl Filters {
    /// Reads the `Filters` member of a request.
    pub(super) fn read(filters: Option<&Value>, now: Nanos) -> Result<Self, ApiError> {
        let Some(Value::Object(filters)) = filters else {
            return Ok(Self::default());
        };
        if filters.len() > MAX_ATTRIBUTES {
            return Err(invalid_input("Filters can have at most 10 attributes"));
        }
        let mut read = Self::default();
        for (name, values) in filters {
            let Some((_, kind, path)) = fields::field(name) else {
                return Err(invalid_input(&format!("Unknown filter {name}")));
            };
            let Value::Array(values) = values else {
                return Err(invalid_input(&format!("Filters.{name} must be a list")));
            };
            if values.len() > MAX_VALUES {
                return Err(invalid_input(&format!(
                    "Filters.{name} can have at most 20 values"
                )));
            }
            if values.is_empty() {
                continue;
            }
            let wanted = Wanted::read(name, *kind, values, now)?;
            read.remember(name, &wanted);
            read.attributes.push(Attribute { path, wanted });
        }
        Ok(read)
    }

    fn remember(&mut self, name: &str, wanted: &Wanted) {
        match (name, wanted) {
            ("UpdatedAt", Wanted::Dates(ranges)) => {
                let from = ranges.iter().map(|(from, _)| *from).min();
                let to = ranges.iter().map(|(_, to)| *to).max();
                self.updated = from.zip(to);
            }
            ("Id", Wanted::Text(text)) if text.prefixes.is_empty() && !text.equals.is_empty() => {
                self.ids = Some(text.equals.clone());
            }
            _ => {}
        }
    }

    /// Whether the index alone answers: nothing but one interval of `UpdatedAt` is asked for.
    pub(super) fn index_suffices(&self) -> bool {
        self.attributes.iter().all(|attribute| {
            matches!(&attribute.wanted, Wanted::Dates(ranges) if ranges.len() == 1)
                && attribute.path == ["UpdatedAt"]
        })
    }

    /// Whether a finding meets every condition.
    pub(super) fn admit(&self, finding: &Value) -> bool {
        self.attributes
            .iter()
            .all(|attribute| attribute.holds(finding))
    }
}

impl Attribute {
    fn holds(&self, finding: &Value) -> bool {
        if let Wanted::Keywords(words) = &self.wanted {
            let text = finding.to_string();
            return words.iter().any(|word| text.contains(word));
        }
        let mut found = Vec::new();
        collect(finding, self.path, &mut found);
        self.wanted.met_by(&found)
    }
}

/// The values at the end of a path; lists on the way and at the end are walked through.
pub(super) fn collect<'a>(value: &'a Value, path: &[&str], found: &mut Vec<&'a Value>) {
    match (value, path) {
        (Value::Array(values), _) => values.iter().for_each(|value| collect(value, path, found)),
        (Value::Object(members), [first, rest @ ..]) => {
            if let Some(member) = members.get(*first) {
                collect(member, rest, found);
            }
        }
        (value, []) => found.push(value),
        _ => {}
    }
}

impl Wanted {
    fn read(name: &str, kind: Type, values: &[Value], now: Nanos) -> Result<Self, ApiError> {
        let bad = |what: &str| invalid_input(&format!("Invalid filter {name}: {what}"));
        Ok(match kind {
            Type::Text => Self::Text(TextWanted::read(name, values)?),
            Type::Date => Self::Dates(each(values, |value| {
                date_range(value, now).map_err(|e| bad(&e))
            })?),
            Type::Number => Self::Numbers(each(values, |value| {
                let bounds = number_bounds(value);
                if bounds.is_empty() {
                    Err(bad("a number filter needs a bound"))
                } else {
                    Ok(bounds)
                }
            })?),
            Type::Boolean => Self::Booleans(each(values, |value| {
                value
                    .get("Value")
                    .and_then(Value::as_bool)
                    .ok_or_else(|| bad("Value must be a boolean"))
            })?),
            Type::Ip => Self::Networks(each(values, |value| {
                let cidr = value.get("Cidr").and_then(Value::as_str);
                cidr.and_then(network)
                    .ok_or_else(|| bad("Cidr must be an address or a network"))
            })?),
            Type::Map => Self::Maps(each(values, |value| {
                let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
                let negative = match value.get("Comparison").and_then(Value::as_str) {
                    Some("EQUALS") | None => false,
                    Some("NOT_EQUALS") => true,
                    Some(_) => return Err(bad("Comparison must be EQUALS or NOT_EQUALS")),
                };
                let (Some(key), Some(value)) = (text("Key"), text("Value")) else {
                    return Err(bad("Key and Value are required"));
                };
                Ok((key, value, negative))
            })?),
            Type::Keyword => Self::Keywords(each(values, |value| {
                let word = value.get("Value").and_then(Value::as_str);
                word.map(str::to_owned)
                    .ok_or_else(|| bad("Value must be a string"))
            })?),
        })
    }

    fn met_by(&self, found: &[&Value]) -> bool {
        match self {
            Self::Text(wanted) => wanted.met_by(
                &found
                    .iter()
                    .filter_map(|value| value.as_str())
                    .collect::<Vec<_>>(),
            ),
            Self::Dates(ranges) => found
                .iter()
                .filter_map(|value| instant(value))
                .any(|at| ranges.iter().any(|(from, to)| (from..=to).contains(&&at))),
            Self::Numbers(alternatives) => {
                found
                    .iter()
                    .filter_map(|value| value.as_f64())
                    .any(|number| {
                        alternatives.iter().any(|bounds| {
                            bounds
                                .iter()
                                .all(|(bound, limit)| bound.holds(number, *limit))
                        })
                    })
            }
            Self::Booleans(wanted) => found
                .iter()
                .filter_map(|value| value.as_bool())
                .any(|value| wanted.contains(&value)),
            Self::Networks(networks) => found
                .iter()
                .filter_map(|value| value.as_str()?.parse().ok())
                .any(|address| networks.iter().any(|network| contains(*network, address))),
            Self::Maps(entries) => {
                let holds = |key: &str, value: &str| {
                    found
                        .iter()
                        .any(|map| map.get(key).and_then(Value::as_str) == Some(value))
                };
                let mut positive = entries.iter().filter(|(.., negative)| !negative).peekable();
                let wanted =
                    positive.peek().is_none() || positive.any(|(key, value, _)| holds(key, value));
                let mut negative = entries.iter().filter(|(.., negative)| *negative);
                wanted && negative.all(|(key, value, _)| !holds(key, value))
            }
            Self::Keywords(_) => true,
        }
    }
}

impl TextWanted {
    fn read(name: &str, values: &[Value]) -> Result<Self, ApiError> {
        let mut wanted = Self::default();
        for value in values {
            let text = value.get("Value").and_then(Value::as_str);
            let comparison = value.get("Comparison").and_then(Value::as_str);
            let (Some(text), Some(comparison)) = (text, comparison) else {
                return Err(invalid_input(&format!(
                    "Filters.{name} needs Value and Comparison"
                )));
            };
            let list = match comparison {
                "EQUALS" => &mut wanted.equals,
                "PREFIX" => &mut wanted.prefixes,
                "NOT_EQUALS" => &mut wanted.not_equals,
                "PREFIX_NOT_EQUALS" => &mut wanted.not_prefixes,
                other => {
                    return Err(invalid_input(&format!(
                        "Comparison {other} is not supported by GetFindings"
                    )));
                }
            };
            list.push(text.to_owned());
        }
        let negative = !wanted.not_equals.is_empty() || !wanted.not_prefixes.is_empty();
        if negative && !wanted.equals.is_empty() {
            return Err(invalid_input(&format!(
                "Invalid filter {name}: EQUALS cannot be combined with NOT_EQUALS or PREFIX_NOT_EQUALS"
            )));
        }
        Ok(wanted)
    }

    /// A field that is not there equals nothing, and so fails no negative condition.
    fn met_by(&self, found: &[&str]) -> bool {
        let positive = self.equals.is_empty() && self.prefixes.is_empty()
            || found.iter().any(|text| {
                self.equals.iter().any(|wanted| wanted == text)
                    || self
                        .prefixes
                        .iter()
                        .any(|prefix| text.starts_with(prefix.as_str()))
            });
        positive
            && found.iter().all(|text| {
                !self.not_equals.iter().any(|unwanted| unwanted == text)
                    && !self
                        .not_prefixes
                        .iter()
                        .any(|prefix| text.starts_with(prefix.as_str()))
            })
    }
}

impl Bound {
    fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::AtLeast => number >= limit,
            Self::AtMost => number <= limit,
            Self::Equal => (number - limit).abs() < f64::EPSILON,
            Self::Above => number > limit,
            Self::Below => number < limit,
        }
    }
}

/// A timestamp as an instant, whatever its offset and precision.
pub(super) fn instant(value: &Value) -> Option<Nanos> {
    value.as_str()?.parse::<Timestamp>().ok().map(clock::nanos)
}

fn date_range(value: &Value, now: Nanos) -> Result<(Nanos, Nanos), String> {
    let time = |name: &str| match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(text) => instant(text)
            .map(Some)
            .ok_or_else(|| format!("{name} is not a timestamp")),
    };
    match (time("Start")?, time("End")?, value.get("DateRange")) {
        (Some(start), Some(end), None) if start <= end => Ok((start, end)),
        (Some(_), Some(_), None) => Err("Start must not be after End".to_owned()),
        (None, None, Some(range)) => {
            let days = range
                .get("Value")
                .and_then(Value::as_i64)
                .ok_or("DateRange needs a Value")?;
            if range.get("Unit").and_then(Value::as_str) != Some("DAYS") {
                return Err("DateRange.Unit must be DAYS".to_owned());
            }
            let edge = now.saturating_sub(days.saturating_mul(DAY));
            match range.get("Comparison").and_then(Value::as_str) {
                Some("WITHIN") | None => Ok((edge, now)),
                Some("OLDER_THAN") => Ok((Nanos::MIN, edge)),
                Some(_) => Err("DateRange.Comparison must be WITHIN or OLDER_THAN".to_owned()),
            }
        }
        (_, _, Some(_)) => Err("use DateRange, or Start and End".to_owned()),
        // AWS refuses one bound without the other.
        _ => Err("Both Start and End must be provided".to_owned()),
    }
}

fn number_bounds(value: &Value) -> Vec<(Bound, f64)> {
    [
        ("Gte", Bound::AtLeast),
        ("Lte", Bound::AtMost),
        ("Eq", Bound::Equal),
        ("Gt", Bound::Above),
        ("Lt", Bound::Below),
    ]
    .into_iter()
    .filter_map(|(name, bound)| Some((bound, value.get(name)?.as_f64()?)))
    .collect()
}

fn network(cidr: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = cidr
        .split_once('/')
        .map_or((cidr, None), |(a, bits)| (a, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
    (bits <= most).then_some((address, bits))
}

fn contains((network, bits): (IpAddr, u8), address: IpAddr) -> bool {
    let prefix = |number: u128, width: u32| {
        number
            .checked_shr(width.saturating_sub(u32::from(bits)))
            .unwrap_or(0)
    };
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            prefix(u128::from(u32::from(network)), 32) == prefix(u128::from(u32::from(address)), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            prefix(u128::from(network), 128) == prefix(u128::from(address), 128)
        }
        _ => false,
    }
}

fn each<T>(
    values: &[Value],
    read: impl Fn(&Value) -> Result<T, ApiError>,
) -> Result<Vec<T>, ApiError> {
    values.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn admits(filters: &Value, finding: &Value) -> bool {
        Filters::read(Some(filters), 1_767_323_045_000_000_000)
            .unwrap()
            .admit(finding)
    }

    fn refused(filters: &Value) -> bool {
        Filters::read(Some(filters), 0).is_err()
    }

    #[test]
    fn text_filters_follow_the_documented_logic() {
        let finding = json!({"Title": "Port 22 is open", "Resources": [{"Id": "a"}, {"Id": "b"}]});
        let title =
            |value: &str, comparison: &str| json!({"Value": value, "Comparison": comparison});
        for (filters, wanted) in [
            (json!({"Title": [title("Port 22 is open", "EQUALS")]}), true),
            (
                json!({"Title": [title("port 22 is open", "EQUALS")]}),
                false,
            ),
            (
                json!({"Title": [title("x", "EQUALS"), title("Port", "PREFIX")]}),
                true,
            ),
            (
                json!({"Title": [title("x", "NOT_EQUALS"), title("Port 22", "PREFIX_NOT_EQUALS")]}),
                false,
            ),
            (
                json!({"Title": [title("Port", "PREFIX"), title("Port 22 is open", "NOT_EQUALS")]}),
                false,
            ),
            (
                json!({"Title": [title("Port", "PREFIX"), title("Port 23", "PREFIX_NOT_EQUALS")]}),
                true,
            ),
            (json!({"ResourceId": [title("b", "EQUALS")]}), true),
            (
                json!({"ComplianceStatus": [title("PASSED", "NOT_EQUALS")]}),
                true,
            ),
            (
                json!({"ComplianceStatus": [title("PASSED", "EQUALS")]}),
                false,
            ),
            (
                json!({"Title": [title("Port", "PREFIX")], "ResourceId": [title("c", "EQUALS")]}),
                false,
            ),
        ] {
            assert_eq!(admits(&filters, &finding), wanted, "{filters}");
        }
    }

    #[test]
    fn every_other_type_of_filter_is_applied() {
        let finding = json!({
            "UpdatedAt": "2026-01-01T22:04:05-05:00", "Severity": {"Normalized": 70}, "Sample": false,
            "Network": {"SourceIpV4": "198.51.100.20"}, "ProductFields": {"a/b": "c"},
        });
        for (filters, wanted) in [
            (
                json!({"UpdatedAt": [{"Start": "2026-01-02T03:04:05Z", "End": "2026-01-02T03:04:05Z"}]}),
                true,
            ),
            (
                json!({"UpdatedAt": [{"Start": "2026-01-02T03:04:06Z", "End": "2026-01-02T04:00:00Z"}]}),
                false,
            ),
            (
                json!({"UpdatedAt": [{"DateRange": {"Value": 1, "Unit": "DAYS"}}]}),
                true,
            ),
            (
                json!({"UpdatedAt": [{"DateRange": {"Value": 1, "Unit": "DAYS", "Comparison": "OLDER_THAN"}}]}),
                false,
            ),
            (
                json!({"SeverityNormalized": [{"Gte": 70, "Lte": 89}]}),
                true,
            ),
            (json!({"SeverityNormalized": [{"Gt": 70}]}), false),
            (json!({"Sample": [{"Value": false}]}), true),
            (
                json!({"NetworkSourceIpV4": [{"Cidr": "198.51.100.0/24"}]}),
                true,
            ),
            (
                json!({"NetworkSourceIpV4": [{"Cidr": "198.51.101.0/24"}]}),
                false,
            ),
            (
                json!({"ProductFields": [{"Key": "a/b", "Value": "c", "Comparison": "EQUALS"}]}),
                true,
            ),
            (
                json!({"ProductFields": [{"Key": "a/b", "Value": "c", "Comparison": "NOT_EQUALS"}]}),
                false,
            ),
            (json!({"Keyword": [{"Value": "198.51"}]}), true),
        ] {
            assert_eq!(admits(&filters, &finding), wanted, "{filters}");
        }
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        let equals = json!({"Value": "a", "Comparison": "EQUALS"});
        for filters in [
            json!({"UpdatedAt": [{"Start": "2026-01-02T03:04:05Z"}]}),
            json!({"UpdatedAt": [{"Start": "2026-01-02T03", "End": "2026-01-03T03:00:00Z"}]}),
            json!({"Title": [equals, {"Value": "b", "Comparison": "NOT_EQUALS"}]}),
            json!({"Title": [{"Value": "b", "Comparison": "CONTAINS"}]}),
            json!({"ProcessedAt": [{"Start": "2026-01-02T03:04:05Z", "End": "2026-01-02T03:04:06Z"}]}),
            json!({"Title": vec![equals.clone(); 21]}),
        ] {
            assert!(refused(&filters), "{filters}");
        }
    }
}
