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

use super::stanza;
use super::strict_base64::{decode_exact, unpadded};
use crate::Error;
use crate::FileKey;
use crate::Stanza;
use crate::format::HEADER_MAX;
use crate::kdf::Key;
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::ops::Range;

/// What the first line of every version begins with.
pub const MAGIC: &[u8] = b"age-encryption.org/";
/// The first line of version 1, without its line feed.
pub const FIRST_LINE: &[u8] = b"age-encryption.org/v1";
/// Length of the MAC in bytes.
pub const MAC_LEN: usize = 32;

/// What the last line begins with, without the space.
const DASHES: &[u8] = b"---";
/// Characters of the MAC in base64.
const MAC_CHARS: usize = 43;
/// Length of the last line: dashes, space, MAC, line feed.
const LAST_LINE_LEN: usize = DASHES.len() + 1 + MAC_CHARS + 1;

/// The header of an age file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeHeader {
    /// The stanzas, in their order. There is at least one.
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
    /// - [`Error::Truncated`] if `head` ends inside the header and is well-formed so far; more bytes may
    ///   help.
    /// - [`Error::Malformed`] if the bytes break a rule, or are no age file.
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

    /// Returns the header's bytes, as they were read. The nonce follows them in the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the header's length in bytes.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the bytes that the MAC is over: all up to the dashes, with them.
    pub fn authenticated(&self) -> &[u8] {
        &self.bytes[..self.len() - LAST_LINE_LEN + DASHES.len()]
    }

    /// Returns whether the file withstands a quantum computer, as age-inspect says: not if one stanza is of
    /// a classic type. `None` means that all types are unknown.
    pub fn is_post_quantum(&self) -> Option<bool> {
        let kind = |stanza: &Stanza| match stanza.kind.as_str() {
            "X25519" | "ssh-rsa" | "ssh-ed25519" | "p256tag" | "piv-p256" => Some(false),
            "mlkem768x25519" | "mlkem768p256tag" | "scrypt" => Some(true),
            _ => None,
        };
        self.stanzas.iter().filter_map(kind).min()
    }

    /// Checks the MAC in constant time.
    ///
    /// # Errors
    /// [`Error::HeaderMac`] if it is another.
    pub fn verify(&self, mac_key: &Key) -> Result<(), Error> {
        hmac(mac_key, self.authenticated())
            .verify_slice(&self.mac)
            .map_err(|_| Error::HeaderMac)
    }

    /// Tries `unwrap` on each stanza in order, and checks the MAC with the file key that it finds.
    /// Returns the file key and the number of its stanza, or `None` if no stanza matches.
    ///
    /// # Errors
    /// Those of `unwrap`, where [`Error::Malformed`] gets the stanza's offset, and
    /// [`Error::HeaderMac`].
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

/// Returns the number of the stanza with which a scrypt stanza is no longer alone.
fn scrypt_with_others(stanzas: &[Stanza]) -> Option<usize> {
    let scrypt = stanzas
        .iter()
        .any(|stanza| stanza.kind == super::scrypt::KIND);
    (scrypt && stanzas.len() > 1).then_some(stanzas.len() - 1)
}

/// A position in the bytes of a header.
struct Parser<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(head: &'a [u8]) -> Self {
        Self { head, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        &self.head[self.at..]
    }

    fn malformed(&self, index: usize, what: &str) -> Error {
        Error::malformed((self.at + index) as u64, what)
    }

    fn truncated(&self) -> Error {
        Error::truncated(self.head.len() as u64, "the input ends inside the header")
    }

    /// Returns the line here without its line feed, or what is there of it.
    fn line(&self) -> Result<&'a [u8], &'a [u8]> {
        let rest = self.rest();
        match rest.iter().position(|&byte| byte == b'\n') {
            Some(end) => Ok(&rest[..end]),
            None => Err(rest),
        }
    }

    fn skip(&mut self, line: &[u8]) {
        self.at += line.len() + 1;
    }

    fn header(mut self) -> Result<AgeHeader, Error> {
        self.first_line()?;
        let (mut stanzas, mut spans) = (Vec::new(), Vec::new());
        while !self.at_last_line()? {
            let start = self.at;
            stanzas.push(self.stanza()?);
            spans.push(start..self.at);
            if scrypt_with_others(&stanzas[stanzas.len().saturating_sub(2)..]).is_some() {
                self.at = start;
                return Err(self.malformed(0, "a scrypt stanza is not the only stanza"));
            }
        }
        if stanzas.is_empty() {
            return Err(self.malformed(0, "the header has no stanza"));
        }
        let mac = self.last_line()?;
        Ok(AgeHeader {
            stanzas,
            spans,
            mac,
            bytes: self.head[..self.at].to_vec(),
        })
    }

    fn first_line(&mut self) -> Result<(), Error> {
        let (line, whole) = match self.line() {
            Ok(line) => (line, true),
            Err(part) => (part, false),
        };
        let common = line.len().min(FIRST_LINE.len());
        if line == FIRST_LINE && whole {
            self.skip(line);
            return Ok(());
        }
        if !whole && line == &FIRST_LINE[..common] {
            return Err(self.truncated());
        }
        if line.strip_prefix(FIRST_LINE) == Some(b"\r") {
            let what = "the first line ends with CR LF: the file was changed as if it were text, as \
                        PowerShell does";
            return Err(self.malformed(FIRST_LINE.len(), what));
        }
        match line.strip_prefix(MAGIC) {
            // The word is shown only if it is short and harmless.
            Some(version)
                if version.len() <= 16 && version.iter().all(u8::is_ascii_alphanumeric) =>
            {
                if !whole && version.len() < 16 {
                    return Err(self.truncated());
                }
                let version = String::from_utf8_lossy(version);
                Err(Error::Unsupported(format!(
                    "unsupported version {version} of age: only version v1 is known"
                )))
            }
            Some(_) => Err(Error::Unsupported(
                "unsupported version of age: only version v1 is known".to_owned(),
            )),
            None => Err(self.malformed(0, "the first line is not that of an age file")),
        }
    }

    /// Returns whether the last line begins here, and not a stanza.
    fn at_last_line(&self) -> Result<bool, Error> {
        let rest = self.rest();
        let starts = |prefix: &[u8]| prefix.starts_with(&rest[..rest.len().min(prefix.len())]);
        match (starts(DASHES), starts(stanza::PREFIX)) {
            (true, _) if rest.len() >= DASHES.len() => Ok(true),
            (_, true) if rest.len() >= stanza::PREFIX.len() => Ok(false),
            (false, false) => Err(self.malformed(0, "neither a stanza nor the MAC begins here")),
            _ => Err(self.truncated()),
        }
    }

    fn stanza(&mut self) -> Result<Stanza, Error> {
        let prefix = stanza::PREFIX.len();
        let (line, whole) = match self.line() {
            Ok(line) => (line, true),
            Err(part) => (part, false),
        };
        let words = &line[prefix..];
        stanza::check_arguments(words, whole)
            .map_err(|(index, what)| self.malformed(prefix + index, what))?;
        if !whole {
            return Err(self.truncated());
        }
        let words = std::str::from_utf8(words).expect("it is ASCII");
        let mut words = words.split(' ');
        let kind = words.next().expect("split gives at least one").to_owned();
        // A line of one-letter arguments is long enough to be worth no room in vain.
        let mut args = Vec::with_capacity(words.clone().count());
        args.extend(words.map(str::to_owned));
        self.skip(line);
        let mut body = Vec::new();
        loop {
            let last = match self.body_line()? {
                Ok(line) => {
                    let last = stanza::decode_body(line, &mut body)
                        .map_err(|(index, what)| self.malformed(index, what))?;
                    self.skip(line);
                    last
                }
                Err(part) => {
                    stanza::check_body(part)
                        .map_err(|(index, what)| self.malformed(index, what))?;
                    return Err(self.truncated());
                }
            };
            if last {
                return Ok(Stanza { kind, args, body });
            }
        }
    }

    /// Returns a body line, or what is there of it. It looks no farther than a line may reach.
    fn body_line(&self) -> Result<Result<&'a [u8], &'a [u8]>, Error> {
        let rest = self.rest();
        let near = &rest[..rest.len().min(stanza::COLUMNS + 1)];
        if near.first() == Some(&b'-') {
            return Err(self.malformed(0, "a stanza ends without a short body line"));
        }
        Ok(match near.iter().position(|&byte| byte == b'\n') {
            Some(end) => Ok(&near[..end]),
            None => Err(near),
        })
    }

    fn last_line(&mut self) -> Result<[u8; MAC_LEN], Error> {
        let rest = self.rest();
        let line = &rest[..rest.len().min(LAST_LINE_LEN)];
        let behind = &line[DASHES.len()..];
        let Some((space, mac)) = behind.split_first() else {
            return Err(self.truncated());
        };
        let mac_at = DASHES.len() + 1;
        if *space != b' ' {
            return Err(self.malformed(DASHES.len(), "no space in front of the MAC"));
        }
        let (mac, end) = mac.split_at(mac.len().min(MAC_CHARS));
        stanza::check_body(mac)
            .map_err(|(index, _)| self.malformed(mac_at + index, "invalid character in the MAC"))?;
        match end.first() {
            None => return Err(self.truncated()),
            Some(b'\n') => {}
            Some(_) => {
                let what = "the line of the MAC does not end behind it";
                return Err(self.malformed(mac_at + MAC_CHARS, what));
            }
        }
        let mac = decode_exact(mac)
            .ok_or_else(|| self.malformed(mac_at, "the MAC is not canonical base64"))?;
        self.at += line.len();
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza(kind: &str, args: &[&str], body: usize) -> Stanza {
        Stanza {
            kind: kind.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            body: (0..body).map(|i| i as u8).collect(),
        }
    }

    fn example() -> (Vec<Stanza>, Vec<u8>) {
        let stanzas = vec![
            stanza("X25519", &["argument", "!~"], 32),
            stanza("empty", &[], 0),
            stanza("whole-line", &["1"], 48),
            stanza("long", &["1", "2", "3"], 147),
        ];
        let bytes = AgeHeader::encode(&stanzas, &Key::of(&[7; 32])).unwrap();
        (stanzas, bytes)
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let (stanzas, bytes) = example();
        let behind = [&bytes[..], b"anything"].concat();
        let header = AgeHeader::decode(&behind).unwrap();
        assert_eq!(header.stanzas, stanzas);
        assert_eq!(header.bytes(), bytes);
        header.verify(&Key::of(&[7; 32])).unwrap();
        let error = header.verify(&Key::of(&[8; 32])).unwrap_err();
        assert!(matches!(error, Error::HeaderMac));
        let mut at = FIRST_LINE.len() + 1;
        for (span, stanza) in header.spans.iter().zip(&stanzas) {
            assert_eq!(span.start, at);
            let mut text = Vec::new();
            stanza.encode(&mut text);
            assert_eq!(&bytes[span.clone()], text);
            at = span.end;
        }
        assert_eq!(header.len(), at + LAST_LINE_LEN);
    }

    #[test]
    fn every_beginning_is_truncated() {
        let (_, bytes) = example();
        for len in 0..bytes.len() {
            let error = AgeHeader::decode(&bytes[..len]).unwrap_err();
            assert!(
                matches!(error, Error::Truncated { offset, .. } if offset == len as u64),
                "{len}: {error}"
            );
        }
    }

    #[test]
    fn a_changed_byte_never_passes_the_mac() {
        let (_, bytes) = example();
        for at in 0..bytes.len() {
            for change in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                if let Ok(header) = AgeHeader::decode(&changed) {
                    assert!(header.verify(&Key::of(&[7; 32])).is_err(), "{at}");
                }
            }
        }
    }

    #[test]
    fn rules_that_are_broken_are_named() {
        let mac = "A".repeat(43);
        let long = "A".repeat(65);
        for (text, offset, what) in [
            (
                "age-encryption.org/v1\r\n",
                21,
                "the first line ends with CR LF: the file was changed as if it were text, as PowerShell does",
            ),
            ("hello\n", 0, "the first line is not that of an age file"),
            (
                "age-encryption.org/v1\n-> a  b\n",
                27,
                "empty stanza argument",
            ),
            (
                "age-encryption.org/v1\n-> a \n",
                27,
                "empty stanza argument",
            ),
            ("age-encryption.org/v1\n-> a  ", 27, "empty stanza argument"),
            ("age-encryption.org/v1\n-> \n", 25, "empty stanza argument"),
            (
                "age-encryption.org/v1\n-> a\r\n",
                26,
                "carriage return in a stanza",
            ),
            (
                "age-encryption.org/v1\n-> ä\n",
                25,
                "invalid character in a stanza argument",
            ),
            (
                "age-encryption.org/v1\n->a\n",
                22,
                "neither a stanza nor the MAC begins here",
            ),
            (
                "age-encryption.org/v1\n-> a\n--- ",
                27,
                "a stanza ends without a short body line",
            ),
            (
                "age-encryption.org/v1\n-> a\nAB\n",
                27,
                "base64 is not canonical: unused bits are not zero",
            ),
            (
                "age-encryption.org/v1\n-> a\nAAAAA\n",
                27,
                "impossible length of base64",
            ),
            (
                "age-encryption.org/v1\n-> a\nAA=",
                29,
                "invalid character in a stanza body",
            ),
            (
                "age-encryption.org/v1\n-> a\nAA\nAA",
                30,
                "neither a stanza nor the MAC begins here",
            ),
            (
                &format!("age-encryption.org/v1\n-> a\n{long}"),
                91,
                "stanza body line is longer than 64 characters",
            ),
            (
                &format!("age-encryption.org/v1\n--- {mac}\n"),
                22,
                "the header has no stanza",
            ),
            (
                &format!("age-encryption.org/v1\n-> a\n\n---{mac}\n"),
                31,
                "no space in front of the MAC",
            ),
            (
                &format!("age-encryption.org/v1\n-> a\n\n--- {mac} "),
                75,
                "the line of the MAC does not end behind it",
            ),
            (
                &format!("age-encryption.org/v1\n-> a\n\n--- {}B\n", "A".repeat(42)),
                32,
                "the MAC is not canonical base64",
            ),
            (
                "age-encryption.org/v1\n-> scrypt\n\n-> a\n\n",
                33,
                "a scrypt stanza is not the only stanza",
            ),
            (
                "age-encryption.org/v1\n-> a\n\n-> scrypt\n\n",
                28,
                "a scrypt stanza is not the only stanza",
            ),
        ] {
            let error = AgeHeader::decode(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error, Error::Malformed { .. }),
                "{text:?}: {error}"
            );
            assert_eq!(
                error.to_string(),
                format!("{what} (at offset {offset})"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn other_versions_are_unsupported() {
        for (text, words) in [
            (
                "age-encryption.org/v2\n",
                "unsupported version v2 of age: only version v1 is known",
            ),
            (
                "age-encryption.org/v1234567890123456",
                "unsupported version of age: only version v1 is known",
            ),
            (
                "age-encryption.org/v1 \n",
                "unsupported version of age: only version v1 is known",
            ),
            (
                "age-encryption.org/\x1b[",
                "unsupported version of age: only version v1 is known",
            ),
        ] {
            let error = AgeHeader::decode(text.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Unsupported(_)), "{text:?}");
            assert_eq!(error.to_string(), words, "{text:?}");
        }
    }

    #[test]
    fn a_header_is_bounded() {
        let line = format!("{}\n", "A".repeat(64));
        let body = line.repeat(HEADER_MAX / line.len() + 1);
        let text = format!("age-encryption.org/v1\n-> a\n{body}");
        let error = AgeHeader::decode(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "the header has more than 1048576 bytes");
        let error = AgeHeader::decode(&text.as_bytes()[..HEADER_MAX - 1]).unwrap_err();
        assert!(matches!(error, Error::Truncated { .. }), "{error}");
        let many = vec![stanza("a", &[], HEADER_MAX / 2); 2];
        let error = AgeHeader::encode(&many, &Key::default()).unwrap_err();
        assert!(
            error.to_string().starts_with("too many recipients: "),
            "{error}"
        );
    }

    #[test]
    fn one_classic_stanza_makes_a_file_classic() {
        for (kinds, expected) in [
            (&["X25519"][..], Some(false)),
            (&["mlkem768x25519", "X25519"], Some(false)),
            (&["mlkem768x25519", "grease"], Some(true)),
            (&["scrypt"], Some(true)),
            (&["grease"], None),
        ] {
            let stanzas: Vec<_> = kinds.iter().map(|kind| stanza(kind, &[], 0)).collect();
            let bytes = AgeHeader::encode(&stanzas, &Key::default()).unwrap();
            let header = AgeHeader::decode(&bytes).unwrap();
            assert_eq!(header.is_post_quantum(), expected, "{kinds:?}");
        }
    }

    #[test]
    fn what_could_not_be_read_is_not_written() {
        let key = Key::default();
        for stanzas in [
            vec![],
            vec![stanza("", &[], 0)],
            vec![stanza("a", &["b c"], 0)],
            vec![stanza("a", &["b\n"], 0)],
            vec![stanza("scrypt", &[], 0), stanza("a", &[], 0)],
        ] {
            let error = AgeHeader::encode(&stanzas, &key).unwrap_err();
            assert!(matches!(error, Error::Usage { .. }), "{error}");
        }
    }
}
