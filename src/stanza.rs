//! The key of one file, and its wrapped copies in a header.

use crate::secure_memory::Locked;
use std::fmt;

/// Length of a file key in bytes.
pub const FILE_KEY_LEN: usize = 16;

/// The key of one file, from which all its other keys are derived. It is wiped on drop, and locked in memory if the
/// system allows that.
///
/// ```
/// use fetool::{FILE_KEY_LEN, FileKey};
///
/// let key = FileKey::from_bytes(&[7; FILE_KEY_LEN]);
/// assert_eq!(key.as_bytes(), &[7; FILE_KEY_LEN]);
/// assert_eq!(format!("{key:?}"), "FileKey(not shown)");
/// ```
#[derive(Clone)]
pub struct FileKey(pub(crate) Locked);

impl FileKey {
    /// Creates a key from these bytes.
    pub fn from_bytes(bytes: &[u8; FILE_KEY_LEN]) -> Self {
        Self(Locked::of(bytes))
    }

    /// Returns the key's bytes.
    pub fn as_bytes(&self) -> &[u8; FILE_KEY_LEN] {
        self.0[..].try_into().expect("it has that length")
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(not shown)")
    }
}

/// A file key wrapped for one recipient, as in the headers of age.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stanza {
    /// The recipient's type, such as `X25519`. It is case-sensitive.
    pub kind: String,
    /// The arguments behind the type.
    pub args: Vec<String>,
    /// The body, decoded: the wrapped key.
    pub body: Vec<u8>,
}
