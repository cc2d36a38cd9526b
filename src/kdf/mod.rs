//! Key derivation functions, with the parameters that the formats fix.
//!
//! ```
//! use fetool::kdf::{Derivation, Kdf, Key, SALT_MIN, is_deriving};
//!
//! let derivation: Derivation = Kdf::Argon2id.for_gfe()?;
//! assert_eq!(derivation.memory(), 64 << 20);
//!
//! let few = Derivation::Pbkdf2 { iterations: 1000 };
//! let key: Key = few.derive(b"correct horse battery staple", &[1; SALT_MIN])?;
//! assert_eq!((key.len(), format!("{key:?}")), (32, "Key(not shown)".to_owned()));
//! assert!(!is_deriving());
//! # Ok::<(), fetool::Error>(())
//! ```

mod scrypt;

pub use crate::key::Key;
use crate::{Error, Hint, try_alloc};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::Digest;
use std::error::Error as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fmt, io, thread};
use zeroize::Zeroize;

/// The key derivations that a user can choose. The format determines the parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kdf {
    /// Argon2id version 0x13.
    #[default]
    Argon2id,
    /// PBKDF2-HMAC-SHA256, as in go-fileencrypt. Only for GFE.
    Pbkdf2,
    /// Balloon hashing over BLAKE3. Only for Dexios.
    Balloon,
}

/// A key derivation function with all its parameters. Only scrypt's work factor comes from a file; the other
/// parameters are one of a few fixed sets for each format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Derivation {
    /// Argon2id version 0x13 with a 32-byte output.
    Argon2id {
        /// Memory in KiB.
        memory: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes, computed in parallel.
        lanes: u32,
    },
    /// Balloon (not Balloon-M) over BLAKE3, one pass.
    Balloon {
        /// Blocks of 32 bytes.
        space: u32,
    },
    /// PBKDF2-HMAC-SHA256.
    Pbkdf2 {
        /// Iterations.
        iterations: u32,
    },
    /// scrypt with r = 8 and p = 1, as in age. The work factor comes from the file, so callers must check it against
    /// a limit first.
    Scrypt {
        /// Base-2 logarithm of the number of blocks.
        work_factor: u8,
    },
    /// One SHA-256, without the salt.
    Sha256,
}

/// Bytes of a Balloon block: one BLAKE3 output.
const BALLOON_BLOCK: u64 = 32;

/// The minimum length of a go-fileencrypt salt, in bytes.
pub const SALT_MIN: usize = 16;

impl Kdf {
    /// Derives a GFE key, with the parameters of [`for_gfe`](Self::for_gfe).
    ///
    /// # Errors
    /// [`Error::Secret`] if `salt` has fewer than [`SALT_MIN`] bytes, [`Error::Usage`] for Balloon, and those of
    /// [`Derivation::derive`].
    pub fn derive(self, passphrase: &[u8], salt: &[u8]) -> Result<Key, Error> {
        self.salted(salt)?.derive(passphrase, salt)
    }

    /// Returns the derivation of a GFE key after checking the length of its salt.
    pub(crate) fn salted(self, salt: &[u8]) -> Result<Derivation, Error> {
        if salt.len() < SALT_MIN {
            return Err(Error::Secret {
                what: format!(
                    "the salt is {} bytes long, and needs at least {SALT_MIN}",
                    salt.len()
                ),
                hint: Some(Hint::MakeSalt),
            });
        }
        self.for_gfe()
    }

    /// Returns the parameters of go-fileencrypt's helpers: Argon2id with t = 3, m = 65 536 KiB, p = 4, or
    /// PBKDF2 with 600 000 iterations.
    ///
    /// # Errors
    /// [`Error::Usage`] for Balloon.
    pub fn for_gfe(self) -> Result<Derivation, Error> {
        match self {
            Self::Argon2id => Ok(Derivation::Argon2id {
                memory: 65_536,
                passes: 3,
                lanes: 4,
            }),
            Self::Pbkdf2 => Ok(Derivation::Pbkdf2 {
                iterations: 600_000,
            }),
            Self::Balloon => Err(Error::usage(
                "a GFE key is derived with argon2id or pbkdf2, not with balloon",
            )),
        }
    }
}

impl Derivation {
    /// Returns the memory that the derivation needs, in bytes; 0 for those that need next to none.
    pub fn memory(self) -> u64 {
        match self {
            Self::Argon2id { memory, .. } => u64::from(memory) << 10,
            Self::Balloon { space } => u64::from(space) * BALLOON_BLOCK,
            Self::Scrypt { work_factor } => scrypt::BLOCK
                .checked_shl(work_factor.into())
                .filter(|&len| len >> work_factor == scrypt::BLOCK)
                .unwrap_or(u64::MAX),
            Self::Pbkdf2 { .. } | Self::Sha256 => 0,
        }
    }

    /// Returns a description for people: the name, and the cost without the memory.
    pub fn without_memory(self) -> String {
        match self {
            Self::Argon2id { passes, lanes, .. } => {
                format!("Argon2id, {passes} passes, {lanes} lanes")
            }
            Self::Balloon { space } => format!("BLAKE3-Balloon, space {space}"),
            Self::Scrypt { work_factor } => format!("scrypt, work factor {work_factor}"),
            Self::Sha256 => "SHA-256, once".to_owned(),
            Self::Pbkdf2 { .. } => self.to_string(),
        }
    }

    /// Derives a key.
    ///
    /// # Errors
    /// [`Error::Secret`] if the function refuses the lengths of its inputs; [`Error::Memory`] and [`Error::Thread`] if
    /// the system cannot provide the memory or the threads.
    pub fn derive(self, secret: &[u8], salt: &[u8]) -> Result<Key, Error> {
        let _running = Running::new();
        let mut key = Key::default();
        #[cfg(feature = "test-hooks")]
        let this = self.cheap_for_tests(salt);
        #[cfg(not(feature = "test-hooks"))]
        let this = self;
        match this {
            Self::Argon2id {
                memory,
                passes,
                lanes,
            } => {
                start_threads()?;
                Params::new(memory, passes, lanes, Some(key.len()))
                    .and_then(|params| {
                        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                            .hash_password_into(secret, salt, &mut *key)
                    })
                    .map_err(|error| match error {
                        argon2::Error::OutOfMemory => {
                            Error::Memory(usize::try_from(self.memory()).unwrap_or(usize::MAX))
                        }
                        error => refused(error),
                    })?;
            }
            Self::Balloon { space } => {
                let mut blocks = Vec::new();
                try_alloc::reserve(&mut blocks, space as usize)?;
                blocks.resize_with(space as usize, Default::default);
                let hashed = balloon_hash::Params::new(space, 1, 1).and_then(|params| {
                    balloon_hash::Balloon::<blake3::Hasher>::new(
                        balloon_hash::Algorithm::Balloon,
                        params,
                        None,
                    )
                    .hash_password_into_with_memory(
                        secret,
                        salt,
                        &mut blocks,
                        &mut *key,
                    )
                });
                blocks
                    .iter_mut()
                    .for_each(|block| block.as_mut_slice().zeroize());
                hashed.map_err(refused)?;
            }
            Self::Pbkdf2 { iterations } => {
                pbkdf2::pbkdf2_hmac::<sha2::Sha256>(secret, salt, iterations, &mut *key);
            }
            Self::Scrypt { work_factor } => {
                let len = usize::try_from(self.memory()).map_err(|_| Error::Memory(usize::MAX))?;
                return scrypt::derive(secret, salt, work_factor, len);
            }
            // A hash that is returned would stay on the stack.
            Self::Sha256 => {
                sha2::Sha256::new_with_prefix(secret).finalize_into((&mut *key).into());
            }
        }
        Ok(key)
    }

    /// Reduces the cost if the salt ends with the mark of [`new_salt`].
    #[cfg(feature = "test-hooks")]
    fn cheap_for_tests(self, salt: &[u8]) -> Self {
        if !salt.ends_with(CHEAP) {
            return self;
        }
        match self {
            Self::Argon2id {
                memory,
                passes,
                lanes,
            } => Self::Argon2id {
                memory: memory / 256,
                passes,
                lanes,
            },
            Self::Balloon { space } => Self::Balloon { space: space / 256 },
            Self::Pbkdf2 { iterations } => Self::Pbkdf2 {
                iterations: iterations / 256,
            },
            Self::Scrypt { work_factor } => Self::Scrypt {
                work_factor: work_factor.saturating_sub(8).max(1),
            },
            Self::Sha256 => self,
        }
    }

    /// Derives one key for each salt, in the order of the salts, on all cores.
    ///
    /// # Errors
    /// Those of [`derive`](Self::derive); [`Error::Panic`] if a thread panics.
    pub fn derive_all(self, secret: &[u8], salts: &[&[u8]]) -> Result<Vec<Key>, Error> {
        let share = salts.len().div_ceil(crate::cores::all_cores().get()).max(1);
        thread::scope(|scope| {
            let threads: Vec<_> = salts
                .chunks(share)
                .map(|salts| {
                    thread::Builder::new()
                        .name("key derivation".to_owned())
                        .spawn_scoped(scope, move || {
                            let keys = salts.iter().map(|salt| self.derive(secret, salt));
                            keys.collect::<Result<Vec<Key>, Error>>()
                        })
                        .map_err(Error::Thread)
                })
                .collect::<Result<_, _>>()?;
            let mut keys = Vec::with_capacity(salts.len());
            for thread in threads {
                let derived = thread.join();
                keys.extend(derived.unwrap_or(Err(Error::Panic("key derivation")))?);
            }
            Ok(keys)
        })
    }
}

/// Generates a random salt.
///
/// Tests run the program hundreds of times. With `FETOOL_CHEAP_KEYS` in the environment, a test build ends the salt
/// with a mark that makes derivations cheap.
pub(crate) fn new_salt(
    random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
) -> Result<[u8; SALT_MIN], Error> {
    let mut salt = [0; SALT_MIN];
    random(&mut salt)?;
    // Never in a release build, whatever its features.
    #[cfg(all(feature = "test-hooks", debug_assertions))]
    if std::env::var_os("FETOOL_CHEAP_KEYS").is_some() {
        salt[SALT_MIN - CHEAP.len()..].copy_from_slice(CHEAP);
    }
    Ok(salt)
}

/// The mark at the end of salts for cheap derivations.
#[cfg(feature = "test-hooks")]
const CHEAP: &[u8] = b"low cost";

/// The number of key derivations that run in this process.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Returns whether this process derives a key right now. Progress displays can show that as the reason for a delay.
pub fn is_deriving() -> bool {
    RUNNING.load(Ordering::Relaxed) > 0
}

/// Counts as a running key derivation until it is dropped.
pub(crate) struct Running;

impl Running {
    pub(crate) fn new() -> Self {
        RUNNING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Starts the thread pool that computes Argon2's lanes in parallel. Without this call the pool would start itself, and
/// panic if the system has no threads left.
fn start_threads() -> Result<(), Error> {
    // rayon tries only once per process. Holds the system's error code.
    static REFUSED: OnceLock<Option<i32>> = OnceLock::new();
    let refused = REFUSED.get_or_init(|| {
        let started = rayon_core::ThreadPoolBuilder::new().build_global();
        // An error without a source means that the pool was started before.
        let error = started.err()?;
        let error = error.source()?.downcast_ref::<io::Error>()?;
        Some(error.raw_os_error().unwrap_or_default())
    });
    match *refused {
        None => Ok(()),
        Some(code) => Err(Error::Thread(io::Error::from_raw_os_error(code))),
    }
}

fn refused(error: impl fmt::Display) -> Error {
    Error::Secret {
        what: format!("the key derivation refused the secret: {error}"),
        hint: None,
    }
}

impl fmt::Display for Derivation {
    /// Writes the name and the actual cost, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argon2id {
                memory,
                passes,
                lanes,
            } => write!(
                f,
                "Argon2id, {} MiB, {passes} passes, {lanes} lanes",
                memory / 1024
            ),
            Self::Balloon { space } => write!(
                f,
                "BLAKE3-Balloon, space {space}, 1 pass, 1 lane: about {} MiB in fact",
                self.memory().div_ceil(1 << 20)
            ),
            Self::Pbkdf2 { iterations } => {
                write!(f, "PBKDF2-HMAC-SHA256, {iterations} iterations")
            }
            Self::Scrypt { work_factor } => write!(
                f,
                "scrypt, work factor {work_factor}: {} MiB",
                self.memory().div_ceil(1 << 20)
            ),
            Self::Sha256 => f.write_str("SHA-256, once and without a salt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passphrase, salt, and the keys that Argon2id and PBKDF2 derive from them. Computed with two
    /// other programs: the reference implementation of Argon2 in C, through the Python package
    /// argon2-cffi 25.1 (`hash_secret_raw(…, 3, 65536, 4, 32, Type.ID, version=0x13)`), and
    /// OpenSSL's PBKDF2, through Python's `hashlib.pbkdf2_hmac("sha256", …, 600000, 32)`.
    const KNOWN: [(&str, &[u8], &str, &str); 3] = [
        (
            "correct horse battery staple",
            b"0123456789abcdef",
            "efb51f9a76584f6dd6a4f7942a1a2f6ae5a6e4ec5142ff674dfd5d27eb45e446",
            "6c4a646aad10d067add5fb79d9078a16da83d50f81670a8e7593b249e6d94936",
        ),
        (
            "",
            b"0123456789abcdef",
            "4eac87f36d46ef91267319337faa464985bfc4beba251f5b0b9b0fc12829449b",
            "ab068d1067e8236369980faf7dadd48d6549768126ab88a893398cd14909c49e",
        ),
        (
            "pässwörd",
            // 32 bytes, as go-fileencrypt makes its salts.
            b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\
              \x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
            "ef99ac36eb7ff4cd29f95728f2437063746bd5b3ff09fe09f958bf49d723538f",
            "41cd4832b2d674dc998adb2a4f5fb1c53520e93677fb1a2ca727af6bedce7889",
        ),
    ];

    fn derived(kdf: Kdf, passphrase: &str, salt: &[u8]) -> String {
        let key = kdf.derive(passphrase.as_bytes(), salt).unwrap();
        key.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn argon2id_gives_known_answers() {
        for (passphrase, salt, expected, _) in KNOWN {
            assert_eq!(derived(Kdf::Argon2id, passphrase, salt), expected);
        }
    }

    #[test]
    fn pbkdf2_gives_known_answers() {
        for (passphrase, salt, _, expected) in KNOWN {
            assert_eq!(derived(Kdf::Pbkdf2, passphrase, salt), expected);
        }
    }

    #[test]
    fn short_salts_are_refused() {
        for kdf in [Kdf::Argon2id, Kdf::Pbkdf2] {
            let error = kdf.derive(b"x", &[1; SALT_MIN - 1]).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the salt is 15 bytes long, and needs at least 16"
            );
        }
    }
}
