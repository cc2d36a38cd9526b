//! A symmetric key in memory.

use crate::secure_memory::Locked;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Length of every algorithm's key in bytes.
pub const KEY_LEN: usize = 32;

/// A key of 32 bytes. Its memory is wiped on drop, and locked if the system allows that. Moving it leaves no copy
/// behind. It starts as zeros.
#[derive(Clone)]
pub struct Key(Locked);

impl Key {
    /// Creates a key from these bytes.
    pub fn of(bytes: &[u8; KEY_LEN]) -> Self {
        Self(Locked::of(bytes))
    }
}

impl Default for Key {
    fn default() -> Self {
        Self(Locked::new(KEY_LEN))
    }
}

impl Deref for Key {
    type Target = [u8; KEY_LEN];

    fn deref(&self) -> &Self::Target {
        self.0[..].try_into().expect("it has that length")
    }
}

impl DerefMut for Key {
    fn deref_mut(&mut self) -> &mut Self::Target {
        (&mut self.0[..]).try_into().expect("it has that length")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_key() {
        let key = Key::of(&[0x5A; KEY_LEN]);
        assert_eq!(format!("{key:?}"), "Key(not shown)");
    }
}
