//! The tags of accounts, kept between censuses.

use std::{collections::HashMap, time::Duration};

use crate::domain::{Account, AccountId, Tags};

/// How old an answer becomes before it is asked for again. Tags rarely change, and each account costs a
/// request.
const AGE: Duration = Duration::from_hours(1);

/// The tags of accounts, each with the round in which it was last asked for. It holds one entry for an
/// account that is followed.
#[derive(Debug, Default)]
pub(super) struct TagBook {
    round: u64,
    known: HashMap<AccountId, (u64, Tags)>,
}

impl TagBook {
    /// Begins a round: forgets who is no longer there, and takes what was asked in this census for
    /// another reason. Returns whose tags to ask for: those that are not known, then as many of the
    /// oldest as make every answer new within [`AGE`], if there is a round every `interval`. So the
    /// requests of a large organization are spread over that time, except for the first ones.
    pub(super) fn begin(&mut self, accounts: &[Account], interval: Duration) -> Vec<AccountId> {
        self.round += 1;
        let mut before = std::mem::take(&mut self.known);
        let mut due = Vec::new();
        let mut old = Vec::new();
        for account in accounts {
            let id = &account.id;
            if let Some(tags) = &account.learned.tags {
                self.note(id.clone(), tags.clone());
            } else if let Some((round, tags)) = before.remove(id) {
                old.push((round, id.clone()));
                self.known.insert(id.clone(), (round, tags));
            } else {
                due.push(id.clone());
            }
        }
        old.sort();
        let again = old.into_iter().map(|(_, id)| id);
        due.extend(again.take(accounts.len().div_ceil(rounds(interval))));
        due
    }

    /// Notes an answer.
    pub(super) fn note(&mut self, account: AccountId, tags: Tags) {
        self.known.insert(account, (self.round, tags));
    }

    /// Notes that there was no answer: an earlier one stays, and others are asked before it is tried
    /// again.
    pub(super) fn put_off(&mut self, account: &AccountId) {
        if let Some((round, _)) = self.known.get_mut(account) {
            *round = self.round;
        }
    }

    /// Writes the known tags to accounts.
    pub(super) fn fill(&self, accounts: &mut [Account]) {
        for account in accounts {
            if let Some((_, tags)) = self.known.get(&account.id) {
                account.learned.tags = Some(tags.clone());
            }
        }
    }
}

/// How many rounds there are within [`AGE`].
fn rounds(interval: Duration) -> usize {
    let rounds = AGE.as_secs() / interval.as_secs().max(1);
    usize::try_from(rounds).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::Learned;

    const TEN_MINUTES: Duration = Duration::from_mins(10);

    fn accounts(count: usize) -> Vec<Account> {
        let account = |number: usize| Account {
            id: format!("{number:012}").as_str().into(),
            name: String::new(),
            active: true,
            regions: None,
            learned: Learned::default(),
        };
        (0..count).map(account).collect()
    }

    fn tags(value: &str) -> Tags {
        [("env".to_owned(), value.to_owned())].into()
    }

    #[test]
    fn all_are_asked_once_and_then_again_within_an_hour_a_few_at_a_time() {
        let accounts = accounts(100);
        let mut book = TagBook::default();
        let first = book.begin(&accounts, TEN_MINUTES);
        assert_eq!(first.len(), 100);
        for id in first {
            book.note(id, tags("prod"));
        }
        let mut again = BTreeSet::new();
        for _ in 0..6 {
            let due = book.begin(&accounts, TEN_MINUTES);
            assert!(due.len() <= 17, "{}", due.len());
            for id in due {
                book.note(id.clone(), tags("prod"));
                again.insert(id);
            }
        }
        assert_eq!(again.len(), 100);
        assert_eq!(book.begin(&accounts, AGE * 2).len(), 100);
    }

    #[test]
    fn what_is_not_told_stays_as_it_was_and_does_not_hold_back_the_others() {
        let mut accounts = accounts(3);
        let ids: Vec<_> = accounts.iter().map(|account| account.id.clone()).collect();
        let mut book = TagBook::default();
        book.begin(&accounts, TEN_MINUTES);
        book.note(ids[0].clone(), tags("a"));
        book.note(ids[1].clone(), tags("b"));
        // The third was not told: it is asked first. The oldest follows.
        assert_eq!(
            book.begin(&accounts, TEN_MINUTES),
            [ids[2].clone(), ids[0].clone()]
        );
        book.put_off(&ids[0]);
        book.put_off(&ids[2]);
        assert_eq!(
            book.begin(&accounts, TEN_MINUTES),
            [ids[2].clone(), ids[1].clone()]
        );
        book.fill(&mut accounts);
        let filled: Vec<_> = accounts.iter().map(|a| a.learned.tags.clone()).collect();
        assert_eq!(filled, [Some(tags("a")), Some(tags("b")), None]);
    }

    #[test]
    fn what_was_asked_to_select_is_not_asked_twice_and_who_left_is_forgotten() {
        let mut accounts = accounts(2);
        accounts[0].learned.tags = Some(tags("prod"));
        let mut book = TagBook::default();
        assert_eq!(book.begin(&accounts, AGE), [accounts[1].id.clone()]);
        book.note(accounts[1].id.clone(), tags("dev"));
        accounts.pop();
        book.begin(&accounts, AGE);
        assert_eq!(book.known.len(), 1);
    }
}
