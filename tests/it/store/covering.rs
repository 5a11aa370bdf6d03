//! How well scopes can be read, and how far they are recorded.

use super::*;

#[tokio::test]
async fn progress_moves_with_the_last_page_only() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let first = SyncProgress::first_contact(now());
    store
        .begin_window(&here(), a_backfill(), first)
        .await
        .unwrap();

    store
        .record(vec![page(a_backfill(), false, &[raw("a").text()])], now())
        .await
        .unwrap();
    let known = store.progress(&here()).await.unwrap();
    assert_eq!(
        (known.progress, known.begun),
        (Some(first), vec![BegunWindow::at_start(a_backfill())])
    );

    store
        .record(vec![page(a_backfill(), true, &[])], now())
        .await
        .unwrap();
    let known = store.progress(&here()).await.unwrap();
    assert_eq!(known.progress.unwrap().history_from, a_backfill().start);
    assert!(known.begun.is_empty());
}

#[tokio::test]
async fn a_poll_does_not_overrule_a_census_that_ended_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let progress = SyncProgress::first_contact(now());
    store
        .begin_window(&here(), a_backfill(), progress)
        .await
        .unwrap();
    let account = scope().account.to_string();
    let suspended = entry(&account, Some(CoverageState::Suspended));
    store.take_census(vec![suspended], now()).await.unwrap();
    store
        .record(vec![page(a_backfill(), true, &[])], now())
        .await
        .unwrap();
    assert_eq!(states(&*store).await, [CoverageState::Suspended]);
}

/// Whatever stands in the way of reading a scope, by a census that ended while a poll went on.
const KNOWN_BY_A_CENSUS: [CoverageState; 3] = [
    CoverageState::Suspended,
    CoverageState::RegionDisabled,
    CoverageState::Denied,
];

#[tokio::test]
async fn what_a_poll_says_late_of_a_scope_that_a_census_ruled_out_changes_nothing() {
    for ruled_out in KNOWN_BY_A_CENSUS {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        let account = scope().account.to_string();
        let listed = vec![entry(&account, None)];
        store.take_census(listed.clone(), now()).await.unwrap();
        let everything = Window {
            start: ORIGIN,
            ..a_backfill()
        };
        read(&*store, &[everything], now()).await;
        assert_eq!(states(&*store).await, [CoverageState::Ok]);

        let off = vec![entry(&account, Some(ruled_out))];
        store.take_census(off, now()).await.unwrap();
        let quiet = page(a_tail(), true, &[]);
        store.record(vec![quiet], now()).await.unwrap();
        assert_eq!(states(&*store).await, [ruled_out], "a tail");
        store
            .note_trouble(&here(), CoverageState::Unreachable, "no answer", now())
            .await
            .unwrap();
        let coverage = store.coverage().await.unwrap();
        assert_eq!(coverage[0].state, ruled_out, "trouble");
        assert_eq!(coverage[0].error(), Some("why"));

        store.take_census(listed, now()).await.unwrap();
        let quiet = page(a_tail(), true, &[]);
        store.record(vec![quiet], now()).await.unwrap();
        assert_eq!(states(&*store).await, [CoverageState::Ok], "back again");
    }
}

#[tokio::test]
async fn what_only_a_poll_can_tell_of_a_scope_outlasts_the_next_census() {
    // The account's Regions are configured, or its administrator does not see it there: discovery does
    // not know that the account has not enabled the Region.
    for told in [
        CoverageState::RegionDisabled,
        CoverageState::NotSubscribed,
        CoverageState::Denied,
    ] {
        let directory = tempfile::tempdir().unwrap();
        let store = store(directory.path());
        let listed = vec![entry(&scope().account.to_string(), None)];
        store.take_census(listed.clone(), now()).await.unwrap();
        store
            .note_trouble(&here(), told, "the poll's words", now())
            .await
            .unwrap();
        let later = now() + SignedDuration::from_mins(10);
        store.take_census(listed, later).await.unwrap();
        let coverage = store.coverage().await.unwrap();
        assert_eq!(coverage[0].state, told);
        assert_eq!(coverage[0].since, now(), "it never ended");
        assert_eq!(coverage[0].error(), Some("the poll's words"));
    }
}

#[tokio::test]
async fn a_role_that_a_census_missed_may_be_there_before_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let account = scope().account.to_string();
    let missing = entry(&account, Some(CoverageState::RoleMissing));
    store.take_census(vec![missing], now()).await.unwrap();
    let everything = Window {
        start: ORIGIN,
        ..a_backfill()
    };
    read(&*store, &[everything], now()).await;
    assert_eq!(states(&*store).await, [CoverageState::Ok]);
}

#[tokio::test]
async fn a_quiet_tail_that_is_written_late_takes_nothing_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let everything = Window {
        start: ORIGIN,
        ..a_backfill()
    };
    let first = tail("2026-05-01T11:50:00Z", "2026-05-01T12:01:00Z");
    let second = tail("2026-05-01T11:51:00Z", "2026-05-01T12:02:00Z");
    let third = tail("2026-05-01T11:52:00Z", "2026-05-01T12:03:00Z");
    read(&*store, &[everything, second], now()).await;
    // The third has begun and goes on over several pages.
    let progress = store.progress(&here()).await.unwrap().progress.unwrap();
    store.begin_window(&here(), third, progress).await.unwrap();
    let late = page(first, true, &[]);
    store.record(vec![late], now()).await.unwrap();

    let known = store.progress(&here()).await.unwrap();
    assert_eq!(known.begun, [BegunWindow::at_start(third)]);
    assert_eq!(known.progress, Some(progress));
    let complete = store.coverage().await.unwrap()[0].complete;
    assert_eq!(complete.tail, Some(second.end));
    let part = PageRecord {
        reached: Reached::UpTo(WindowKind::Tail, now()),
        ..page(third, false, &[raw("a").text()])
    };
    store.record(vec![part], now()).await.unwrap();
}

#[tokio::test]
async fn every_scope_is_in_exactly_one_state_through_leaving_and_coming_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let suspended = Some(CoverageState::Suspended);
    store
        .take_census(vec![entry("1", None), entry("2", suspended)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Backfilling, CoverageState::Suspended]
    );

    store
        .take_census(vec![entry("2", None)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Stale, CoverageState::Backfilling]
    );

    store
        .take_census(vec![entry("1", None), entry("2", None)], now())
        .await
        .unwrap();
    assert_eq!(
        states(&*store).await,
        [CoverageState::Backfilling, CoverageState::Backfilling]
    );
}

#[tokio::test]
async fn a_scope_that_cannot_be_read_keeps_its_findings() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let census = vec![entry(scope().account.as_str(), None)];
    store.take_census(census, now()).await.unwrap();
    let first = SyncProgress::first_contact(now());
    let everything = Window {
        start: ORIGIN,
        ..a_backfill()
    };
    store
        .begin_window(&here(), everything, first)
        .await
        .unwrap();
    store
        .record(vec![page(everything, true, &[raw("a").text()])], now())
        .await
        .unwrap();
    assert_eq!(states(&*store).await, [CoverageState::Ok]);

    store
        .note_trouble(&here(), CoverageState::Denied, "no", now())
        .await
        .unwrap();
    let coverage = store.coverage().await.unwrap();
    assert_eq!(coverage[0].state, CoverageState::Denied);
    assert_eq!(coverage[0].last_complete(), Some(now()));
    assert_eq!(raws_of(&*store).await.len(), 1);
}

fn window(kind: WindowKind, start: &str, end: &str) -> Window {
    Window {
        kind,
        start: at(start),
        end: at(end),
    }
}

/// Records windows to their end, one after the other, at one time.
async fn read(store: &dyn Store, windows: &[Window], now: Timestamp) {
    let first = SyncProgress::first_contact(super::now());
    for window in windows {
        store.begin_window(&here(), *window, first).await.unwrap();
        let last = page(*window, true, &[]);
        store.record(vec![last], now).await.unwrap();
    }
}

#[tokio::test]
async fn each_clock_has_its_own_last_complete_window() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let everything = Window {
        start: ORIGIN,
        ..a_backfill()
    };
    let read_at = at("2026-05-01T12:30:00Z");
    read(&*store, &[everything], read_at).await;
    let complete = store.coverage().await.unwrap()[0].complete;
    assert_eq!(complete.backfill, Some(read_at));
    assert_eq!(
        (complete.tail, complete.late, complete.reconcile),
        (None, None, None)
    );

    // What counts is how far a window reached, not when its last page came.
    let tail = tail("2026-05-01T12:00:00Z", "2026-05-01T13:00:00Z");
    let late = window(
        WindowKind::Late,
        "2026-04-30T12:00:00Z",
        "2026-05-01T13:01:00Z",
    );
    let all = window(
        WindowKind::Reconcile,
        "2010-01-01T00:00:00Z",
        "2026-05-01T13:02:00Z",
    );
    read(&*store, &[tail, late, all], at("2026-05-01T14:00:00Z")).await;
    let coverage = store.coverage().await.unwrap().remove(0);
    let complete = coverage.complete;
    assert_eq!(
        (complete.tail, complete.late, complete.reconcile),
        (Some(tail.end), Some(late.end), Some(all.end))
    );
    assert_eq!(coverage.last_complete(), Some(all.end));
    assert_eq!(coverage.progress.unwrap().watermark, tail.end);
}

#[tokio::test]
async fn a_round_of_asking_by_id_is_complete_as_of_its_begin() {
    let directory = tempfile::tempdir().unwrap();
    let store = compared(directory.path()).await;
    let watched = async || store.coverage().await.unwrap()[0].complete.watch;
    let minute = |n| now() + SignedDuration::from_mins(n);
    store
        .note_watched(&here(), Some(1), minute(1))
        .await
        .unwrap();
    store
        .note_watched(&here(), Some(2), minute(2))
        .await
        .unwrap();
    assert_eq!(watched().await, None, "the round goes on");
    store.note_watched(&here(), None, minute(3)).await.unwrap();
    assert_eq!(watched().await, Some(minute(1)));
    // A round of one turn.
    store.note_watched(&here(), None, minute(9)).await.unwrap();
    assert_eq!(watched().await, Some(minute(9)));
    store
        .note_watched(&here(), Some(1), minute(10))
        .await
        .unwrap();
    assert_eq!(
        watched().await,
        Some(minute(9)),
        "the next round has only begun"
    );
}

#[tokio::test]
async fn trouble_is_remembered_with_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let listed = entry(scope().account.as_str(), None);
    store.take_census(vec![listed], now()).await.unwrap();
    let denied = CoverageState::Denied;
    let hour = |n| now() + SignedDuration::from_hours(n);
    for (n, words) in [(1, "no"), (2, "still no")] {
        let noted = store.note_trouble(&here(), denied, words, hour(n)).await;
        noted.unwrap();
    }
    let coverage = store.coverage().await.unwrap().remove(0);
    let trouble = coverage.trouble.clone().unwrap();
    assert_eq!(
        (coverage.error(), coverage.since),
        (Some("still no"), hour(1))
    );
    assert_eq!((trouble.at, trouble.over_at), (hour(2), None));

    read(&*store, &[a_backfill()], hour(3)).await;
    read(
        &*store,
        &[tail("2026-05-01T12:00:00Z", "2026-05-01T15:00:00Z")],
        hour(4),
    )
    .await;
    let coverage = store.coverage().await.unwrap().remove(0);
    let trouble = coverage.trouble.clone().unwrap();
    assert_eq!(coverage.error(), None);
    assert_eq!(
        (&*trouble.words, trouble.over_at),
        ("still no", Some(hour(3)))
    );
}

#[tokio::test]
async fn a_summary_is_bounded_and_leaves_nothing_uncounted() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    let account = |n: usize| format!("{n:012}");
    let trouble = |n: usize| (n >= 97).then_some(CoverageState::Suspended);
    let census = (0..100).map(|n| entry(&account(n), trouble(n)));
    store.take_census(census.collect(), now()).await.unwrap();
    // Every scope's tail ends a minute earlier than the one before; the last ones cannot be read.
    let everything = Window {
        start: ORIGIN,
        ..a_backfill()
    };
    let first = SyncProgress::first_contact(now());
    for n in 0..96 {
        let vantage = Vantage::member(Scope {
            account: account(n).as_str().into(),
            region: "eu-west-1".into(),
        });
        let minutes = i64::try_from(n).unwrap();
        let end = now() + SignedDuration::from_mins(100 - minutes);
        let tail = Window { end, ..a_tail() };
        for window in [everything, tail] {
            store.begin_window(&vantage, window, first).await.unwrap();
            let last = PageRecord {
                vantage: vantage.clone(),
                ..page(window, true, &[])
            };
            store.record(vec![last], now()).await.unwrap();
        }
    }
    record(
        &*store,
        a_tail(),
        &[
            raw("a").text(),
            Raw {
                severity: "LOW",
                ..raw("b")
            }
            .text(),
        ],
    )
    .await;

    let detail = Detail {
        kinds: 1,
        scopes: 5,
    };
    let measures = store.measure(detail).await.unwrap();
    let coverage = &measures.coverage;
    // One more scope was met by its finding only.
    assert_eq!((coverage.all(), coverage.scopes.len()), (101, 5));
    let listed: Vec<_> = coverage
        .scopes
        .iter()
        .map(|c| c.state.is_readable())
        .collect();
    assert_eq!(listed, [false, false, false, false, true]);
    assert_eq!(coverage.by_state.get(&CoverageState::Ok), Some(&96));
    let tails = &coverage.clocks[&ClockKind::Tail];
    assert_eq!(tails.never, 1);
    let minutes = |at: Timestamp| at.duration_since(now()).as_mins();
    let told: Vec<_> = tails
        .complete
        .iter()
        .map(|(part, at)| (*part, minutes(*at)))
        .collect();
    // The newest is 100 minutes ahead, the oldest 5.
    assert_eq!(told, [("0.5", 52), ("0.95", 9), ("0.99", 5), ("1", 5)]);

    let tallies = &measures.tallies;
    assert_eq!(
        (tallies.findings.len(), tallies.other_findings.kinds),
        (1, 1)
    );
    assert_eq!(tallies.all_findings(), 2);
    let rows: BTreeMap<_, _> = tallies.size.rows.iter().copied().collect();
    assert_eq!((rows["findings"], rows["bodies"]), (2, 1));
    assert!(tallies.size.bytes > 0 && tallies.size.wal_bytes > 0);
}
