//! Reading a header.

use super::super::stanza;
use super::super::strict_base64::decode_exact;
use super::{
    AgeHeader, DASHES, FIRST_LINE, LAST_LINE_LEN, MAC_CHARS, MAC_LEN, MAGIC, scrypt_with_others,
};
use crate::{Error, Stanza};

/// A position in the bytes of a header.
pub(super) struct Parser<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    pub fn new(head: &'a [u8]) -> Self {
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

    /// Returns the current line without its line feed, or as an error what has arrived of it.
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

    /// Reads the whole header.
    pub fn header(mut self) -> Result<AgeHeader, Error> {
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

    /// Returns whether the last line begins here, instead of a stanza.
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
        // Counted first: a line can have very many one-letter arguments, and growing would allocate too much.
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

    /// Returns a body line, or what has arrived of it. It reads no farther than a line can reach.
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
