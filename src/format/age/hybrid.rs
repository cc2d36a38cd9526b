//! mlkem768x25519: the post-quantum recipients, `age1pq1…`, and their identities.
//!
//! The file key is sealed with HPKE (RFC 9180, base mode, one message) whose KEM is X-Wing: ML-KEM-768
//! and X25519 together, so that both must be broken to open a file.
//!
//! ```
//! use fetool::format::age::hybrid::{KIND, HybridIdentity, HybridRecipient};
//! use fetool::{FileKey, random};
//!
//! let identity = HybridIdentity::generate(&random)?;
//! let recipient: HybridRecipient = identity.recipient().to_string().parse()?;
//! let file_key = FileKey::generate(&random)?;
//! let stanza = recipient.wrap(&file_key, &random)?;
//! assert_eq!(stanza.kind, KIND);
//! let unwrapped = identity.unwrap(&stanza)?.expect("it is for this identity");
//! assert_eq!(unwrapped.as_bytes(), file_key.as_bytes());
//! # Ok::<(), fetool::Error>(())
//! ```

use super::bech32;
use super::curve25519::{self, public_key, shared_secret};
use super::keys::random_bytes;
use super::strict_base64::{decode_exact, unpadded};
use super::text::{self, SECRET_LEN, known_by_recipient};
use super::{Random, hpke, recipients};
use crate::Error;
use crate::FileKey;
use crate::Stanza;
use crate::kdf::Key;
use crate::secure_memory::{Locked, and_wipe_stack};
use base64::Engine;
use ml_kem::ml_kem_768::{DecapsulationKey, EncapsulationKey};
use ml_kem::{Decapsulate, KeyExport, Seed};
use shake::{ExtendableOutput, Shake256, Update, XofReader};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use zeroize::{Zeroize, Zeroizing};

/// The type of the stanza.
pub const KIND: &str = "mlkem768x25519";
/// The prefix of a recipient, before the last `1`.
pub(super) const RECIPIENT_PREFIX: &str = "age1pq";
/// The prefix of an identity, before the last `1`.
pub(super) const IDENTITY_PREFIX: &str = "AGE-SECRET-KEY-PQ-";

pub(super) const ML_KEM_KEY_LEN: usize = 1184;
const ML_KEM_CIPHERTEXT_LEN: usize = 1088;
const RECIPIENT_LEN: usize = ML_KEM_KEY_LEN + curve25519::LEN;
const ENCAPSULATED_LEN: usize = ML_KEM_CIPHERTEXT_LEN + curve25519::LEN;
/// More stack than ML-KEM-768 uses, in bytes.
const STACK: usize = 128 << 10;

/// The public half of a hybrid key pair.
#[derive(Clone)]
pub struct HybridRecipient {
    bytes: Box<[u8; RECIPIENT_LEN]>,
    ml_kem: Box<EncapsulationKey>,
}

impl HybridRecipient {
    fn x25519(&self) -> [u8; curve25519::LEN] {
        *self.bytes.last_chunk().expect("it is longer")
    }

    /// Wraps the file key for this recipient.
    ///
    /// # Errors
    /// Those of `random`, and [`Error::Usage`] if the recipient's X25519 part is a point of low order, to
    /// which nothing can be sealed.
    pub fn wrap(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        and_wipe_stack::<STACK, _>(|| self.wrap_inner(file_key, random))
    }

    fn wrap_inner(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        let message = random_bytes::<32>(random)?;
        let ephemeral = random_bytes(random)?;
        let (ciphertext, ml_kem) = self.ml_kem.encapsulate_deterministic((&*message).into());
        let ml_kem = Zeroizing::new(<[u8; 32]>::from(ml_kem));
        let share = public_key(&ephemeral);
        let recipient = self.x25519();
        let x25519 = shared_secret(&ephemeral, &recipient)
            .ok_or_else(|| Error::usage("invalid age recipient: it is a point of low order"))?;
        let secret = combine(&ml_kem, &x25519, &share, &recipient);
        let (key, nonce) = key_schedule(&secret);
        let mut encapsulated = [0; ENCAPSULATED_LEN];
        let (first, second) = encapsulated.split_at_mut(ML_KEM_CIPHERTEXT_LEN);
        first.copy_from_slice(&ciphertext);
        second.copy_from_slice(&share);
        Ok(Stanza {
            kind: KIND.to_owned(),
            args: vec![unpadded().encode(encapsulated)],
            body: file_key.wrap(&key, &nonce).to_vec(),
        })
    }
}

impl FromStr for HybridRecipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes: Box<[u8; RECIPIENT_LEN]> = text::recipient(RECIPIENT_PREFIX, text)?;
        let ml_kem = ml_kem_key(bytes.first_chunk().expect("it is longer"))?;
        Ok(Self { bytes, ml_kem })
    }
}

/// Returns the ML-KEM-768 part of a recipient.
pub(super) fn ml_kem_key(bytes: &[u8; ML_KEM_KEY_LEN]) -> Result<Box<EncapsulationKey>, Error> {
    let key = EncapsulationKey::new(bytes.into()).map(Box::new);
    key.map_err(|_| recipients::invalid("its ML-KEM-768 key has a coefficient that is not reduced"))
}

impl fmt::Display for HybridRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32::encode(RECIPIENT_PREFIX, &self.bytes[..]))
    }
}

impl PartialEq for HybridRecipient {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for HybridRecipient {}

impl Hash for HybridRecipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl fmt::Debug for HybridRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HybridRecipient({self})")
    }
}

/// A hybrid key pair. It wipes its secrets on drop, and locks its seed in memory if the system allows that.
#[derive(Clone)]
pub struct HybridIdentity {
    seed: Locked,
    /// The keys that the seed expands to. Keeping them saves the expansion for each file.
    ml_kem: Box<DecapsulationKey>,
    x25519: Key,
    recipient: HybridRecipient,
}

impl HybridIdentity {
    /// Generates a key pair.
    ///
    /// # Errors
    /// Those of `random`.
    pub fn generate(random: &Random<'_>) -> Result<Self, Error> {
        let mut seed = Locked::new(SECRET_LEN);
        random(&mut seed)?;
        Ok(Self::of(seed))
    }

    /// Creates an identity from 32 bytes.
    fn of(seed: Locked) -> Self {
        and_wipe_stack::<STACK, _>(|| Self::expand(seed))
    }

    fn expand(seed: Locked) -> Self {
        let mut expanded = Zeroizing::new([0; 96]);
        let mut shake = Shake256::default();
        shake.update(&seed);
        shake.finalize_xof().read(&mut *expanded);
        let (first, second) = expanded.split_at(64);
        let mut ml_kem_seed = Seed::try_from(first).expect("64 bytes were split off");
        let ml_kem = Box::new(DecapsulationKey::from_seed(ml_kem_seed));
        ml_kem_seed.as_mut_slice().zeroize();
        let x25519 = Key::of(second.try_into().expect("32 bytes are left"));

        let mut bytes = Box::new([0; RECIPIENT_LEN]);
        let (first, second) = bytes.split_at_mut(ML_KEM_KEY_LEN);
        let public = ml_kem.encapsulation_key();
        first.copy_from_slice(&public.to_bytes());
        second.copy_from_slice(&public_key(&x25519));
        let recipient = HybridRecipient {
            bytes,
            ml_kem: Box::new(public.clone()),
        };
        Self {
            seed,
            ml_kem,
            x25519,
            recipient,
        }
    }

    /// Returns the public half.
    pub fn recipient(&self) -> &HybridRecipient {
        &self.recipient
    }

    /// Returns the identity as text, `AGE-SECRET-KEY-PQ-1…`.
    pub fn encode(&self) -> Zeroizing<String> {
        bech32::encode(IDENTITY_PREFIX, &self.seed)
    }

    /// Unwraps the file key from a stanza. Returns `None` if the stanza is of another type or for another
    /// recipient.
    ///
    /// # Errors
    /// [`Error::Malformed`] with offset 0 if the stanza breaks a rule of its type.
    pub fn unwrap(&self, stanza: &Stanza) -> Result<Option<FileKey>, Error> {
        and_wipe_stack::<STACK, _>(|| self.unwrap_inner(stanza))
    }

    fn unwrap_inner(&self, stanza: &Stanza) -> Result<Option<FileKey>, Error> {
        let Some(([encapsulated], body)) = stanza.of_kind(KIND)? else {
            return Ok(None);
        };
        let encapsulated: [u8; ENCAPSULATED_LEN] = decode_exact(encapsulated.as_bytes())
            .ok_or_else(|| {
                stanza.malformed("the encapsulated key is not 1120 bytes in canonical base64")
            })?;
        let (ciphertext, share) = encapsulated
            .split_first_chunk::<ML_KEM_CIPHERTEXT_LEN>()
            .expect("it is longer");
        let share: [u8; curve25519::LEN] = share.try_into().expect("32 bytes are left");
        let x25519 = shared_secret(&self.x25519, &share)
            .ok_or_else(|| stanza.malformed("the share is a point of low order"))?;
        let ml_kem = Zeroizing::new(<[u8; 32]>::from(self.ml_kem.decapsulate(ciphertext.into())));
        let secret = combine(&ml_kem, &x25519, &share, &self.recipient.x25519());
        let (key, nonce) = key_schedule(&secret);
        Ok(FileKey::unwrap(&key, &nonce, body))
    }
}

impl FromStr for HybridIdentity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text::secret(IDENTITY_PREFIX, text).map(Self::of)
    }
}

known_by_recipient!(HybridIdentity);

/// Returns X-Wing's shared secret, from those of its two parts, the X25519 share and the recipient's X25519 key.
fn combine(
    ml_kem: &[u8; 32],
    x25519: &[u8; 32],
    share: &[u8; curve25519::LEN],
    recipient: &[u8; curve25519::LEN],
) -> Key {
    hpke::combine([ml_kem, x25519, share, recipient, br"\.//^\"])
}

/// The number of X-Wing.
const KEM: u16 = 0x647a;
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";

/// Returns the key and the nonce of the first message, which is the only one.
fn key_schedule(shared: &Key) -> (Key, [u8; 12]) {
    hpke::key_schedule(KEM, INFO, shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipient(bytes: &[u8]) -> Result<HybridRecipient, Error> {
        bech32::encode(RECIPIENT_PREFIX, bytes).parse()
    }

    #[test]
    fn recipients_that_cannot_be_sealed_to_are_refused() {
        let mut bytes = *HybridIdentity::generate(&crate::random)
            .unwrap()
            .recipient
            .bytes;
        assert!(recipient(&bytes).is_ok());
        for len in [0, 32, RECIPIENT_LEN - 1] {
            let error = recipient(&bytes[..len]).unwrap_err();
            assert_eq!(error.to_string(), "invalid age recipient: wrong length");
        }
        let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        bytes[ML_KEM_KEY_LEN..].fill(0);
        let low_order = recipient(&bytes).unwrap();
        let error = low_order.wrap(&file_key, &crate::random).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid age recipient: it is a point of low order"
        );
        // The first coefficient is 0xFFF, and the modulus is 0xD01.
        bytes[..2].fill(0xFF);
        let error = recipient(&bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid age recipient: its ML-KEM-768 key has a coefficient that is not reduced"
        );
    }

    #[test]
    fn stanzas_of_another_shape_are_malformed() {
        let identity = HybridIdentity::generate(&crate::random).unwrap();
        let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        let stanza = identity.recipient.wrap(&file_key, &crate::random).unwrap();
        let changes: [fn(&mut Stanza); 5] = [
            |stanza| stanza.args.clear(),
            |stanza| stanza.args.push("more".to_owned()),
            |stanza| stanza.body.push(0),
            |stanza| stanza.args[0].push('A'),
            |stanza| {
                stanza.args[0].pop();
            },
        ];
        for change in changes {
            let mut wrong = stanza.clone();
            change(&mut wrong);
            let error = identity.unwrap(&wrong).unwrap_err();
            assert!(
                matches!(error, Error::Malformed { offset: 0, .. }),
                "{error}"
            );
        }
        let mut foreign = stanza;
        foreign.kind.make_ascii_uppercase();
        assert!(identity.unwrap(&foreign).unwrap().is_none());
    }
}
