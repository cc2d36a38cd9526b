//! SSH keys as recipients and identities: `ssh-ed25519` and `ssh-rsa`.
//!
//! The specification of age does not have them; the rules here are those that its programs share. A stanza has a tag of
//! its public key, so an identity recognises its stanzas without its private key. The passphrase of an encrypted key
//! file is asked for only if there is one.
//!
//! ```no_run
//! use fetool::format::age::ssh::{FILE_MAX, SshIdentity, SshRecipient};
//! use fetool::{FileKey, Secret, random};
//!
//! let public: SshRecipient = std::fs::read_to_string("id_ed25519.pub").unwrap().parse()?;
//! let file_key = FileKey::generate(&random)?;
//! let stanza = public.wrap(&file_key, &random)?;
//!
//! let file = std::fs::read("id_ed25519").unwrap();
//! assert!(file.len() <= FILE_MAX);
//! let private = SshIdentity::parse(&file)?.asking(|| Ok(Secret::passphrase("correct horse")));
//! assert!(private.unwrap(&stanza)?.is_some());
//! # Ok::<(), fetool::Error>(())
//! ```

mod identity;
mod private_key;
mod recipient;

pub use identity::SshIdentity;
pub use private_key::FILE_MAX;
pub use recipient::SshRecipient;

pub(super) use recipient::{OtherKey, is_ssh, other_key};

use super::curve25519::{self, shared_secret};
use super::keys::derive;
use crate::kdf::Key;

/// The stanza types, which are also the key types.
const ED25519: &str = "ssh-ed25519";
const RSA: &str = "ssh-rsa";

const ED25519_INFO: &[u8] = b"age-encryption.org/v1/ssh-ed25519";
const RSA_LABEL: &[u8] = b"age-encryption.org/v1/ssh-rsa";

/// The range of bits of an RSA modulus. Fewer are not safe, and the `rsa` crate refuses more.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=rsa::PublicKey::MAX_SIZE;

/// More stack than RSA uses, in bytes; its numbers are on the heap.
const STACK: usize = 64 << 10;

/// Returns the key that wraps the file key of an `ssh-ed25519` stanza, or `None` if the other side's share
/// is a point of low order. `secret` belongs to the ephemeral share when sealing, and to the recipient when
/// opening; `point` is the other side's.
fn wrap_key(
    secret: &[u8; curve25519::LEN],
    point: &[u8; curve25519::LEN],
    share: &[u8; curve25519::LEN],
    recipient: &[u8; curve25519::LEN],
    wire: &[u8],
) -> Option<Key> {
    let shared = shared_secret(secret, point)?;
    // Binds the stanza to the SSH key, of which the point is only a part.
    let tweaked = shared_secret(&derive(b"", wire, ED25519_INFO), &shared)?;
    let salt = [&share[..], recipient].concat();
    Some(derive(&*tweaked, &salt, ED25519_INFO))
}

/// The random numbers of this crate, for the `rsa` crate.
struct Rng<'a> {
    random: &'a super::Random<'a>,
    /// The error of the random source, which the `rsa` crate does not pass on.
    failure: Option<crate::Error>,
}

impl<'a> Rng<'a> {
    fn new(random: &'a super::Random<'a>) -> Self {
        Self {
            random,
            failure: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no random numbers")]
struct NoRandom;

impl rsa::rand_core::TryRng for Rng<'_> {
    type Error = NoRandom;

    fn try_next_u32(&mut self) -> Result<u32, NoRandom> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandom> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoRandom> {
        (self.random)(bytes).map_err(|error| {
            self.failure = Some(error);
            NoRandom
        })
    }
}

impl rsa::rand_core::TryCryptoRng for Rng<'_> {}
