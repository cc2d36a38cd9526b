//! X25519: the classic recipients, `age1…`, and their identities.
//!
//! ```
//! use fetool::format::age::x25519::{KIND, X25519Identity, X25519Recipient};
//! use fetool::{FileKey, random};
//!
//! let identity = X25519Identity::generate(&random)?;
//! let recipient: X25519Recipient = identity.recipient().to_string().parse()?;
//! let file_key = FileKey::generate(&random)?;
//! let stanza = recipient.wrap(&file_key, &random)?;
//! assert_eq!(stanza.kind, KIND);
//! let unwrapped = identity.unwrap(&stanza)?.expect("it is for this identity");
//! assert_eq!(unwrapped.as_bytes(), file_key.as_bytes());
//! # Ok::<(), fetool::Error>(())
//! ```

use super::Random;
use super::bech32;
use super::curve25519::{LEN, public_key, shared_secret};
use super::keys::{ZERO_NONCE, derive, random_bytes};
use super::strict_base64::{decode_exact, unpadded};
use super::text::{self, SECRET_LEN, known_by_recipient};
use crate::Error;
use crate::FileKey;
use crate::Stanza;
use crate::kdf::Key;
use crate::secure_memory::{Locked, and_wipe_stack};
use base64::Engine;
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// The type of the stanza.
pub const KIND: &str = "X25519";
/// The prefix of a recipient, before the last `1`.
pub(super) const RECIPIENT_PREFIX: &str = "age";
/// The prefix of an identity, before the last `1`.
pub(super) const IDENTITY_PREFIX: &str = "AGE-SECRET-KEY-";

/// More stack than X25519 uses, in bytes.
const STACK: usize = 16 << 10;

const INFO: &[u8] = b"age-encryption.org/v1/X25519";

/// The public half of an X25519 key pair.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct X25519Recipient([u8; LEN]);

impl X25519Recipient {
    /// Wraps the file key for this recipient.
    ///
    /// # Errors
    /// Those of `random`, and [`Error::Usage`] if the recipient is a point of low order, to which nothing
    /// can be sealed.
    pub fn wrap(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        and_wipe_stack::<STACK, _>(|| self.wrap_inner(file_key, random))
    }

    fn wrap_inner(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        let ephemeral = random_bytes(random)?;
        let share = public_key(&ephemeral);
        let key = shared_secret(&ephemeral, &self.0)
            .map(|shared| self.wrap_key(&share, &shared))
            .ok_or_else(|| Error::usage("invalid age recipient: it is a point of low order"))?;
        Ok(Stanza {
            kind: KIND.to_owned(),
            args: vec![unpadded().encode(share)],
            body: file_key.wrap(&key, &ZERO_NONCE).to_vec(),
        })
    }

    fn wrap_key(&self, share: &[u8; LEN], shared: &Key) -> Key {
        derive(&**shared, &[&share[..], &self.0].concat(), INFO)
    }
}

impl FromStr for X25519Recipient {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text::recipient(RECIPIENT_PREFIX, text).map(|key| Self(*key))
    }
}

impl fmt::Display for X25519Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32::encode(RECIPIENT_PREFIX, &self.0))
    }
}

/// An X25519 key pair. It wipes the secret on drop, and locks it in memory if the system allows that.
#[derive(Clone)]
pub struct X25519Identity {
    secret: Locked,
    recipient: X25519Recipient,
}

impl X25519Identity {
    /// Generates a key pair.
    ///
    /// # Errors
    /// Those of `random`.
    pub fn generate(random: &Random<'_>) -> Result<Self, Error> {
        let mut secret = Locked::new(SECRET_LEN);
        random(&mut secret)?;
        Ok(Self::of(secret))
    }

    /// Creates an identity from 32 bytes.
    fn of(secret: Locked) -> Self {
        let recipient = and_wipe_stack::<STACK, _>(|| public_key(bytes(&secret)));
        Self {
            secret,
            recipient: X25519Recipient(recipient),
        }
    }

    /// Returns the public half.
    pub fn recipient(&self) -> &X25519Recipient {
        &self.recipient
    }

    /// Returns the identity as text, `AGE-SECRET-KEY-1…`.
    pub fn encode(&self) -> Zeroizing<String> {
        bech32::encode(IDENTITY_PREFIX, &self.secret)
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
        let Some(([share], body)) = stanza.of_kind(KIND)? else {
            return Ok(None);
        };
        let share: [u8; LEN] = decode_exact(share.as_bytes())
            .ok_or_else(|| stanza.malformed("the share is not 32 bytes in canonical base64"))?;
        let shared = shared_secret(bytes(&self.secret), &share)
            .ok_or_else(|| stanza.malformed("the share is a point of low order"))?;
        let key = self.recipient.wrap_key(&share, &shared);
        Ok(FileKey::unwrap(&key, &ZERO_NONCE, body))
    }
}

fn bytes(secret: &Locked) -> &[u8; LEN] {
    secret.first_chunk().expect("it has 32 bytes")
}

impl FromStr for X25519Identity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text::secret(IDENTITY_PREFIX, text).map(Self::of)
    }
}

known_by_recipient!(X25519Identity);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_that_cannot_be_sealed_to_are_refused() {
        let recipient = |bytes: &[u8]| {
            let text = bech32::encode(RECIPIENT_PREFIX, bytes);
            text.parse::<X25519Recipient>()
        };
        for len in [0, 31, 33] {
            let error = recipient(&[9; 33][..len]).unwrap_err();
            assert_eq!(error.to_string(), "invalid age recipient: wrong length");
        }
        let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        let low_order = recipient(&[0; 32]).unwrap();
        let error = low_order.wrap(&file_key, &crate::random).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid age recipient: it is a point of low order"
        );
    }

    #[test]
    fn stanzas_of_another_shape_are_malformed() {
        let identity = X25519Identity::generate(&crate::random).unwrap();
        let file_key = FileKey::from_bytes(b"YELLOW SUBMARINE");
        let stanza = identity.recipient.wrap(&file_key, &crate::random).unwrap();
        let changes: [fn(&mut Stanza); 6] = [
            |stanza| stanza.args.clear(),
            |stanza| stanza.args.push("more".to_owned()),
            |stanza| stanza.body.truncate(31),
            |stanza| stanza.args[0].push('A'),
            |stanza| stanza.args[0].replace_range(42.., "B"),
            |stanza| stanza.args[0] = "A".repeat(43),
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
        foreign.kind.make_ascii_lowercase();
        assert!(identity.unwrap(&foreign).unwrap().is_none());
    }
}
