//! Who may open a store, and for what.

use super::*;

#[tokio::test]
async fn people_can_look_while_the_daemon_writes() {
    let directory = tempfile::tempdir().unwrap();
    let writer = store(directory.path());
    let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
    let reader = open(&url, &Access::Read).unwrap();
    record(&*writer, a_tail(), &[raw("a").text()]).await;
    assert_eq!(raws_of(&*reader).await.len(), 1);
    assert!(reader.record(vec![], now()).await.is_err());
}

#[tokio::test]
async fn two_daemons_never_write_to_one_store() {
    let directory = tempfile::tempdir().unwrap();
    let first = store(directory.path());
    let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
    let error = open(&url, &Access::Write(aws())).unwrap_err();
    assert!(error.to_string().contains("another hubwatch"), "{error}");
    drop(first);
    assert!(open(&url, &Access::Write(aws())).is_ok());
}

#[tokio::test]
async fn a_store_of_another_partition_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    drop(store(directory.path()));
    let url = StoreUrl::Sqlite(directory.path().join("hubwatch.db"));
    let error = open(&url, &Access::Write("aws-cn".into())).unwrap_err();
    assert!(
        error.to_string().contains("one store for each partition"),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_that_is_closed_leaves_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path());
    record(&*store, a_tail(), &[raw("a").text()]).await;
    raws_of(&*store).await;
    store.tallies().await.unwrap();
    let log = directory.path().join("hubwatch.db-wal");
    assert!(log.exists());
    drop(store);
    assert!(!log.exists());
}
