//! New keys and their files.

use crate::cli::failure::{Failure, Subjects, shown};
use crate::io::output::create_private;
use fetool::aead::KEY_LEN;
use fetool::status;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// Returns random bytes for a new key.
pub fn new_key() -> Result<Zeroizing<[u8; KEY_LEN]>, Failure> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    fetool::random(key.as_mut()).map_err(|error| Subjects::default().attribute(&error))?;
    Ok(key)
}

/// Writes a new key to a new file.
pub fn save_key(path: &Path, key: &[u8]) -> Result<(), Failure> {
    create_private(path, key).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => key_exists(path),
        _ => Failure::system(shown(path), &error),
    })
}

/// Returns the error for a new key that would overwrite a file.
pub fn key_exists(path: &Path) -> Failure {
    Failure::usage("file exists, and a key is never overwritten")
        .with_status(status::SYSTEM)
        .about(shown(path))
}
