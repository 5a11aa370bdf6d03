//! Texts that repeat over many findings are stored once.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{OptionalExtension, Transaction};

use super::super::StoreError;

/// How many numbers are remembered. Titles and products repeat, so few are needed; what comes from
/// outside must not grow without bound.
const REMEMBERED: usize = 50_000;
/// Longer texts are cut when stored here; they are whole in the raw finding.
///
/// A problem's name must be whole, or two would be one: AWS bounds a generator's id to 512 characters, and the
/// product's name stands before it.
const LONGEST: usize = 768;

/// Numbers of texts, and texts of numbers.
#[derive(Debug, Default)]
pub(super) struct TextIds {
    known: HashMap<Arc<str>, i64>,
    texts: HashMap<i64, Arc<str>>,
}

impl TextIds {
    /// The number of a text, which is stored if it was not.
    pub(super) fn id(&mut self, tx: &Transaction<'_>, text: &str) -> Result<i64, StoreError> {
        let text = text
            .get(..text.floor_char_boundary(LONGEST))
            .unwrap_or(text);
        if let Some(id) = self.known.get(text) {
            return Ok(*id);
        }
        let stored: Option<i64> = tx
            .prepare_cached("SELECT id FROM texts WHERE text = ?1")?
            .query_row([text], |row| row.get(0))
            .optional()?;
        let id = match stored {
            Some(id) => id,
            None => tx
                .prepare_cached("INSERT INTO texts (text) VALUES (?1)")?
                .insert([text])?,
        };
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(text.into(), id);
        Ok(id)
    }

    /// The text of a number.
    pub(super) fn text(&mut self, tx: &Transaction<'_>, id: i64) -> Result<Arc<str>, StoreError> {
        if let Some(text) = self.texts.get(&id) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = tx
            .prepare_cached("SELECT text FROM texts WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?;
        if self.texts.len() >= REMEMBERED {
            self.texts.clear();
        }
        self.texts.insert(id, Arc::clone(&text));
        Ok(text)
    }
}
