//! Keys and passphrases in memory: wiped on drop, and never printed.

use crate::Error;
use crate::kdf::{self, Derivation, Kdf, Key};
use crate::secure_memory::Locked;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use zeroize::Zeroizing;

/// A secret that opens sealed files: key bytes, or a passphrase.
///
/// Its bytes are wiped on drop, and locked in memory if the system allows that. Its `Debug` does not show
/// them.
///
/// ```
/// use fetool::{Secret, random, without_line_end};
///
/// let mut bytes = [0; 32];
/// random(&mut bytes)?;
/// let key = Secret::key(bytes);
/// assert_eq!(format!("{key:?}"), "Secret(key, not shown)");
///
/// let typed = b"correct horse battery staple\n";
/// let passphrase = Secret::passphrase(without_line_end(typed));
/// assert!(passphrase.is_passphrase());
/// # Ok::<(), fetool::Error>(())
/// ```
#[derive(Clone)]
pub struct Secret {
    bytes: Locked,
    kind: Kind,
    memory: Option<Arc<Memory>>,
    derive: Derive,
}

/// The type of [`Derivation::derive`].
type Derive = fn(Derivation, &[u8], &[u8]) -> Result<Key, Error>;

/// Keys derived from a secret, kept so that many files cost one derivation.
#[derive(Default)]
struct Memory {
    /// The salt that new files share.
    salt: Mutex<Option<[u8; 16]>>,
    keys: Mutex<HashMap<(Derivation, Vec<u8>), Place>>,
    /// How many keys were derived.
    derived: AtomicU64,
    room: Room,
}

/// The memory for all derivations together: a semaphore over bytes.
struct Room {
    limit: u64,
    taken: Mutex<u64>,
    freed: Condvar,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            limit: u64::MAX,
            taken: Mutex::default(),
            freed: Condvar::new(),
        }
    }
}

impl Room {
    /// Runs `work` with this much memory, once there is room for it or no other derivation runs.
    fn with<T>(&self, bytes: u64, work: impl FnOnce() -> T) -> T {
        let fits = |taken: u64| taken == 0 || taken.saturating_add(bytes) <= self.limit;
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = self.freed.wait_while(taken, |taken| !fits(*taken));
        *taken.unwrap_or_else(PoisonError::into_inner) += bytes;
        let _given_back = GivenBack { room: self, bytes };
        work()
    }
}

/// Returns the memory on drop, also after a panic.
struct GivenBack<'a> {
    room: &'a Room,
    bytes: u64,
}

impl Drop for GivenBack<'_> {
    fn drop(&mut self) {
        let mut taken = self
            .room
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *taken -= self.bytes;
        self.room.freed.notify_all();
    }
}

/// The place for a key, once it is derived.
type Place = Arc<Mutex<Option<Key>>>;

impl Memory {
    /// The maximum number of keys to keep: files that were sealed one by one have a salt each, and there may be
    /// millions.
    const KEYS_MAX: usize = 1024;

    fn derive(&self, secret: &Secret, derivation: Derivation, salt: &[u8]) -> Result<Key, Error> {
        let place = {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            if keys.len() >= Self::KEYS_MAX {
                keys.clear();
            }
            keys.entry((derivation, salt.to_vec())).or_default().clone()
        };
        // Threads that need the same key wait for it; other keys are derived meanwhile.
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
    /// Creates a key from these bytes. The format decides which are valid; for GFE, see
    /// [`gfe::key`](crate::format::gfe::key).
    pub fn key(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(bytes.into(), Kind::Key)
    }

    /// Creates a passphrase, for formats that store a salt in the file and derive the key themselves.
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

    /// Prepares the secret for many files: derived keys are kept, and the key slots of new files share one salt, so
    /// that a whole run costs one derivation. Each file still has its own master key and nonces.
    pub fn for_many_files(self) -> Self {
        self.for_many_files_within(u64::MAX)
    }

    /// Prepares the secret like [`for_many_files`](Self::for_many_files). Concurrent derivations take no more than
    /// `memory` bytes together; a single one always runs.
    pub fn for_many_files_within(mut self, memory: u64) -> Self {
        let room = Room {
            limit: memory,
            ..Room::default()
        };
        self.memory = Some(Arc::new(Memory {
            room,
            ..Memory::default()
        }));
        self
    }

    /// Returns how many keys were derived from this secret and kept: one for each salt. It is 0 unless the secret is
    /// [for many files](Self::for_many_files).
    pub fn derivations(&self) -> u64 {
        let derived = |memory: &Arc<Memory>| memory.derived.load(Ordering::Relaxed);
        self.memory.as_ref().map_or(0, derived)
    }

    /// Derives a key, or returns a kept one.
    pub(crate) fn derive(&self, derivation: Derivation, salt: &[u8]) -> Result<Key, Error> {
        match &self.memory {
            Some(memory) => memory.derive(self, derivation, salt),
            None => self.derive_anew(derivation, salt),
        }
    }

    /// Derives a key without keeping it, since no other file has its salt.
    pub(crate) fn derive_anew(&self, derivation: Derivation, salt: &[u8]) -> Result<Key, Error> {
        let derive = || (self.derive)(derivation, &self.bytes, salt);
        let Some(memory) = &self.memory else {
            return derive();
        };
        memory.derived.fetch_add(1, Ordering::Relaxed);
        memory.room.with(derivation.memory(), derive)
    }

    /// Replaces [`Derivation::derive`], for fuzzing, which opens thousands of files a second. With anything cheaper, a
    /// passphrase is easy to guess.
    #[cfg(feature = "test-hooks")]
    #[doc(hidden)]
    pub fn derived_for_tests(mut self, derive: Derive) -> Self {
        self.derive = derive;
        self
    }

    /// Returns a salt for a new key slot: a fresh one, or that of all new files.
    pub(crate) fn new_salt(
        &self,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<[u8; 16], Error> {
        let Some(memory) = &self.memory else {
            return kdf::new_salt(random);
        };
        let mut shared = memory.salt.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = *shared {
            return Ok(shared);
        }
        Ok(*shared.insert(kdf::new_salt(random)?))
    }

    /// Sets the KDF and the salt for formats without a KDF (GFE). The caller keeps the salt. The key is derived only
    /// when a format needs it.
    pub fn with_salt(mut self, kdf: Kdf, salt: impl Into<Vec<u8>>) -> Self {
        if let Kind::Passphrase { salted } = &mut self.kind {
            *salted = Some((kdf, salt.into()));
        }
        self
    }

    /// Returns the bytes of the key or passphrase.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns whether this is a passphrase.
    pub fn is_passphrase(&self) -> bool {
        matches!(self.kind, Kind::Passphrase { .. })
    }

    /// Returns the key derived from a passphrase and a separate salt, if there are both.
    ///
    /// # Errors
    /// [`Error::Secret`] if the salt is too short.
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

/// Removes one line end, `\n` or `\r\n`, if there is one.
pub fn without_line_end(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_suffix(b"\r\n")
        .or_else(|| bytes.strip_suffix(b"\n"))
        .unwrap_or(bytes)
}

/// Fills `bytes` from the operating system's random number generator.
///
/// # Errors
/// [`Error::Random`] if that fails.
pub fn random(bytes: &mut [u8]) -> Result<(), Error> {
    // The crate `getrandom` looks the function up at run time, which fails in a static program. It would then open
    // /dev/urandom, which takes a descriptor, and is missing in some containers.
    #[cfg(all(target_os = "linux", feature = "cli"))]
    if by_system_call(bytes) {
        return Ok(());
    }
    getrandom::fill(bytes).map_err(Error::Random)
}

/// Returns whether the system call filled all of `bytes`. It waits until the generator is seeded.
#[cfg(all(target_os = "linux", feature = "cli"))]
fn by_system_call(mut bytes: &mut [u8]) -> bool {
    use rustix::rand::{GetRandomFlags, getrandom};
    while !bytes.is_empty() {
        match getrandom(&mut *bytes, GetRandomFlags::empty()) {
            Ok(len @ 1..) => bytes = &mut bytes[len..],
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) | Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cheap, and with a different key for every salt.
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
    fn derivations_take_no_more_memory_than_allowed() {
        let room = Room {
            limit: 10,
            ..Room::default()
        };
        let (now, most, runs) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for bytes in [4, 3, 7, 4, 10, 25, 1, 6].repeat(20) {
                let (room, now, most, runs) = (&room, &now, &most, &runs);
                scope.spawn(move || {
                    room.with(bytes, || {
                        let taken = now.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        // A derivation that runs alone may exceed the limit.
                        if taken != bytes {
                            most.fetch_max(taken, Ordering::SeqCst);
                        }
                        std::thread::yield_now();
                        now.fetch_sub(bytes, Ordering::SeqCst);
                        runs.fetch_add(1, Ordering::SeqCst);
                    });
                });
            }
        });
        assert_eq!(runs.into_inner(), 160);
        assert!(most.into_inner() <= 10);
        assert_eq!(*room.taken.lock().unwrap(), 0);
    }

    #[test]
    fn derivations_are_counted_by_salt() {
        let derivation = Derivation::Pbkdf2 { iterations: 1 };
        let secret = Secret::key(*b"key").for_many_files_within(0);
        for salt in [[1; 16], [2; 16], [1; 16], [3; 16]] {
            secret.derive(derivation, &salt).unwrap();
        }
        assert_eq!(secret.derivations(), 3);
        let once = Secret::key(*b"key");
        once.derive(derivation, &[1; 16]).unwrap();
        assert_eq!(once.derivations(), 0);
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
