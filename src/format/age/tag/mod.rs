//! p256tag and mlkem768p256tag: recipients of hardware keys, `age1tag1…` and `age1tagpq1…`.
//!
//! fetool only seals to them; a plugin for the hardware opens such files. Their stanzas have a tag that anybody who
//! knows the recipient can compute, so that only the right hardware key is tried.

#[cfg(test)]
mod tests;

use super::hybrid::{ML_KEM_KEY_LEN, ml_kem_key};
use super::keys::random_bytes;
use super::strict_base64::unpadded;
use super::{Random, bech32, hpke, recipients};
use crate::kdf::Key;
use crate::secure_memory::and_wipe_stack;
use crate::{Error, FileKey, Stanza};
use base64::Engine;
use hkdf::Hkdf;
use ml_kem::KeyExport;
use ml_kem::ml_kem_768::EncapsulationKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use zeroize::Zeroizing;

/// The types of the stanzas.
const CLASSIC: &str = "p256tag";
const HYBRID: &str = "mlkem768p256tag";

/// The prefix of a recipient, before the last `1`.
pub(super) const CLASSIC_PREFIX: &str = "age1tag";
/// Like [`CLASSIC_PREFIX`], for the post-quantum kind.
pub(super) const HYBRID_PREFIX: &str = "age1tagpq";

const CLASSIC_INFO: &[u8] = b"age-encryption.org/p256tag";
const HYBRID_INFO: &[u8] = b"age-encryption.org/mlkem768p256tag";

/// The number of the KEM that combines ML-KEM-768 and P-256, and the label that ends its hash.
const HYBRID_KEM: u16 = 0x0050;
const HYBRID_LABEL: &[u8] = b"MLKEM768-P256";

/// Lengths of a P-256 point, compressed and uncompressed.
const COMPRESSED_LEN: usize = 33;
const POINT_LEN: usize = 65;

/// More stack than ML-KEM-768 and P-256 use, in bytes.
const STACK: usize = 128 << 10;

/// A recipient whose private key is in hardware.
///
/// ```no_run
/// use fetool::format::age::TagRecipient;
/// use fetool::{FileKey, random};
///
/// let recipient: TagRecipient = "age1tag1…".parse()?;
/// let stanza = recipient.wrap(&FileKey::generate(&random)?, &random)?;
/// assert_eq!(stanza.kind, "p256tag");
/// # Ok::<(), fetool::Error>(())
/// ```
#[derive(Clone)]
pub struct TagRecipient {
    point: PublicKey,
    /// Only the post-quantum kind has it.
    ml_kem: Option<Box<EncapsulationKey>>,
}

impl TagRecipient {
    /// Returns whether it is of the post-quantum kind.
    pub fn is_post_quantum(&self) -> bool {
        self.ml_kem.is_some()
    }

    fn info(&self) -> &'static [u8] {
        match self.is_post_quantum() {
            true => HYBRID_INFO,
            false => CLASSIC_INFO,
        }
    }

    /// Returns the bytes that the recipient's text encodes.
    fn bytes(&self) -> Vec<u8> {
        match &self.ml_kem {
            Some(ml_kem) => [&ml_kem.to_bytes()[..], &uncompressed(&self.point)].concat(),
            None => compressed(&self.point).to_vec(),
        }
    }

    /// Wraps the file key for this recipient.
    ///
    /// # Errors
    /// Those of `random`.
    pub fn wrap(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        and_wipe_stack::<STACK, _>(|| self.wrap_inner(file_key, random))
    }

    fn wrap_inner(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        let message = random_bytes::<32>(random)?;
        let ephemeral = ephemeral(random)?;
        let share = uncompressed(&ephemeral.public_key());
        let recipient = uncompressed(&self.point);
        let shared = ephemeral.diffie_hellman(&self.point);
        let mut dh = Zeroizing::new([0; 32]);
        dh.copy_from_slice(shared.raw_secret_bytes());

        let (kind, encapsulated, (key, nonce)) = match &self.ml_kem {
            None => (
                CLASSIC,
                share.to_vec(),
                classic_key(&dh, &share, &recipient),
            ),
            Some(ml_kem) => {
                let (ciphertext, secret) = ml_kem.encapsulate_deterministic((&*message).into());
                let secret = Zeroizing::new(<[u8; 32]>::from(secret));
                let encapsulated = [&ciphertext[..], &share].concat();
                (
                    HYBRID,
                    encapsulated,
                    hybrid_key(&secret, &dh, &share, &recipient),
                )
            }
        };
        Ok(Stanza {
            kind: kind.to_owned(),
            args: vec![
                unpadded().encode(self.tag(&encapsulated)),
                unpadded().encode(&encapsulated),
            ],
            body: file_key.wrap(&key, &nonce).to_vec(),
        })
    }

    /// Returns the tag of a stanza.
    fn tag(&self, encapsulated: &[u8]) -> [u8; 4] {
        let hash = match self.is_post_quantum() {
            true => Sha256::digest(uncompressed(&self.point)),
            false => Sha256::digest(compressed(&self.point)),
        };
        let ikm = [encapsulated, &hash[..4]].concat();
        let (tag, _) = Hkdf::<Sha256>::extract(Some(self.info()), &ikm);
        *tag.first_chunk().expect("it is longer")
    }
}

fn classic_key(
    dh: &[u8; 32],
    share: &[u8; POINT_LEN],
    recipient: &[u8; POINT_LEN],
) -> (Key, [u8; 12]) {
    let shared = hpke::dh_p256(dh, share, recipient);
    hpke::key_schedule(hpke::DH_P256, CLASSIC_INFO, &shared)
}

fn hybrid_key(
    ml_kem: &[u8; 32],
    dh: &[u8; 32],
    share: &[u8; POINT_LEN],
    recipient: &[u8; POINT_LEN],
) -> (Key, [u8; 12]) {
    let shared = hpke::combine([ml_kem, dh, share, recipient, HYBRID_LABEL]);
    hpke::key_schedule(HYBRID_KEM, HYBRID_INFO, &shared)
}

/// Returns a new P-256 secret. One in 2^32 random byte strings is invalid, and is drawn again.
fn ephemeral(random: &Random<'_>) -> Result<SecretKey, Error> {
    for _ in 0..8 {
        let bytes = random_bytes::<32>(random)?;
        if let Ok(secret) = SecretKey::from_slice(&*bytes) {
            return Ok(secret);
        }
    }
    Err(Error::usage("the random numbers are not random"))
}

fn uncompressed(point: &PublicKey) -> [u8; POINT_LEN] {
    let point = point.to_sec1_point(false);
    point.as_bytes().try_into().expect("it has that length")
}

fn compressed(point: &PublicKey) -> [u8; COMPRESSED_LEN] {
    let point = point.to_sec1_point(true);
    point.as_bytes().try_into().expect("it has that length")
}

impl FromStr for TagRecipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let hybrid = text
            .strip_prefix(HYBRID_PREFIX)
            .is_some_and(|rest| rest.starts_with('1'));
        let (prefix, ml_kem_len, point_len) = match hybrid {
            true => (HYBRID_PREFIX, ML_KEM_KEY_LEN, POINT_LEN),
            false => (CLASSIC_PREFIX, 0, COMPRESSED_LEN),
        };
        let bytes = bech32::decode(prefix, text).map_err(recipients::invalid)?;
        if bytes.len() != ml_kem_len + point_len {
            return Err(recipients::invalid("wrong length"));
        }
        let (ml_kem, point) = bytes.split_at(ml_kem_len);
        // The length excludes other forms of points.
        let point = PublicKey::from_sec1_bytes(point)
            .map_err(|_| recipients::invalid("it is no point of P-256"))?;
        let ml_kem = <&[u8; ML_KEM_KEY_LEN]>::try_from(ml_kem).ok();
        let ml_kem = ml_kem.map(ml_kem_key).transpose()?;
        let recipient = Self { point, ml_kem };
        match recipient.bytes() == *bytes {
            true => Ok(recipient),
            false => Err(recipients::invalid(
                "its point of P-256 is written in an odd way",
            )),
        }
    }
}

impl fmt::Display for TagRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.is_post_quantum() {
            true => HYBRID_PREFIX,
            false => CLASSIC_PREFIX,
        };
        f.write_str(&bech32::encode(prefix, &self.bytes()))
    }
}

impl fmt::Debug for TagRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TagRecipient({self})")
    }
}

impl PartialEq for TagRecipient {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for TagRecipient {}

impl Hash for TagRecipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}
