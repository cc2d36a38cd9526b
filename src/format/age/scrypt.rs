//! scrypt stanzas: files for a passphrase.
//!
//! ```
//! use fetool::format::age::scrypt::{
//!     KIND, ScryptLimits, WORK_FACTOR, WORK_FACTOR_MAX, derivation, unwrap, work_factor, wrap,
//! };
//! use fetool::{FileKey, Secret, random};
//!
//! assert_eq!(derivation(WORK_FACTOR).memory(), 256 << 20);
//!
//! let (passphrase, file_key) = (Secret::passphrase("correct horse"), FileKey::generate(&random)?);
//! let stanza = wrap(&passphrase, 10, &file_key, &random)?;
//! assert_eq!((stanza.kind.as_str(), work_factor(&stanza)?), (KIND, Some(10)));
//! let limits = ScryptLimits { work_factor: WORK_FACTOR_MAX, memory: 64 << 20 };
//! let unwrapped = unwrap(&passphrase, limits, &stanza)?.expect("the passphrase is right");
//! assert_eq!(unwrapped.as_bytes(), file_key.as_bytes());
//! # Ok::<(), fetool::Error>(())
//! ```

use super::Random;
use super::keys::ZERO_NONCE;
use super::strict_base64::{decode_exact, unpadded};
use crate::FileKey;
use crate::Stanza;
use crate::kdf::{Derivation, Key, new_salt};
use crate::{Error, Secret};
use base64::Engine;

/// The type of the stanza, which must be the only one in its file.
pub const KIND: &str = "scrypt";
/// The work factor of new files: 2^18 blocks, in 256 MiB of memory.
pub const WORK_FACTOR: u8 = 18;
/// The default limit for the work factor of a file: 2^22 blocks, in 4 GiB of memory.
pub const WORK_FACTOR_MAX: u8 = 22;

const SALT_LEN: usize = 16;
const SALT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// The limit that no caller can raise: 2^40 blocks are a pebibyte.
const WORK_FACTOR_CEILING: u8 = 40;

/// Limits on what the header of a file can demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScryptLimits {
    /// The highest work factor.
    pub work_factor: u8,
    /// The maximum memory in bytes.
    pub memory: u64,
}

impl Default for ScryptLimits {
    /// Returns [`WORK_FACTOR_MAX`], and no limit on memory.
    fn default() -> Self {
        Self {
            work_factor: WORK_FACTOR_MAX,
            memory: u64::MAX,
        }
    }
}

/// Returns the key derivation of a work factor.
pub fn derivation(work_factor: u8) -> Derivation {
    Derivation::Scrypt { work_factor }
}

/// Wraps the file key under a passphrase.
///
/// # Errors
/// Those of `random`; [`Error::Secret`] for an empty passphrase; [`Error::Usage`] for a work factor below 1 or above
/// 40; [`Error::Memory`].
pub fn wrap(
    passphrase: &Secret,
    work_factor: u8,
    file_key: &FileKey,
    random: &Random<'_>,
) -> Result<Stanza, Error> {
    if !(1..=WORK_FACTOR_CEILING).contains(&work_factor) {
        return Err(Error::usage(format!(
            "the scrypt work factor must be between 1 and {WORK_FACTOR_CEILING}"
        )));
    }
    let salt = new_salt(random)?;
    let key = derive(passphrase, &salt, work_factor)?;
    Ok(Stanza {
        kind: KIND.to_owned(),
        args: vec![unpadded().encode(salt), work_factor.to_string()],
        body: file_key.wrap(&key, &ZERO_NONCE).to_vec(),
    })
}

/// Unwraps the file key from a stanza. Returns `None` if the stanza is of another type or the passphrase
/// is wrong.
///
/// # Errors
/// [`Error::Malformed`] with offset 0 if the stanza breaks a rule of its type. [`Error::WorkFactor`] and
/// [`Error::WorkFactorMemory`] if it exceeds `limits`, before anything is computed. [`Error::Memory`], and
/// [`Error::Secret`] for an empty passphrase.
pub fn unwrap(
    passphrase: &Secret,
    limits: ScryptLimits,
    stanza: &Stanza,
) -> Result<Option<FileKey>, Error> {
    let Some((salt, found, body)) = parse(stanza)? else {
        return Ok(None);
    };
    let max = limits.work_factor.min(WORK_FACTOR_CEILING);
    let work_factor = u8::try_from(found)
        .ok()
        .filter(|&work_factor| work_factor <= max)
        .ok_or(Error::WorkFactor { found, max })?;
    let needed = derivation(work_factor).memory();
    if needed > limits.memory {
        return Err(Error::WorkFactorMemory {
            work_factor,
            needed,
            limit: limits.memory,
        });
    }
    let key = derive(passphrase, &salt, work_factor)?;
    Ok(FileKey::unwrap(&key, &ZERO_NONCE, body))
}

/// Returns the work factor of a stanza, or `None` if the stanza is of another type. Numbers beyond 64 bits become
/// `u64::MAX`.
///
/// # Errors
/// [`Error::Malformed`] with offset 0 if the stanza breaks a rule of its type.
pub fn work_factor(stanza: &Stanza) -> Result<Option<u64>, Error> {
    Ok(parse(stanza)?.map(|(_, work_factor, _)| work_factor))
}

type Parsed<'a> = ([u8; SALT_LEN], u64, &'a [u8; 32]);

fn parse(stanza: &Stanza) -> Result<Option<Parsed<'_>>, Error> {
    let Some(([salt, digits], body)) = stanza.of_kind(KIND)? else {
        return Ok(None);
    };
    let salt = decode_exact(salt.as_bytes())
        .ok_or_else(|| stanza.malformed("the salt is not 16 bytes in canonical base64"))?;
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(
            stanza.malformed("the work factor is not a decimal number without leading zeros")
        );
    }
    // Digits fail to parse only if the number is too large.
    Ok(Some((salt, digits.parse().unwrap_or(u64::MAX), body)))
}

fn derive(passphrase: &Secret, salt: &[u8; SALT_LEN], work_factor: u8) -> Result<Key, Error> {
    if passphrase.as_bytes().is_empty() {
        return Err(Error::Secret {
            what: "the passphrase is empty".to_owned(),
            hint: None,
        });
    }
    let salt = [SALT_LABEL, &salt[..]].concat();
    // The salt is unique to the file, so the result is not worth keeping.
    passphrase.derive_anew(derivation(work_factor), &salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza(args: &[&str]) -> Stanza {
        Stanza {
            kind: KIND.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            body: vec![0; 32],
        }
    }

    fn pass(text: &str) -> Secret {
        Secret::passphrase(text)
    }

    const SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_passphrase_opens_what_it_sealed() {
        let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        let stanza = wrap(&pass("hunter2"), 4, &file_key, &crate::random).unwrap();
        assert_eq!(stanza.args[1], "4");
        let limits = ScryptLimits::default();
        let opened = unwrap(&pass("hunter2"), limits, &stanza).unwrap().unwrap();
        assert_eq!(opened.as_bytes(), file_key.as_bytes());
        assert!(unwrap(&pass("hunter3"), limits, &stanza).unwrap().is_none());
        let error = unwrap(&pass(""), limits, &stanza).unwrap_err();
        assert_eq!(error.to_string(), "the passphrase is empty");
    }

    #[test]
    fn work_factors_are_plain_numbers() {
        for digits in ["0", "01", "+1", "-1", "1 ", "0x12", "1e1", "١"] {
            let error = work_factor(&stanza(&[SALT, digits])).unwrap_err();
            assert!(
                matches!(error, Error::Malformed { .. }),
                "{digits}: {error}"
            );
        }
        for (digits, expected) in [("1", 1), ("255", 255), ("18446744073709551616", u64::MAX)] {
            assert_eq!(
                work_factor(&stanza(&[SALT, digits])).unwrap(),
                Some(expected)
            );
        }
        for args in [
            &[SALT][..],
            &[SALT, "1", "1"],
            &["AAAA", "1"],
            &["AAAAAAAAAAAAAAAAAAAAAB", "1"],
        ] {
            assert!(work_factor(&stanza(args)).is_err(), "{args:?}");
        }
    }

    #[test]
    fn what_asks_for_too_much_is_refused() {
        let high = unwrap(&pass("x"), ScryptLimits::default(), &stanza(&[SALT, "23"])).unwrap_err();
        assert_eq!(
            high.to_string(),
            "scrypt work factor 23 is higher than the maximum of 22"
        );
        let limits = ScryptLimits {
            work_factor: 22,
            memory: (1 << 30) - 1,
        };
        let large = unwrap(&pass("x"), limits, &stanza(&[SALT, "20"])).unwrap_err();
        assert_eq!(
            large.to_string(),
            "scrypt work factor 20 needs 1073741824 bytes of memory, the limit is 1073741823"
        );
        let all = ScryptLimits {
            work_factor: 255,
            memory: u64::MAX,
        };
        for digits in ["41", "64", "255", "18446744073709551616"] {
            let error = unwrap(&pass("x"), all, &stanza(&[SALT, digits])).unwrap_err();
            assert!(
                matches!(error, Error::WorkFactor { max: 40, .. }),
                "{error}"
            );
        }
        assert_eq!(derivation(18).memory(), 256 << 20);
        assert_eq!(derivation(63).memory(), u64::MAX);
    }

    /// 2^40 blocks are a pebibyte, which no system can allocate.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn memory_that_is_not_there_is_an_error() {
        let all = ScryptLimits {
            work_factor: 255,
            memory: u64::MAX,
        };
        let error = unwrap(&pass("x"), all, &stanza(&[SALT, "40"])).unwrap_err();
        assert!(matches!(error, Error::Memory(_)), "{error}");
    }
}
