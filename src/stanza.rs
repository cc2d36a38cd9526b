//! The key of one file, and the wrapped copies of it that a header holds.

use crate::locked::Locked;
use std::fmt;

/// Length of a file key in bytes.
pub const FILE_KEY_LEN: usize = 16;

/// The key of one file, from which every other key of that file is derived. Its bytes are wiped when it
/// is dropped, and its `Debug` does not show them.
#[derive(Clone)]
pub struct FileKey(Locked);

impl FileKey {
    /// Returns a key of these bytes.
    pub fn of(bytes: &[u8; FILE_KEY_LEN]) -> Self {
        Self(Locked::of(bytes))
    }

    /// Returns its bytes.
    pub fn as_bytes(&self) -> &[u8; FILE_KEY_LEN] {
        self.0[..].try_into().expect("it has that length")
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(not shown)")
    }
}

/// A file key wrapped for one recipient, as age's headers hold it: the recipient's type, arguments, and
/// a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stanza {
    /// The recipient's type.
    pub kind: String,
    /// What the type needs besides the body.
    pub args: Vec<String>,
    /// The wrapped key.
    pub body: Vec<u8>,
}
