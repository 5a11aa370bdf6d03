//! `GetFindings`: a page of what a vantage sees.

use std::cmp::Ordering;

use bytes::Bytes;
use serde_json::Value;

use super::{
    super::{
        answer::{ApiError, Reply},
        clock::Nanos,
        faults::Fate,
        world::{Order, Spot, View, World},
    },
    fields,
    filters::{self, Filters},
    invalid_input,
    token::{Position, Seal},
};

const MAX_RESULTS: usize = 100;
/// Answers grow with the findings; a page of a hundred has about this many bytes each.
const BYTES_EACH: usize = 3_500;

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Query {
    filters: Filters,
    order: Order,
    /// Fields to sort by when the index does not serve; `true` for descending.
    sort: Vec<(String, bool)>,
    max_results: usize,
    position: Position,
}

impl Query {
    /// Reads a request, and checks it as AWS would.
    pub(super) fn read(request: &Value, seal: Seal) -> Result<Self, ApiError> {
        let max_results = match request.get("MaxResults") {
            None | Some(Value::Null) => MAX_RESULTS,
            Some(value) => value
                .as_u64()
                .and_then(|number| usize::try_from(number).ok())
                .filter(|number| (1..=MAX_RESULTS).contains(number))
                .ok_or_else(|| {
                    invalid_input("Invalid parameter: MaxResults must be between 1 and 100")
                })?,
        };
        let (order, sort) = read_sort(request.get("SortCriteria"))?;
        let position = match request.get("NextToken").and_then(Value::as_str) {
            None | Some("") => Position::Start,
            Some(token) => seal.read(token)?,
        };
        Ok(Self {
            filters: Filters::read(request.get("Filters"), seal.now)?,
            order,
            sort,
            max_results,
            position,
        })
    }
}

/// An order that the index serves, or the fields to sort by.
fn read_sort(criteria: Option<&Value>) -> Result<(Order, Vec<(String, bool)>), ApiError> {
    let Some(Value::Array(criteria)) = criteria else {
        return Ok((Order::Stored, Vec::new()));
    };
    let mut sort = Vec::new();
    for criterion in criteria {
        let field = criterion.get("Field").and_then(Value::as_str);
        let field = field.ok_or_else(|| invalid_input("SortCriteria needs a Field"))?;
        let descending = match criterion.get("SortOrder").and_then(Value::as_str) {
            Some("desc") => true,
            Some("asc") | None => false,
            Some(_) => return Err(invalid_input("SortOrder must be asc or desc")),
        };
        sort.push((field.to_owned(), descending));
    }
    Ok(match sort.as_slice() {
        [] => (Order::Stored, sort),
        [(field, false)] if field == "UpdatedAt" => (Order::OldestFirst, Vec::new()),
        [(field, true)] if field == "UpdatedAt" => (Order::NewestFirst, Vec::new()),
        _ => (Order::Stored, sort),
    })
}

/// Answers a query.
pub(super) fn answer(world: &World, view: &View, query: &Query, seal: Seal, fate: &Fate) -> Reply {
    let page = match query.position {
        _ if !query.sort.is_empty() => sorted_page(world, view, query, fate),
        Position::Rank(_) => return Err(invalid_input("Invalid NextToken")),
        Position::Start | Position::After(_) => indexed_page(world, view, query, fate),
    };
    let mut body = String::with_capacity(page.texts.len() * BYTES_EACH + 512);
    body.push_str("{\"Findings\":[");
    for (position, text) in page.texts.iter().enumerate() {
        if position > 0 {
            body.push(',');
        }
        body.push_str(text);
    }
    body.push(']');
    if let Some(next) = page.next {
        body.push_str(",\"NextToken\":\"");
        body.push_str(&seal.write(next));
        body.push('"');
    }
    body.push('}');
    Ok(Bytes::from(body))
}

struct Page {
    texts: Vec<String>,
    next: Option<Position>,
}

/// Walks the index from where the last page ended.
fn indexed_page(world: &World, view: &View, query: &Query, fate: &Fate) -> Page {
    let between = query.filters.updated.unwrap_or((Nanos::MIN, Nanos::MAX));
    let after = match query.position {
        Position::After(spot) => shifted(world, view, query, between, spot, fate.shift),
        Position::Start | Position::Rank(_) => None,
    };
    let limit = fate
        .short
        .unwrap_or(query.max_results)
        .min(query.max_results);
    let spots: Box<dyn Iterator<Item = Spot>> = match &query.filters.ids {
        // Asked by id, there are few to look at; the order does not matter to anybody but the cursor.
        Some(ids) => {
            let mut spots: Vec<Spot> = ids
                .iter()
                .flat_map(|id| world.spots_with_id(view, id))
                .collect();
            spots.sort_unstable();
            spots.dedup();
            Box::new(
                spots
                    .into_iter()
                    .filter(move |spot| after.is_none_or(|after| *spot > after)),
            )
        }
        None => world.spots(view, query.order, between, after),
    };
    let mut texts = Vec::with_capacity(limit);
    let mut last = after;
    for spot in spots {
        let Some(text) = admitted(world, query, spot, fate) else {
            continue;
        };
        if texts.len() == limit {
            let next = last.map_or(Position::Start, Position::After);
            return Page {
                texts,
                next: Some(next),
            };
        }
        texts.push(text);
        last = Some(spot);
    }
    Page { texts, next: None }
}

/// The text of a finding that meets the query.
fn admitted(world: &World, query: &Query, spot: Spot, fate: &Fate) -> Option<String> {
    let text = if fate.stale {
        world.stale_text(spot.scope, spot.index)
    } else {
        world.text(spot.scope, spot.index)
    }?;
    if !query.filters.index_suffices() {
        let finding: Value = serde_json::from_str(&text).ok()?;
        if !query.filters.admit(&finding) {
            return None;
        }
    }
    Some(text.into_owned())
}

/// Pages that shift: the page starts some findings behind, or before, where it should.
fn shifted(
    world: &World,
    view: &View,
    query: &Query,
    between: (Nanos, Nanos),
    after: Spot,
    by: i64,
) -> Option<Spot> {
    let steps = usize::try_from(by.unsigned_abs()).unwrap_or(0);
    if steps == 0 {
        return Some(after);
    }
    if by > 0 {
        let mut ahead = world.spots(view, query.order, between, Some(after));
        return ahead.nth(steps - 1).or(Some(after));
    }
    // Walking back is walking the other way round, where the order has one.
    let back = match query.order {
        Order::OldestFirst => Order::NewestFirst,
        Order::NewestFirst => Order::OldestFirst,
        Order::Stored => return Some(after),
    };
    world.spots(view, back, between, Some(after)).nth(steps - 1)
}

/// Everything that matches, sorted by fields the index does not know. Dear, and rarely asked for.
fn sorted_page(world: &World, view: &View, query: &Query, fate: &Fate) -> Page {
    let between = query.filters.updated.unwrap_or((Nanos::MIN, Nanos::MAX));
    let mut found: Vec<(Vec<Key>, String)> = Vec::new();
    for spot in world.spots(view, Order::Stored, between, None) {
        let Some(text) = admitted(world, query, spot, fate) else {
            continue;
        };
        let finding: Value = serde_json::from_str(&text).unwrap_or_default();
        found.push((
            query
                .sort
                .iter()
                .map(|(field, _)| Key::of(&finding, field))
                .collect(),
            text,
        ));
    }
    found.sort_by(|(a, _), (b, _)| {
        let mut pairs = a.iter().zip(b).zip(&query.sort);
        pairs
            .find_map(|((a, b), (_, descending))| {
                let order = if *descending {
                    b.compare(a)
                } else {
                    a.compare(b)
                };
                (order != Ordering::Equal).then_some(order)
            })
            .unwrap_or(Ordering::Equal)
    });
    let start = match query.position {
        Position::Rank(rank) => rank,
        Position::Start | Position::After(_) => 0,
    };
    let limit = fate
        .short
        .unwrap_or(query.max_results)
        .min(query.max_results);
    let more = found.len() > start + limit;
    let texts = found
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|(_, text)| text)
        .collect();
    Page {
        texts,
        next: more.then_some(Position::Rank(start + limit)),
    }
}

/// What a finding is sorted by: instants before numbers before text, what is missing first.
#[derive(Debug)]
enum Key {
    Missing,
    Instant(Nanos),
    Number(f64),
    Text(String),
}

impl Key {
    fn of(finding: &Value, field: &str) -> Self {
        let mut found = Vec::new();
        filters::collect(finding, &fields::sort_path(field), &mut found);
        match found.first() {
            Some(value) if value.is_number() => Self::Number(value.as_f64().unwrap_or(0.0)),
            Some(value) => filters::instant(value).map_or_else(
                || Self::Text(value.as_str().unwrap_or_default().to_owned()),
                Self::Instant,
            ),
            None => Self::Missing,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Instant(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
        }
    }
}
