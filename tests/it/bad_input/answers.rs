//! Answers that are no pages.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hubwatch::domain::{Clock, Coverage, CoverageState, Standing, Timestamp};
use jiff::SignedDuration;
use serde_json::Value;

use super::{
    Line,
    meddler::{Answer, Asked, Ends},
};

/// One way to spoil an answer.
type Spoil = fn(&mut Answer);

/// Every way, and its name.
const WAYS: [(&str, Spoil); 11] = [
    ("web page", |answer| {
        answer.body = "<html>Log in to the hotel network</html>".into();
        answer.set("content-type", "text/html");
    }),
    ("empty", |answer| answer.body = "".into()),
    ("another JSON", |answer| answer.body = "[]".into()),
    ("an error under a success", |answer| {
        answer.body = r#"{"message":"Internal server error"}"#.into();
    }),
    ("compressed", |answer| {
        answer.body = b"\x1f\x8b\x08\x00rest".to_vec().into();
        answer.set("content-encoding", "gzip");
    }),
    ("line breaks", |answer| {
        answer.ends = Ends::Short(answer.body.len());
        answer.body = answer.body.slice(..answer.body.len() / 2);
    }),
    ("half of it, as if it were whole", |answer| {
        answer.body = answer.body.slice(..answer.body.len() / 2);
    }),
    ("firewall", |answer| {
        answer.status = 403;
        answer.headers.clear();
        answer.body = "<h1>Blocked</h1>".into();
    }),
    ("bad gateway", |answer| {
        answer.status = 502;
        answer.body = "<h1>Bad Gateway</h1>".into();
    }),
    ("too large, and says so", |answer| {
        answer.ends = Ends::Never;
        answer.set("content-length", "1073741824");
    }),
    ("without end", |answer| answer.ends = Ends::Never),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_no_page_is_asked_for_again_and_nothing_is_lost() {
    let mut line = Line::lay(4, 300, Clock::system()).await;
    // Each page is refused three times, so that no page is given up.
    let pages = Arc::new(RwLock::new(BTreeMap::<String, usize>::new()));
    let (used, seen) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&pages));
    let counted = Arc::clone(&used);
    line.meddler.meddle(move |asked, answer| {
        let mut pages = seen.write().unwrap();
        let times = pages.entry(asked.body.clone()).or_default();
        *times += 1;
        if asked.is_findings() && answer.status == 200 && *times <= 3 {
            let way = counted.fetch_add(1, Ordering::SeqCst);
            WAYS[way % WAYS.len()].1(answer);
        }
    });
    line.run();
    line.until_synced().await;
    assert!(
        used.load(Ordering::SeqCst) >= WAYS.len(),
        "a test that cannot fail"
    );
    line.meddler.leave_alone();
    line.end().await.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_answers_are_no_pages_coverage_says_why() {
    let expected = [
        ("web page", "web page, as a proxy"),
        ("empty", "not a JSON object"),
        ("an error under a success", "no one array of findings"),
        ("compressed", "compressed"),
        ("half of it, as if it were whole", "not a JSON object"),
        ("firewall", "proxy or firewall"),
        ("too large, and says so", "larger than 64 MiB"),
    ];
    let mut line = Line::lay(2 * expected.len(), 800, Clock::system()).await;
    let mut accounts = line.accounts();
    accounts.truncate(expected.len());
    assert_eq!(accounts.len(), expected.len());
    // One way for each account, told by what stands on its pages.
    let of = accounts.clone();
    line.meddler.meddle(move |asked, answer| {
        let stands = |account: &String| {
            let field = format!("\"AwsAccountId\":\"{account}\"");
            asked.is_findings() && answer.text().contains(&field)
        };
        if let Some(number) = of.iter().position(stands) {
            let name = expected[number].0;
            let (_, spoil) = WAYS.iter().find(|(way, _)| *way == name).unwrap();
            spoil(answer);
        }
    });
    line.run();
    for (account, (_, words)) in accounts.iter().zip(expected) {
        until_error(&line, account, words).await;
    }
    line.meddler.leave_alone();
    for account in &accounts {
        until_error(&line, account, "").await;
    }
    line.end().await.assert_store_equals_hub().await;
}

/// Waits until an account's coverage has these words; no words mean that it is fine.
async fn until_error(line: &Line, account: &str, words: &str) {
    let mut last = None;
    // A page is tried for about half a minute before it is trouble.
    for _ in 0..600 {
        let coverage = line.store().coverage().await.unwrap();
        last = coverage
            .into_iter()
            .find(|coverage| coverage.scope.account.as_str() == account);
        let fits = last
            .as_ref()
            .is_some_and(|coverage| match coverage.error() {
                None => words.is_empty() && coverage.state == CoverageState::Ok,
                Some(error) => !words.is_empty() && error.contains(words),
            });
        if fits {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not {words}: {last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_another_type_is_read_all_the_same() {
    let mut line = Line::lay(2, 60, Clock::system()).await;
    line.meddler.meddle(|_, answer| {
        if answer.headers.contains_key("content-type") {
            answer.set("content-type", "text/plain; charset=latin-1");
        }
    });
    line.run();
    line.until_synced().await;
    line.end().await.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_go_stale_cost_a_part_and_no_finding() {
    let mut line = Line::lay(1, 3_000, Clock::system()).await;
    let refused = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refused);
    line.meddler.meddle(move |asked, answer| {
        let goes_on = asked.is_findings() && asked.body.contains("NextToken");
        // More often than one poll begins a window again.
        if goes_on && count.fetch_add(1, Ordering::SeqCst) < 6 {
            answer.status = 400;
            answer.set("x-amzn-errortype", "InvalidInputException");
            answer.body = r#"{"Message":"Invalid NextToken: Input Query has changed"}"#.into();
        }
    });
    line.run();
    let (account, _) = line.place();
    until_error(&line, &account, "").await;
    let refused = refused.load(Ordering::SeqCst);
    assert!(refused > 6, "{refused}: a test that cannot fail");
    line.end().await.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_go_in_a_circle_are_noticed_and_cost_no_other_scope() {
    let mut line = Line::lay(6, 600, Clock::system()).await;
    let (account, _) = line.place();
    let first_page = RwLock::new(None::<String>);
    let ours = format!("\"AwsAccountId\":\"{account}\"");
    line.meddler.meddle(move |asked, answer| {
        let mut page = first_page.write().unwrap();
        let token = match asked.body.split("\"NextToken\":\"").nth(1) {
            None if answer.text().contains(&ours) => {
                let end = answer.text().rfind(']').unwrap();
                *page = Some(answer.text()[..=end].to_owned());
                "one"
            }
            Some(rest) if rest.starts_with("one") => "two",
            Some(rest) if rest.starts_with("two") => "one",
            _ => return,
        };
        answer.status = 200;
        let findings = page.as_ref().unwrap();
        answer.body = format!("{findings},\"NextToken\":\"{token}\"}}").into();
    });
    line.run();
    until_error(&line, &account, "do not come to an end").await;
    // The others are read meanwhile.
    let coverage = line.store().coverage().await.unwrap();
    let fine = coverage.iter().filter(|c| c.state == CoverageState::Ok);
    assert_eq!(fine.count(), line.accounts().len() - 1, "{coverage:?}");
    line.meddler.leave_alone();
    until_error(&line, &account, "").await;
    line.end().await.assert_store_equals_hub().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_clock_that_reads_nothing_usable_does_not_keep_the_watch_from_looking() {
    let begin = Timestamp::now();
    let mut line = Line::lay(2, 200, Clock::fixed(begin)).await;
    line.run();
    line.until_synced().await;
    let (account, region) = line.place();
    let world = line.bench.simulator.world();
    let open = world.findings(&account, &region).unwrap().into_iter();
    let mut open = open.map(|raw| serde_json::from_str::<Value>(&raw).unwrap());
    let mut silent = open
        .find(|f| {
            f["Severity"]["Label"] == "CRITICAL"
                && f["RecordState"] == "ACTIVE"
                && f["Workflow"]["Status"] == "NEW"
                && f["Compliance"]["Status"] != "PASSED"
        })
        .unwrap();

    // Only what asks for a day back or more is spoilt: late deliveries and comparisons.
    let recent = begin - SignedDuration::from_hours(24);
    line.meddler.meddle(move |asked, answer| {
        let question: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let start = question["Filters"]["UpdatedAt"][0]["Start"].as_str();
        let start = start.and_then(|start| start.parse::<Timestamp>().ok());
        if asked.is_findings() && start.is_some_and(|start| start < recent) {
            answer.body = "<html>".into();
        }
    });
    silent["Workflow"]["Status"] = "SUPPRESSED".into();
    assert!(world.put(&account, &region, &silent));
    line.clock.set(begin + SignedDuration::from_mins(62));
    let id = silent["Id"].as_str().unwrap();
    let mut standing = None;
    for _ in 0..200 {
        standing = line.finding(id).await.map(|finding| finding.standing);
        if standing == Some(Standing::Suppressed) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(standing, Some(Standing::Suppressed));
    line.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_region_whose_members_cannot_be_listed_costs_no_other_and_is_remembered() {
    let mut line = Line::lay_wide(2, false).await;
    let truth = line.bench.simulator.world().truth();
    let ill = truth.scopes.iter().map(|s| s.region.clone()).max().unwrap();
    let refused = ill.clone();
    let refuse = move |asked: &Asked, answer: &mut Answer| {
        if asked.path == "/members" && asked.region == refused {
            answer.status = 503;
            answer.body = "".into();
        }
    };
    line.meddler.meddle(refuse.clone());
    line.run();
    let well = |c: &Coverage| c.state == CoverageState::Ok && c.seen_from.is_some();
    let unknown = |c: &Coverage| c.state == CoverageState::Unreachable && c.seen_from.is_none();
    let is_ill = |c: &Coverage| c.scope.region.as_str() == ill;
    until_all(&line, |c| if is_ill(c) { unknown(c) } else { well(c) }).await;

    line.meddler.leave_alone();
    until_all(&line, well).await;
    line.stop_loops().await;

    // Another run that meets the same trouble goes on from where the last one was.
    line.meddler.meddle(refuse);
    let seen: Vec<_> = line.store().coverage().await.unwrap();
    line.run();
    line.until_synced().await;
    let now = line.store().coverage().await.unwrap();
    for (before, now) in seen.iter().zip(&now) {
        assert_eq!(
            (&before.scope, &before.seen_from, before.state),
            (&now.scope, &now.seen_from, now.state)
        );
    }
    line.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_where_members_cannot_be_listed_is_not_gone_and_no_trouble_of_others() {
    let mut line = Line::lay_wide(2, true).await;
    let begin = line.clock.now();
    line.run();
    let well = |c: &Coverage| c.state == CoverageState::Ok && c.seen_from.is_some();
    until_all(&line, well).await;

    let coverage = line.store().coverage().await.unwrap();
    let home = coverage[0].seen_from.clone().unwrap().at.region;
    let world = line.bench.simulator.world();
    let mut linked = coverage.iter().filter(|c| c.scope.region != home);
    let (scope, raw) = linked
        .find_map(|c| {
            let (account, region) = (c.scope.account.as_str(), c.scope.region.as_str());
            let raw = world.findings(account, region)?.into_iter().next()?;
            Some((c.scope.clone(), raw))
        })
        .unwrap();
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    let deleted: Value = serde_json::from_str(&raw).unwrap();
    let text = |key: &str| deleted[key].as_str().unwrap();
    assert!(world.remove(account, region, text("ProductArn"), text("Id")));
    let refused = region.to_owned();
    line.meddler.meddle(move |asked, answer| {
        if asked.path == "/members" && asked.region == refused {
            answer.status = 503;
            answer.body = "".into();
        }
    });
    let compared = |hours| {
        let at = begin + SignedDuration::from_hours(hours);
        line.clock.set(at);
        let read = move |c: &Coverage| c.complete.reconcile >= Some(at);
        until_all(&line, move |c| well(c) && read(c))
    };
    compared(25).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for coverage in line.store().coverage().await.unwrap() {
        assert!(well(&coverage), "{coverage:?}");
    }
    let stored = line.finding(text("Id")).await.unwrap();
    assert_ne!(stored.standing, Standing::Gone);

    line.meddler.leave_alone();
    compared(50).await;
    let is_gone = async {
        while line.finding(text("Id")).await.unwrap().standing != Standing::Gone {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), is_gone)
        .await
        .unwrap();
    line.end().await;
}

/// Waits until every scope is as it should be.
async fn until_all(line: &Line, is: impl Fn(&Coverage) -> bool) {
    for _ in 0..300 {
        let coverage = line.store().coverage().await.unwrap();
        if !coverage.is_empty() && coverage.iter().all(&is) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", line.store().coverage().await.unwrap());
}
