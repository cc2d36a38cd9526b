//! The text form of keys: bech32 with a prefix and a length for each kind.

use super::{bech32, identities, recipients};
use crate::Error;
use crate::secure_memory::Locked;

/// Length in bytes of the secret of an identity, for every kind.
pub(super) const SECRET_LEN: usize = 32;

/// Returns the bytes of a recipient.
pub(super) fn recipient<const N: usize>(prefix: &str, text: &str) -> Result<Box<[u8; N]>, Error> {
    let bytes = bech32::decode(prefix, text).map_err(recipients::invalid)?;
    let bytes = bytes.to_vec().try_into();
    bytes.map_err(|_| recipients::invalid("wrong length"))
}

/// Returns the secret of an identity.
pub(super) fn secret(prefix: &str, text: &str) -> Result<Locked, Error> {
    let secret = bech32::decode(prefix, text).map_err(identities::invalid)?;
    match secret.len() {
        SECRET_LEN => Ok(Locked::of(&secret)),
        _ => Err(identities::invalid("wrong length")),
    }
}

/// Compares and shows key pairs only by their public halves.
macro_rules! known_by_recipient {
    ($identity:ident) => {
        impl PartialEq for $identity {
            /// Compares the public halves.
            fn eq(&self, other: &Self) -> bool {
                self.recipient == other.recipient
            }
        }

        impl Eq for $identity {}

        impl std::fmt::Debug for $identity {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}(of {})", stringify!($identity), self.recipient)
            }
        }
    };
}

pub(super) use known_by_recipient;
