//! Public SSH keys.

use super::super::Random;
use super::super::curve25519::public_key;
use super::super::keys::{ZERO_NONCE, random_bytes};
use super::super::strict_base64::{padded, unpadded};
use super::{ED25519, RSA, RSA_BITS, RSA_LABEL, Rng, STACK, wrap_key};
use crate::secure_memory::and_wipe_stack;
use crate::{Error, FileKey, Stanza};
use base64::Engine;
use curve25519_dalek::edwards::CompressedEdwardsY;
use rsa::BoxedUint;
use rsa::oaep::EncryptingKey;
use rsa::traits::RandomizedEncryptor;
use sha2::{Digest, Sha256};
use ssh_key::public::KeyData;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// Bytes of the key's hash at the start of a stanza.
const TAG_LEN: usize = 4;

/// A public SSH key to which files can be sealed, `ssh-ed25519 AAAA…` or `ssh-rsa AAAA…`.
#[derive(Clone)]
pub struct SshRecipient {
    /// The key in SSH's wire format.
    wire: Vec<u8>,
    key: Point,
}

/// The numbers of the key.
#[derive(Clone)]
enum Point {
    /// The Ed25519 key as a point of X25519.
    Ed25519([u8; 32]),
    Rsa(Box<rsa::PublicKey>),
}

impl SshRecipient {
    /// Parses a key in SSH's wire format.
    fn from_wire(wire: Vec<u8>) -> Result<Self, Unfit> {
        let key = ssh_key::PublicKey::from_bytes(&wire)
            .map_err(|_| unfit("the key is damaged, or there is a typo in it"))?;
        Self::of(key.key_data(), wire)
    }

    /// Converts a parsed key.
    pub(super) fn from_key(key: &KeyData) -> Result<Self, Unfit> {
        let wire = ssh_key::PublicKey::from(key.clone()).to_bytes();
        Self::of(key, wire.map_err(|_| unfit("the key is damaged"))?)
    }

    fn of(key: &KeyData, wire: Vec<u8>) -> Result<Self, Unfit> {
        let key = match key {
            KeyData::Ed25519(key) => {
                let point = CompressedEdwardsY(key.0).decompress();
                let point = point.ok_or_else(|| unfit("the key is not a point of Ed25519"))?;
                Point::Ed25519(point.to_montgomery().to_bytes())
            }
            KeyData::Rsa(key) => {
                let (n, e) = (key.n().as_positive_bytes(), key.e().as_positive_bytes());
                let (n, e) = n.zip(e).ok_or_else(|| unfit("a number is negative"))?;
                let (n, e) = (uint(n), uint(e));
                let key = rsa::PublicKey::new_with_size_limits(n, e, RSA_BITS);
                Point::Rsa(Box::new(key.map_err(|error| unfit(rsa_fault(&error)))?))
            }
            _ => return Err(Unfit::OtherType),
        };
        Ok(Self { wire, key })
    }

    /// Returns the type of the key, which is also the type of its stanzas.
    pub fn kind(&self) -> &'static str {
        match self.key {
            Point::Ed25519(_) => ED25519,
            Point::Rsa(_) => RSA,
        }
    }

    /// Returns the tag of the stanzas for this key.
    pub fn tag(&self) -> String {
        unpadded().encode(&Sha256::digest(&self.wire)[..TAG_LEN])
    }

    pub(super) fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// Returns the point of X25519, for Ed25519 keys.
    pub(super) fn point(&self) -> Option<&[u8; 32]> {
        match &self.key {
            Point::Ed25519(point) => Some(point),
            Point::Rsa(_) => None,
        }
    }

    /// Wraps the file key for this recipient.
    ///
    /// # Errors
    /// Those of `random`, and [`Error::Usage`] if the key is a point of low order, to which nothing can be
    /// sealed.
    pub fn wrap(&self, file_key: &FileKey, random: &Random<'_>) -> Result<Stanza, Error> {
        and_wipe_stack::<STACK, _>(|| match &self.key {
            Point::Ed25519(point) => self.wrap_ed25519(point, file_key, random),
            Point::Rsa(key) => self.wrap_rsa(key, file_key, random),
        })
    }

    fn wrap_ed25519(
        &self,
        point: &[u8; 32],
        file_key: &FileKey,
        random: &Random<'_>,
    ) -> Result<Stanza, Error> {
        let ephemeral = random_bytes(random)?;
        let share = public_key(&ephemeral);
        let key = wrap_key(&ephemeral, point, &share, point, &self.wire)
            .ok_or_else(|| invalid("the key is a point of low order"))?;
        Ok(Stanza {
            kind: ED25519.to_owned(),
            args: vec![self.tag(), unpadded().encode(share)],
            body: file_key.wrap(&key, &ZERO_NONCE).to_vec(),
        })
    }

    fn wrap_rsa(
        &self,
        key: &rsa::PublicKey,
        file_key: &FileKey,
        random: &Random<'_>,
    ) -> Result<Stanza, Error> {
        let mut rng = Rng::new(random);
        let key = EncryptingKey::<Sha256>::new_with_label(key.clone(), RSA_LABEL);
        let body = key.encrypt_with_rng(&mut rng, file_key.as_bytes());
        let body = body.map_err(|_| match rng.failure.take() {
            Some(error) => error,
            None => invalid("nothing can be encrypted with this key"),
        })?;
        Ok(Stanza {
            kind: RSA.to_owned(),
            args: vec![self.tag()],
            body,
        })
    }
}

/// Converts a public number for the `rsa` crate.
pub(super) fn uint(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice_vartime(bytes)
}

pub(super) fn rsa_fault(error: &rsa::Error) -> String {
    match error {
        rsa::Error::ModulusTooSmall => format!(
            "an RSA key of fewer than {} bits is not safe",
            RSA_BITS.start()
        ),
        rsa::Error::ModulusTooLarge => {
            format!(
                "RSA keys of more than {} bits are not supported",
                RSA_BITS.end()
            )
        }
        _ => "the numbers of the RSA key do not fit together".to_owned(),
    }
}

/// Why a public key cannot be a recipient.
pub(super) enum Unfit {
    /// It is invalid or too weak, for this reason.
    Invalid(String),
    /// Keys of its type only sign.
    OtherType,
}

fn unfit(why: impl Into<String>) -> Unfit {
    Unfit::Invalid(why.into())
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Invalid(why) => invalid(why),
            Unfit::OtherType => other_type("of this type"),
        }
    }
}

fn invalid(why: impl fmt::Display) -> Error {
    Error::usage(format!("invalid SSH recipient: {why}"))
}

fn other_type(which: &str) -> Error {
    Error::usage_hint(
        format!("files cannot be sealed to an SSH key {which}: it only signs"),
        "give a key of type ssh-ed25519 or ssh-rsa that is in a file: ssh-agent and security keys (sk-) \
         only sign, so no key of theirs opens a file",
    )
}

/// Types of SSH keys that only sign.
const OTHER_TYPES: [&str; 6] = [
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "ssh-dss",
];

/// Returns whether a line is meant to be an SSH key.
pub(in super::super) fn is_ssh(text: &str) -> bool {
    let kind = text.split(' ').next().unwrap_or_default();
    [ED25519, RSA].contains(&kind) || OTHER_TYPES.contains(&kind) || text.starts_with("ssh-")
}

/// A valid SSH key to which nothing can be sealed.
pub(in super::super) struct OtherKey(pub &'static str);

impl OtherKey {
    pub fn refused(&self) -> Error {
        other_type(&format!("of type {}", self.0))
    }
}

/// Returns the type of a line with a public key of another type, if the key's own beginning confirms it.
pub(in super::super) fn other_key(text: &str) -> Option<OtherKey> {
    let (kind, wire) = fields(text)?;
    let kind = *OTHER_TYPES.iter().find(|other| **other == kind)?;
    let wire = decode(wire)?;
    let (len, rest) = wire.split_first_chunk()?;
    let own = rest.get(..u32::from_be_bytes(*len) as usize)?;
    (own == kind.as_bytes()).then_some(OtherKey(kind))
}

/// Returns the type and the key in base64; a comment may follow.
fn fields(text: &str) -> Option<(&str, &str)> {
    let (kind, rest) = text.split_once(' ')?;
    let wire = rest.split([' ', '\t']).next().unwrap_or_default();
    Some((kind, wire))
}

fn decode(wire: &str) -> Option<Vec<u8>> {
    padded().decode(wire).ok()
}

impl FromStr for SshRecipient {
    type Err = Error;

    /// # Errors
    /// [`Error::Usage`], which never contains any of the text.
    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(other) = other_key(text) {
            return Err(other.refused());
        }
        let parsed = fields(text).filter(|(kind, _)| [ED25519, RSA].contains(kind));
        let (kind, wire) = parsed.ok_or_else(|| {
            invalid("it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one space between")
        })?;
        let wire = decode(wire).ok_or_else(|| invalid("the key is not in base64"))?;
        let recipient = Self::from_wire(wire)?;
        match recipient.kind() == kind {
            true => Ok(recipient),
            false => Err(invalid("the key is of another type than it says")),
        }
    }
}

impl fmt::Display for SshRecipient {
    /// Writes the key without a comment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), padded().encode(&self.wire))
    }
}

impl fmt::Debug for SshRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshRecipient({self})")
    }
}

impl PartialEq for SshRecipient {
    fn eq(&self, other: &Self) -> bool {
        self.wire == other.wire
    }
}

impl Eq for SshRecipient {}

impl Hash for SshRecipient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.wire.hash(state);
    }
}
