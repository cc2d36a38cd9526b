//! Key slots: the master key, wrapped under a hash of a secret.

use crate::aead::{Aead, Algorithm, KEY_LEN, TAG_LEN, Tag};
use crate::kdf::{Derivation, Kdf, Key};
use crate::{Error, Secret};

/// Length of a wrapped master key in bytes: the key and its tag.
pub(super) const WRAPPED_LEN: usize = KEY_LEN + TAG_LEN;
/// Length of every salt in bytes.
pub(super) const SALT_LEN: usize = 16;
/// Length of a slot of version 5 in bytes.
pub(super) const SLOT_LEN: usize = 96;
/// The first byte of a used slot.
const USED: u8 = 0xDF;
/// Room for the nonce in a slot of version 5.
const NONCE_ROOM: usize = 24;

/// How the secret of a slot is hashed. The numbers are those of the header versions that introduced the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotHash {
    /// `A1`: Argon2id over 8 MiB.
    Argon2idV1,
    /// `A2`: Argon2id over 256 MiB, 8 passes.
    Argon2idV2,
    /// `A3`: Argon2id over 256 MiB, 10 passes. The default.
    Argon2idV3,
    /// `B4`: BLAKE3-Balloon with space 262 144.
    BalloonV4,
    /// `B5`: BLAKE3-Balloon with space 278 528.
    BalloonV5,
    /// Anything else. No secret opens such a slot, but the other slots work.
    Unknown(u8),
}

impl SlotHash {
    const ALL: [(u8, Self); 5] = [
        (0xA1, Self::Argon2idV1),
        (0xA2, Self::Argon2idV2),
        (0xA3, Self::Argon2idV3),
        (0xB4, Self::BalloonV4),
        (0xB5, Self::BalloonV5),
    ];

    /// Returns whether version 5 reads it only because older versions used it: no Dexios writes a slot with it.
    ///
    /// Versions 1 and 2 sealed blocks under the same hash of the secret, with no associated data, and slots wrap keys
    /// in the same way. So a block of 32 bytes of such a file passes as a slot, and everybody who knows the block's
    /// plaintext knows its master key.
    pub fn is_legacy(self) -> bool {
        matches!(self, Self::Argon2idV1 | Self::Argon2idV2)
    }

    /// Returns the hash of a new slot.
    pub(super) fn for_kdf(kdf: Option<Kdf>) -> Result<Self, Error> {
        match kdf {
            None | Some(Kdf::Argon2id) => Ok(Self::Argon2idV3),
            Some(Kdf::Balloon) => Ok(Self::BalloonV5),
            Some(Kdf::Pbkdf2) => Err(Error::usage(
                "a Dexios key slot is hashed with argon2id or balloon, not with pbkdf2",
            )),
        }
    }

    fn decode(byte: u8) -> Self {
        Self::ALL
            .into_iter()
            .find_map(|(code, hash)| (code == byte).then_some(hash))
            .unwrap_or(Self::Unknown(byte))
    }

    /// Returns the byte that stands for it.
    pub fn code(self) -> u8 {
        match self {
            Self::Unknown(byte) => byte,
            known => Self::ALL
                .into_iter()
                .find_map(|(code, hash)| (hash == known).then_some(code))
                .expect("every known hash has a code"),
        }
    }

    /// Returns the function and its parameters; `None` for an unknown hash.
    pub fn derivation(self) -> Option<Derivation> {
        let argon2id = |memory_mib: u32, passes| Derivation::Argon2id {
            memory: memory_mib * 1024,
            passes,
            lanes: 4,
        };
        Some(match self {
            Self::Argon2idV1 => argon2id(8, 8),
            Self::Argon2idV2 => argon2id(256, 8),
            Self::Argon2idV3 => argon2id(256, 10),
            Self::BalloonV4 => Derivation::Balloon { space: 262_144 },
            Self::BalloonV5 => Derivation::Balloon { space: 278_528 },
            Self::Unknown(_) => return None,
        })
    }
}

/// A wrapped master key, with what unwraps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// How the secret is hashed.
    pub hash: SlotHash,
    /// The salt of the hash.
    pub salt: [u8; SALT_LEN],
    /// The nonce, of the AEAD's full length.
    pub nonce: Vec<u8>,
    /// The master key, sealed by the file's AEAD under the hashed secret without associated data.
    pub wrapped: [u8; WRAPPED_LEN],
}

impl Slot {
    /// Wraps a master key under a secret, with a fresh nonce, and a salt that only files of the same run may share.
    ///
    /// # Errors
    /// Those of the random numbers and of the hash.
    pub fn wrap(
        algorithm: Algorithm,
        hash: SlotHash,
        master: &Key,
        secret: &Secret,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let salt = secret.new_salt(random)?;
        Self::wrap_salted(algorithm, hash, salt, master, secret, random)
    }

    /// Does the same with a given salt (in version 4 it is associated data of every block).
    pub(super) fn wrap_salted(
        algorithm: Algorithm,
        hash: SlotHash,
        salt: [u8; SALT_LEN],
        master: &Key,
        secret: &Secret,
        random: &dyn Fn(&mut [u8]) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut nonce = vec![0; algorithm.nonce_len()];
        random(&mut nonce)?;
        let derivation = hash
            .derivation()
            .ok_or_else(|| Error::usage("a key slot needs a known hash"))?;
        let key = secret.derive(derivation, &salt)?;
        let mut wrapped = [0; WRAPPED_LEN];
        let (body, tag) = wrapped.split_at_mut(KEY_LEN);
        body.copy_from_slice(&**master);
        // The nonce is random, and the hashed key seals almost nothing else: in version 4 the keys of earlier changes,
        // in version 5 this one alone.
        let sealed = Aead::new(algorithm, &key)
            .seal(&nonce, b"", body)
            .expect("the nonce has the algorithm's length, and 32 bytes are no long message");
        tag.copy_from_slice(&sealed);
        Ok(Self {
            hash,
            salt,
            nonce,
            wrapped,
        })
    }

    /// Unwraps the master key, if the secret is the right one.
    ///
    /// # Errors
    /// Those of the hash; a wrong secret is `None`.
    pub fn unwrap(&self, algorithm: Algorithm, secret: &Secret) -> Result<Option<Key>, Error> {
        let Some(derivation) = self.hash.derivation() else {
            return Ok(None);
        };
        let key = secret.derive(derivation, &self.salt)?;
        let mut master = Key::default();
        let (body, tag) = self.wrapped.split_at(KEY_LEN);
        master.copy_from_slice(body);
        let tag: &Tag = tag.try_into().expect("16 bytes are left");
        let opened = Aead::new(algorithm, &key).open(&self.nonce, b"", &mut *master, tag);
        Ok(opened.is_ok().then_some(master))
    }

    /// Reads a slot of version 5; `None` when it is empty.
    pub(super) fn decode(bytes: &[u8; SLOT_LEN], algorithm: Algorithm) -> Option<Self> {
        if bytes[0] != USED {
            return None;
        }
        let (wrapped, rest) = bytes[2..]
            .split_first_chunk()
            .expect("a slot is long enough");
        Some(Self {
            hash: SlotHash::decode(bytes[1]),
            salt: rest[NONCE_ROOM..][..SALT_LEN]
                .try_into()
                .expect("16 bytes were taken"),
            nonce: rest[..algorithm.nonce_len()].to_vec(),
            wrapped: *wrapped,
        })
    }

    pub(super) fn encode(&self) -> [u8; SLOT_LEN] {
        let mut bytes = [0; SLOT_LEN];
        bytes[0] = USED;
        bytes[1] = self.hash.code();
        let (wrapped, rest) = bytes[2..].split_at_mut(WRAPPED_LEN);
        wrapped.copy_from_slice(&self.wrapped);
        rest[..self.nonce.len()].copy_from_slice(&self.nonce);
        rest[NONCE_ROOM..][..SALT_LEN].copy_from_slice(&self.salt);
        bytes
    }
}
