//! The header: version line, stanzas and MAC.
//!
//! ```
//! use fetool::format::age::X25519Identity;
//! use fetool::format::age::header::{AgeHeader, FIRST_LINE, MAC_LEN, MAGIC};
//! use fetool::{FileKey, random};
//!
//! let (identity, file_key) = (X25519Identity::generate(&random)?, FileKey::generate(&random)?);
//! let stanza = identity.recipient().wrap(&file_key, &random)?;
//! let bytes = AgeHeader::encode(&[stanza], &file_key.mac_key())?;
//! assert!(bytes.starts_with(FIRST_LINE) && FIRST_LINE.starts_with(MAGIC));
//!
//! let header = AgeHeader::decode(&bytes)?;
//! assert_eq!(header.mac.len(), MAC_LEN);
//! let (number, unwrapped) = header.unlock(|stanza| identity.unwrap(stanza))?.expect("it is for us");
//! assert_eq!((number, unwrapped.as_bytes()), (0, file_key.as_bytes()));
//! # Ok::<(), fetool::Error>(())
//! ```

mod parser;
#[cfg(test)]
mod tests;

use super::strict_base64::unpadded;
use crate::Error;
use crate::FileKey;
use crate::Stanza;
use crate::format::HEADER_MAX;
use crate::kdf::Key;
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use parser::Parser;
use sha2::Sha256;
use std::ops::Range;

/// The beginning of the first line in every version.
pub const MAGIC: &[u8] = b"age-encryption.org/";
/// The first line of version 1, without its line feed.
pub const FIRST_LINE: &[u8] = b"age-encryption.org/v1";
/// Length of the MAC in bytes.
pub const MAC_LEN: usize = 32;

/// The beginning of the last line, without the space.
const DASHES: &[u8] = b"---";
/// Characters of the MAC in base64.
const MAC_CHARS: usize = 43;
/// Length of the last line: dashes, space, MAC, line feed.
const LAST_LINE_LEN: usize = DASHES.len() + 1 + MAC_CHARS + 1;

/// The header of an age file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeHeader {
    /// The stanzas in order. There is at least one.
    pub stanzas: Vec<Stanza>,
    /// The bytes of each stanza in the header, from its arrow to its last line feed.
    pub spans: Vec<Range<usize>>,
    /// The MAC.
    pub mac: [u8; MAC_LEN],
    bytes: Vec<u8>,
}

impl AgeHeader {
    /// Decodes the header from the first bytes of a file. The time is linear in the header's length.
    ///
    /// # Errors
    /// - [`Error::Truncated`] if `head` ends inside the header and is well-formed so far; more bytes may help.
    /// - [`Error::Malformed`] if the bytes break a rule, or are not an age file.
    /// - [`Error::Unsupported`] for other versions, and for headers of more than [`HEADER_MAX`] bytes.
    pub fn decode(head: &[u8]) -> Result<Self, Error> {
        let within = &head[..head.len().min(HEADER_MAX)];
        match Parser::new(within).header() {
            Err(Error::Truncated { .. }) if head.len() >= HEADER_MAX => Err(Error::Unsupported(
                format!("the header has more than {HEADER_MAX} bytes"),
            )),
            decoded => decoded,
        }
    }

    /// Encodes a header of `stanzas` with the MAC under `mac_key`.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is no stanza, if one cannot be written or must be alone, and if the
    /// header would have more than [`HEADER_MAX`] bytes.
    pub fn encode(stanzas: &[Stanza], mac_key: &Key) -> Result<Vec<u8>, Error> {
        if stanzas.is_empty() {
            return Err(Error::usage("an age file needs at least one recipient"));
        }
        if !stanzas.iter().all(Stanza::is_writable) {
            return Err(Error::usage(
                "a stanza has an argument that cannot be written",
            ));
        }
        if scrypt_with_others(stanzas).is_some() {
            return Err(Error::usage(
                "a passphrase cannot be combined with other recipients in an age file",
            ));
        }
        let mut bytes = [FIRST_LINE, b"\n"].concat();
        for stanza in stanzas {
            stanza.encode(&mut bytes);
        }
        let len = bytes.len() + LAST_LINE_LEN;
        // Readers count the nonce among the header's bytes.
        if len + super::keys::NONCE_LEN > HEADER_MAX {
            return Err(Error::usage(format!(
                "too many recipients: the header would have {len} bytes, and at most {HEADER_MAX} are \
                 allowed"
            )));
        }
        bytes.extend_from_slice(DASHES);
        let mac = hmac(mac_key, &bytes).finalize().into_bytes();
        bytes.push(b' ');
        bytes.extend_from_slice(unpadded().encode(mac).as_bytes());
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Returns the header's bytes as they were read. The nonce follows them in the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the header's length in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the bytes that the MAC covers: everything up to the dashes, and these.
    pub fn authenticated(&self) -> &[u8] {
        &self.bytes[..self.len() - LAST_LINE_LEN + DASHES.len()]
    }

    /// Checks the MAC in constant time.
    ///
    /// # Errors
    /// [`Error::HeaderMac`] if it does not match.
    pub fn verify(&self, mac_key: &Key) -> Result<(), Error> {
        hmac(mac_key, self.authenticated())
            .verify_slice(&self.mac)
            .map_err(|_| Error::HeaderMac)
    }

    /// Tries `unwrap` on each stanza in order, and checks the MAC with the file key that it returns. Returns the file
    /// key and the number of its stanza, or `None` if no stanza matches.
    ///
    /// # Errors
    /// Those of `unwrap`, with the stanza's offset in [`Error::Malformed`], and [`Error::HeaderMac`].
    pub fn unlock(
        &self,
        mut unwrap: impl FnMut(&Stanza) -> Result<Option<FileKey>, Error>,
    ) -> Result<Option<(usize, FileKey)>, Error> {
        for (index, (stanza, span)) in self.stanzas.iter().zip(&self.spans).enumerate() {
            let unwrapped = unwrap(stanza).map_err(|error| error.at(span.start as u64))?;
            if let Some(file_key) = unwrapped {
                self.verify(&file_key.mac_key())?;
                return Ok(Some((index, file_key)));
            }
        }
        Ok(None)
    }
}

fn hmac(key: &Key, bytes: &[u8]) -> Hmac<Sha256> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(&key[..]).expect("HMAC takes any key");
    hmac.update(bytes);
    hmac
}

/// Returns the number of the last stanza, if a scrypt stanza is not the only one.
fn scrypt_with_others(stanzas: &[Stanza]) -> Option<usize> {
    let scrypt = stanzas
        .iter()
        .any(|stanza| stanza.kind == super::scrypt::KIND);
    (scrypt && stanzas.len() > 1).then_some(stanzas.len() - 1)
}
