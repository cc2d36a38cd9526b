//! Keys and passphrases in memory: wiped when dropped, and never printed.

use crate::Error;
use crate::kdf::{Derivation, Kdf, Key};
use crate::locked::Locked;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// What opens a sealed file: key bytes, or a passphrase.
///
/// Its bytes are wiped when it is dropped, locked in memory where the system allows that, and its
/// `Debug` does not show them.
#[derive(Clone)]
pub struct Secret {
    bytes: Locked,
    kind: Kind,
    memory: Option<Arc<Memory>>,
    derive: Derive,
}

/// As [`Derivation::derive`].
type Derive = fn(Derivation, &[u8], &[u8]) -> Result<Key, Error>;

/// What was derived from a secret already, so that many files cost one hash.
#[derive(Default)]
struct Memory {
    /// What new files share.
    salt: Mutex<Option<[u8; 16]>>,
    keys: Mutex<HashMap<(Derivation, Vec<u8>), Place>>,
}

/// Where a key is, once somebody has derived it.
type Place = Arc<Mutex<Option<Key>>>;

impl Memory {
    /// Files that were sealed one by one have a salt each, and there may be millions of them.
    const KEYS_MAX: usize = 1024;

    fn derive(&self, secret: &Secret, derivation: Derivation, salt: &[u8]) -> Result<Key, Error> {
        let place = {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            if keys.len() >= Self::KEYS_MAX {
                keys.clear();
            }
            keys.entry((derivation, salt.to_vec())).or_default().clone()
        };
        // Whoever needs the same key waits for it; other keys are derived meanwhile.
        let mut key = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*key {
            return Ok(key.clone());
        }
        Ok(key.insert(secret.derive_anew(derivation, salt)?).clone())
    }
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
        Self::new(bytes.into(), Kind::Key)
    }

    /// A passphrase, for formats that keep a salt in the file and derive the key themselves.
    pub fn passphrase(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(bytes.into(), Kind::Passphrase { salted: None })
    }

    fn new(bytes: Vec<u8>, kind: Kind) -> Self {
        Self {
            bytes: Locked::of(&Zeroizing::new(bytes)),
            kind,
            memory: None,
            derive: Derivation::derive,
        }
    }

    /// For many files: what is derived from it is remembered, and the key slots of new files share
    /// one salt, so that a whole run costs one hash. Each file still has a master key and nonces of
    /// its own.
    pub fn for_many_files(mut self) -> Self {
        self.memory = Some(Arc::default());
        self
    }

    /// Derives a key, or remembers it.
    pub(crate) fn derive(&self, derivation: Derivation, salt: &[u8]) -> Result<Key, Error> {
        match &self.memory {
            Some(memory) => memory.derive(self, derivation, salt),
            None => self.derive_anew(derivation, salt),
        }
    }

    /// Derives a key that is not worth remembering, because no other file has its salt.
    pub(crate) fn derive_anew(&self, derivation: Derivation, salt: &[u8]) -> Result<Key, Error> {
        (self.derive)(derivation, &self.bytes, salt)
    }

    /// For fuzzing, which opens thousands of files a second: what computes keys in the place of
    /// [`Derivation::derive`]. With anything cheaper a passphrase is easy to guess.
    #[cfg(feature = "test-hooks")]
    #[doc(hidden)]
    pub fn derived_for_tests(mut self, derive: Derive) -> Self {
        self.derive = derive;
        self
    }

    /// A salt for a new key slot: fresh, or the one of all new files.
    pub(crate) fn new_salt(
        &self,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<[u8; 16], Error> {
        let mut salt = [0; 16];
        let Some(memory) = &self.memory else {
            random(&mut salt)?;
            return Ok(salt);
        };
        let mut shared = memory.salt.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = *shared {
            return Ok(shared);
        }
        random(&mut salt)?;
        Ok(*shared.insert(salt))
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
            } => Some(
                kdf.salted(salt)
                    .and_then(|derivation| self.derive(derivation, salt)),
            ),
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

    /// Cheap, and different for every salt.
    const FAST: Derivation = Derivation::Pbkdf2 { iterations: 1 };

    #[test]
    fn remembered_keys_are_the_derived_ones() {
        let secret = Secret::passphrase(*b"hunter2").for_many_files();
        for salt in 0..2 * Memory::KEYS_MAX {
            let salt = salt.to_le_bytes();
            let derived = FAST.derive(b"hunter2", &salt).unwrap();
            for _ in 0..2 {
                assert_eq!(*secret.derive(FAST, &salt).unwrap(), *derived);
            }
        }
        let keys = secret.memory.unwrap();
        assert!(keys.keys.lock().unwrap().len() <= Memory::KEYS_MAX);
    }

    #[test]
    fn a_salt_is_shared_only_by_the_files_of_one_run() {
        let count = std::cell::Cell::new(0);
        let random = |bytes: &mut [u8]| {
            count.set(count.get() + 1);
            bytes.fill(count.get());
            Ok(())
        };
        let single = Secret::key([7; 32]);
        assert_eq!(single.new_salt(&random).unwrap(), [1; 16]);
        assert_eq!(single.new_salt(&random).unwrap(), [2; 16]);
        let many = Secret::key([7; 32]).for_many_files();
        assert_eq!(many.new_salt(&random).unwrap(), [3; 16]);
        assert_eq!(many.clone().new_salt(&random).unwrap(), [3; 16]);
    }

    #[test]
    fn debug_shows_nothing_secret() {
        let shown = format!("{:?}", Secret::key(b"hunter2".to_vec()));
        assert_eq!(shown, "Secret(key, not shown)");
        let shown = format!("{:?}", Secret::passphrase(b"hunter2".to_vec()));
        assert_eq!(shown, "Secret(passphrase, not shown)");
    }
}
