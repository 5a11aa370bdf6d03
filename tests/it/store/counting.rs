//! Counts that are kept are what counting anew would say, whatever happened.

use hubwatch::store::{Retention, Tallies};

use super::{
    tidying::{compare, tidy},
    *,
};

const LIVES: u64 = 12;
const STEPS: i64 = 60;

/// Some finding, in some state.
fn some(random: &mut fastrand::Rng, time: Timestamp) -> Raw {
    Raw {
        updated_at: time.to_string(),
        severity: random.choice(["LOW", "HIGH", "CRITICAL"]).unwrap(),
        compliance: random.choice(["FAILED", "PASSED", "WARNING"]).unwrap(),
        workflow: random.choice(["NEW", "SUPPRESSED", "NOTIFIED"]).unwrap(),
        ..raw(&format!("f{}", random.u8(0..40)))
    }
}

async fn step(store: &dyn Store, random: &mut fastrand::Rng, now: Timestamp) {
    match random.u8(0..10) {
        0..4 => {
            let count = random.usize(0..12);
            let mut raws: Vec<String> = (0..count).map(|_| some(random, now).text()).collect();
            if random.bool() {
                raws.push(format!(r#"{{"Id":"{}"}}"#, random.u8(0..9)));
            }
            let window = if random.bool() {
                a_tail()
            } else {
                a_backfill()
            };
            let pages = vec![page(window, false, &raws)];
            store.record(pages, now).await.unwrap();
        }
        4..7 => {
            let first_sync = if random.bool() { "notify" } else { "silent" };
            let limit = random.u32(1..30);
            store
                .decide(&rulebook(first_sync), Touched::ByAnything, limit, now)
                .await
                .unwrap();
        }
        7 => {
            let until = now + SignedDuration::from_mins(5);
            let leased = store.lease_deliveries("jira", 3, now, until).await.unwrap();
            for delivery in leased {
                let settlement = match random.u8(0..3) {
                    0 => Settlement::Dead {
                        reason: "no".to_owned(),
                    },
                    1 => Settlement::Later {
                        due_at: now,
                        reason: "busy".to_owned(),
                        in_doubt_since: None,
                    },
                    _ => Settlement::Delivered(Receipt {
                        reference: "SEC-1".to_owned(),
                        url: None,
                    }),
                };
                store.settle(delivery.id, settlement, now).await.unwrap();
            }
        }
        8 => {
            let met: Vec<String> = (0..10).map(|_| some(random, now).text()).collect();
            compare(store, &met, now).await;
        }
        _ => {
            let kept = Some(SignedDuration::from_hours(random.i64(0..20)));
            let retention = Retention {
                gone: kept,
                incidents: kept,
                rejected: kept,
            };
            tidy(store, retention, now).await;
        }
    }
}

/// What a query groups, as one text for each row.
fn counted(database: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    let mut rows: Vec<String> = rows.collect::<Result<_, _>>().unwrap();
    rows.sort();
    rows
}

fn sorted(rows: impl Iterator<Item = String>) -> Vec<String> {
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

fn check(database: &rusqlite::Connection, tallies: &Tallies) {
    let findings = tallies.findings.iter().filter(|t| t.count > 0);
    let findings = findings.map(|t| {
        let (severity, standing) = (t.severity.rank(), t.standing.code());
        format!("{} {severity} {standing} {}", t.scope.account, t.count)
    });
    let anew = "SELECT account || ' ' || severity || ' ' || standing || ' ' || count(*)
                FROM findings JOIN scopes ON scopes.id = key >> 40 GROUP BY account, severity, standing";
    assert_eq!(sorted(findings), counted(database, anew));
    let issues = tallies.issues.iter();
    let issues = issues.map(|(status, count)| format!("{} {count}", status.code()));
    let anew =
        "SELECT status || ' ' || count(*) FROM issues WHERE status IS NOT NULL GROUP BY status";
    assert_eq!(sorted(issues), counted(database, anew));
    let incidents = tallies.incidents.iter().map(|t| {
        let region = t.region.as_ref().map_or("", |region| region.as_str());
        let (severity, state, silent) = (t.severity.rank(), t.state.as_str(), t.silent);
        let silent = u8::from(silent);
        format!(
            "{} {region} {severity} {state} {silent} {}",
            t.account, t.count
        )
    });
    let anew =
        "SELECT accounts.text || ' ' || coalesce(regions.text, '') || ' ' || severity || ' ' || state
                    || ' ' || (NOT told) || ' ' || count(*)
                FROM incidents JOIN resources ON resources.id = incidents.resource
                JOIN texts AS accounts ON accounts.id = account
                LEFT JOIN texts AS regions ON regions.id = region
                GROUP BY account, region, severity, state, told";
    assert_eq!(sorted(incidents), counted(database, anew));
    let deliveries = tallies.deliveries.iter().map(|t| {
        let oldest = t.oldest.map_or(0, |at| at.as_microsecond());
        format!("{} {} {} {oldest}", t.sink, t.state.as_str(), t.count)
    });
    let anew = "SELECT sink || ' ' || state || ' ' || count(*) || ' '
                    || CASE state WHEN 'pending' THEN min(owed_at) ELSE 0 END
                FROM deliveries GROUP BY sink, state";
    assert_eq!(sorted(deliveries), counted(database, anew));
    let rejected = tallies.rejected.iter();
    let rejected = rejected.map(|(reason, count)| format!("{reason} {count}"));
    let anew = "SELECT reason || ' ' || count(*) FROM rejected GROUP BY reason";
    assert_eq!(sorted(rejected), counted(database, anew));
    for (table, count) in &tallies.size.rows {
        let decided = if *table == "issues" {
            "WHERE status IS NOT NULL"
        } else {
            ""
        };
        let anew = format!("SELECT count(*) || '' FROM {table} {decided}");
        assert_eq!(vec![count.to_string()], counted(database, &anew), "{table}");
    }
    // A body knows how many findings point to it, or it would go too early or never.
    let anew = "SELECT id || '' FROM bodies
                WHERE live <> (SELECT count(*) FROM findings WHERE body = bodies.id)";
    assert_eq!(counted(database, anew), Vec::<String>::new());
}

#[tokio::test]
async fn counts_are_what_counting_anew_says_after_any_life() {
    for seed in 0..LIVES {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        let mut random = fastrand::Rng::with_seed(seed);
        for hours in 1..=STEPS {
            let now = now() + SignedDuration::from_hours(hours);
            step(&*store, &mut random, now).await;
        }
        let database = rusqlite::Connection::open(directory.path().join("hubwatch.db")).unwrap();
        println!("seed {seed}");
        let tallies = store.tallies().await.unwrap();
        check(&database, &tallies);
        let bounded = store.measure(Detail::default()).await.unwrap().tallies;
        assert!(bounded.findings.is_empty() && bounded.incidents.is_empty());
        assert_eq!(bounded.all_findings(), tallies.all_findings());
        let all = hubwatch::domain::IncidentState::ALL;
        assert_eq!(bounded.incidents_in(&all), tallies.incidents_in(&all));
        // Every text is whole.
        assert_eq!(
            u64::try_from(raws_of(&*store).await.len()).unwrap(),
            tallies.all_findings()
        );
    }
}
