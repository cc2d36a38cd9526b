//! age, version 1: files for recipients or for a passphrase.
//!
//! An age file is a text header, a nonce of 16 bytes and the chunks. The header has one [`Stanza`](crate::Stanza) for
//! each recipient, which wraps the [`FileKey`](crate::FileKey), and a MAC under a key that is derived from the file key.
//! Everything here works on slices in memory.
//!
//! | module | what it does |
//! |---|---|
//! | [`stanza`], [`header`] | parse and write the header |
//! | [`keys`] | file key, MAC key and payload key |
//! | [`x25519`], [`hybrid`], [`scrypt`] | wrap the file key for a recipient or a passphrase |
//! | `ssh`, `tag`, `plugin` | wrap it for the keys of other programs; each is a cargo feature |
//! | [`recipients`], [`identities`] | the kinds above as one type, and files of them |
//! | [`armor`] | the text form of a file |
//! | `file`, `wrap`, `chunks`, `describe` | the format: what the rest of fetool sees of all this |
//!
//! ```
//! use fetool::format::age::{Age, AgeFileHeader, AgeHeader, AgeIdentity, AgeRecipient, CHUNK_LEN, X25519Identity};
//! use fetool::{Identity, Open, Recipient, Seal};
//!
//! let identity = AgeIdentity::X25519(X25519Identity::generate(&fetool::random)?);
//! let recipient: AgeRecipient = identity.recipient();
//! println!("{recipient}: give it to those who seal files for you");
//!
//! let mut sealed = Vec::new();
//! Seal::new(Recipient::wrapping(&recipient)).format(&Age).run(&[1; 3 * CHUNK_LEN][..], &mut sealed)?;
//! Open::new(Identity::unwrapping(&identity)).run(&sealed[..], std::io::sink())?;
//!
//! // The header alone, and with the nonce behind it.
//! let header = AgeHeader::decode(&sealed)?;
//! assert_eq!(header.stanzas[0].kind, "X25519");
//! assert!(AgeFileHeader::decode(&sealed).is_ok());
//! # Ok::<(), fetool::Error>(())
//! ```

pub mod armor;
mod chunks;
mod curve25519;
mod describe;
mod file;

mod bech32;
mod feature;
pub mod header;
mod hpke;
pub mod hybrid;
pub mod identities;
pub mod keys;
mod lines;
#[cfg(all(unix, feature = "age-plugin"))]
pub mod plugin;
pub mod recipients;
mod rekey;
pub mod scrypt;
#[cfg(feature = "age-ssh")]
pub mod ssh;
pub mod stanza;
mod strict_base64;
#[cfg(feature = "age-tag")]
mod tag;
mod text;
mod wrap;
pub mod x25519;

pub use self::scrypt::ScryptLimits;
pub use chunks::CHUNK_LEN;
pub use feature::Feature;
pub use file::{Age, AgeFileHeader};
pub use header::AgeHeader;
pub use hybrid::{HybridIdentity, HybridRecipient};
pub use identities::{AgeIdentity, KeyFile};
pub use recipients::{AgeRecipient, PassedOver, RecipientList};
#[cfg(feature = "age-ssh")]
pub use ssh::{SshIdentity, SshRecipient};
#[cfg(feature = "age-tag")]
pub use tag::TagRecipient;
pub use x25519::{X25519Identity, X25519Recipient};

use crate::Error;

/// Source of random bytes, such as [`crate::random`].
pub type Random<'a> = dyn Fn(&mut [u8]) -> Result<(), Error> + 'a;
