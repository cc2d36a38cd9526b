//! One stanza of a header: a type, arguments and a body.

use super::keys::WRAPPED_LEN;
use super::strict_base64::{decode, fault, unpadded};
use crate::{Error, Stanza};
use base64::Engine;
use zeroize::Zeroizing;

/// The beginning of a stanza's argument line.
pub(super) const PREFIX: &[u8] = b"-> ";
/// Characters of a full body line; the last line of a body is shorter.
pub(super) const COLUMNS: usize = 64;
/// Bytes of a body line of [`COLUMNS`] characters.
const LINE_LEN: usize = COLUMNS / 4 * 3;

/// The arguments and the body of a stanza that wraps a file key.
pub(super) type Shaped<'a, const ARGS: usize> = (&'a [String; ARGS], &'a [u8; WRAPPED_LEN]);

impl Stanza {
    /// Returns whether the type and every argument can be written: each must have at least one character, and only
    /// visible ASCII.
    pub fn is_writable(&self) -> bool {
        let mut words = std::iter::once(&self.kind).chain(&self.args);
        words.all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic()))
    }

    /// Appends the stanza as text. It must be [writable](Self::is_writable).
    pub(super) fn encode(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(b"->");
        for word in std::iter::once(&self.kind).chain(&self.args) {
            text.push(b' ');
            text.extend_from_slice(word.as_bytes());
        }
        text.push(b'\n');
        // Messages to plugins hold file keys.
        let body = Zeroizing::new(unpadded().encode(&self.body));
        for line in body.as_bytes().chunks(COLUMNS) {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        if body.len().is_multiple_of(COLUMNS) {
            text.push(b'\n');
        }
    }

    /// Returns the arguments and the body if the stanza is of type `kind`, and `None` if it is of another type.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is of this type, but has not `ARGS` arguments or not a body of 32 bytes. The offset
    /// is 0: the caller knows the stanza's position.
    pub(super) fn of_kind<const ARGS: usize>(
        &self,
        kind: &str,
    ) -> Result<Option<Shaped<'_, ARGS>>, Error> {
        if self.kind != kind {
            return Ok(None);
        }
        let Ok(args) = <&[String; ARGS]>::try_from(&self.args[..]) else {
            let found = self.args.len();
            return Err(self.malformed(format!("{found} arguments instead of {ARGS}")));
        };
        let Ok(body) = <&[u8; WRAPPED_LEN]>::try_from(&self.body[..]) else {
            let found = self.body.len();
            return Err(self.malformed(format!("a body of {found} bytes instead of {WRAPPED_LEN}")));
        };
        Ok(Some((args, body)))
    }

    /// Returns the error for a stanza that breaks a rule of its type.
    pub(super) fn malformed(&self, what: impl std::fmt::Display) -> Error {
        Error::malformed(0, format!("invalid {} stanza: {what}", self.kind))
    }
}

/// Checks the characters of an argument line behind its prefix, as far as they have arrived. The error has the position
/// of the first wrong one.
pub(super) fn check_arguments(words: &[u8], whole: bool) -> Result<(), (usize, &'static str)> {
    let mut before = b' ';
    for (index, &byte) in words.iter().enumerate() {
        match byte {
            b' ' if before == b' ' => return Err((index, "empty stanza argument")),
            b' ' | b'!'..=b'~' => before = byte,
            b'\r' => return Err((index, "carriage return in a stanza")),
            _ => return Err((index, "invalid character in a stanza argument")),
        }
    }
    match whole && before == b' ' {
        true => Err((words.len(), "empty stanza argument")),
        false => Ok(()),
    }
}

/// Checks the characters of an incomplete body line.
pub(super) fn check_body(line: &[u8]) -> Result<(), (usize, &'static str)> {
    if line.len() > COLUMNS {
        return Err((COLUMNS, "stanza body line is longer than 64 characters"));
    }
    let valid = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/');
    match line.iter().position(|byte| !valid(byte)) {
        Some(index) => Err((index, "invalid character in a stanza body")),
        None => Ok(()),
    }
}

/// Decodes a body line and appends it to `body`. Returns whether it is the last line of the body.
pub(super) fn decode_body(line: &[u8], body: &mut Vec<u8>) -> Result<bool, (usize, &'static str)> {
    check_body(line)?;
    // Messages of plugins hold file keys.
    let mut bytes = Zeroizing::new([0; LINE_LEN]);
    match decode(&unpadded(), line, &mut *bytes) {
        Ok(len) => body.extend_from_slice(&bytes[..len]),
        Err(error) => return Err((0, fault(&error))),
    }
    Ok(line.len() < COLUMNS)
}
