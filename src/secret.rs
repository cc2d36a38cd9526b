//! Keys and passphrases in memory: wiped when dropped, and never printed.

use crate::Error;
use crate::kdf::{Kdf, Key};
use std::fmt;
use zeroize::Zeroizing;

/// What opens a sealed file: key bytes, or a passphrase.
///
/// Its bytes are wiped when it is dropped, and its `Debug` does not show them.
#[derive(Clone)]
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Key,
    Passphrase { salted: Option<(Kdf, Vec<u8>)> },
}

impl Secret {
    /// Key bytes as they are. What shapes are good depends on the format; see
    /// [`gfe::key`](crate::format::gfe::key) for GFE's.
    pub fn key(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: Zeroizing::new(bytes.into()),
            kind: Kind::Key,
        }
    }

    /// A passphrase, for formats that keep a salt in the file and derive the key themselves.
    pub fn passphrase(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: Zeroizing::new(bytes.into()),
            kind: Kind::Passphrase { salted: None },
        }
    }

    /// For formats without a KDF (GFE): which one to use, and the salt kept beside the file.
    /// The key is derived only when a format asks for it.
    pub fn with_salt(mut self, kdf: Kdf, salt: impl Into<Vec<u8>>) -> Self {
        if let Kind::Passphrase { salted } = &mut self.kind {
            *salted = Some((kdf, salt.into()));
        }
        self
    }

    /// The bytes that were given.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether this is a passphrase.
    pub fn is_passphrase(&self) -> bool {
        matches!(self.kind, Kind::Passphrase { .. })
    }

    /// The key derived from a passphrase and a salt beside the file, when both are here.
    ///
    /// # Errors
    /// [`Error::Secret`] when the salt is too short.
    pub fn derived_key(&self) -> Option<Result<Key, Error>> {
        match &self.kind {
            Kind::Passphrase {
                salted: Some((kdf, salt)),
            } => Some(kdf.derive(&self.bytes, salt)),
            _ => None,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_passphrase() {
            "passphrase"
        } else {
            "key"
        };
        write!(f, "Secret({kind}, not shown)")
    }
}

/// Takes one line end off, `\n` or `\r\n`, where there is one.
pub fn without_line_end(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_suffix(b"\r\n")
        .or_else(|| bytes.strip_suffix(b"\n"))
        .unwrap_or(bytes)
}

/// Fills `bytes` from the operating system's random number generator.
///
/// # Errors
/// [`Error::Random`] when the system has none.
pub fn random(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(Error::Random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_secret() {
        let shown = format!("{:?}", Secret::key(b"hunter2".to_vec()));
        assert_eq!(shown, "Secret(key, not shown)");
    }
}
