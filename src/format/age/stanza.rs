//! One stanza of a header: a type, arguments and a body.

use super::keys::WRAPPED_LEN;
use super::strict_base64::{decode, fault, unpadded};
use crate::{Error, Stanza};
use base64::Engine;

/// What the argument line of a stanza begins with.
pub(super) const PREFIX: &[u8] = b"-> ";
/// Characters of a body line; the line that ends a body is shorter.
pub(super) const COLUMNS: usize = 64;
/// Bytes of a body line of [`COLUMNS`] characters.
const LINE_LEN: usize = COLUMNS / 4 * 3;

/// The arguments and the body of a stanza that wraps a file key.
pub(super) type Shaped<'a, const ARGS: usize> = (&'a [String; ARGS], &'a [u8; WRAPPED_LEN]);

impl Stanza {
    /// Returns whether the type and every argument can be written: at least one character each, all of
    /// them visible ASCII.
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
        let body = unpadded().encode(&self.body);
        for line in body.as_bytes().chunks(COLUMNS) {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        if body.len().is_multiple_of(COLUMNS) {
            text.push(b'\n');
        }
    }

    /// Returns the stanza if it is of type `kind`, has `args` arguments and a body of 32 bytes, and
    /// `None` if it is of another type.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is of this type and has not that shape. The offset is 0: the caller
    /// knows where the stanza begins.
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

    /// Returns the error that this stanza breaks a rule of its type.
    pub(super) fn malformed(&self, what: impl std::fmt::Display) -> Error {
        Error::malformed(0, format!("invalid {} stanza: {what}", self.kind))
    }
}

/// Checks the characters of an argument line behind its prefix, as far as they are there, and returns
/// where the first wrong one is.
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

/// Checks the characters of a body line that is not there to its end.
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

/// Decodes a body line and appends it to `body`. Returns whether the body ends with it.
pub(super) fn decode_body(line: &[u8], body: &mut Vec<u8>) -> Result<bool, (usize, &'static str)> {
    check_body(line)?;
    let mut bytes = [0; LINE_LEN];
    match decode(&unpadded(), line, &mut bytes) {
        Ok(len) => body.extend_from_slice(&bytes[..len]),
        Err(error) => return Err((0, fault(&error))),
    }
    Ok(line.len() < COLUMNS)
}
