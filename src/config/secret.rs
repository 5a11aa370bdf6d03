//! Secrets, which are read from files that settings name.

use std::{cell::RefCell, fs, io::Read as _, os::unix::fs::PermissionsExt as _, path::PathBuf};

use secrecy::SecretString;

use super::layers::cannot_open;

/// Far longer than a token or key.
const SECRET_MAX_BYTES: u64 = 64 << 10;

/// The permission of everyone on the machine to read a file.
const READABLE_BY_ALL: u32 = 0o004;

/// Reads secrets, and remembers which files everyone on the machine may read.
#[derive(Debug, Default)]
pub(super) struct SecretFiles {
    readable_by_all: RefCell<Vec<PathBuf>>,
}

impl SecretFiles {
    /// The text of a file without the line's end that editors leave. Errors are fit for a
    /// problem's message: they do not name the file, because a secret put where its file belongs
    /// is a common mistake.
    pub(super) fn read(&self, path: &std::path::Path) -> Result<SecretString, String> {
        let explain = |error: std::io::Error| cannot_open(&error).to_owned();
        let about = fs::metadata(path).map_err(explain)?;
        if !about.is_file() {
            // A pipe would hold up the start for as long as nobody writes to it.
            return Err("expected the path of a regular file".to_owned());
        }
        let mut bytes = Vec::new();
        fs::File::open(path)
            .and_then(|file| file.take(SECRET_MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(explain)?;
        if u64::try_from(bytes.len()).is_ok_and(|n| n > SECRET_MAX_BYTES) {
            return Err("the file is longer than a secret can be".to_owned());
        }
        let text = String::from_utf8(bytes).map_err(|_| "the file is not text in UTF-8")?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.trim().is_empty() {
            return Err("the file is empty".to_owned());
        }
        if about.permissions().mode() & READABLE_BY_ALL != 0 {
            self.readable_by_all.borrow_mut().push(path.to_owned());
        }
        Ok(SecretString::from(secret))
    }

    /// The files so far that everyone on the machine may read.
    pub(super) fn take_readable_by_all(&self) -> Vec<PathBuf> {
        self.readable_by_all.take()
    }
}
