//! Messages on a pipe: stanzas, one after the other.

use super::super::stanza::{PREFIX, check_arguments, decode_body};
use crate::Stanza;
use std::io::{self, Read};
use zeroize::{Zeroize, Zeroizing};

/// The maximum length of a message, as text in bytes. The largest necessary one is a stanza of a post-quantum type.
const MESSAGE_MAX: usize = 256 << 10;

/// Why there is no message.
#[derive(Debug)]
pub(super) enum Fault {
    /// The plugin closed the pipe between two messages.
    Closed,
    Read(io::Error),
    /// The message breaks a rule, which the text names.
    Invalid(&'static str),
}

/// Reads messages. Its buffers are wiped, since they receive file keys.
pub(super) struct Messages<R> {
    from: R,
    buffer: Zeroizing<Vec<u8>>,
    /// The start of the unused part of the buffer.
    start: usize,
    end: usize,
}

impl<R: Read> Messages<R> {
    pub fn new(from: R) -> Self {
        Self {
            from,
            buffer: Zeroizing::new(vec![0; 8 << 10]),
            start: 0,
            end: 0,
        }
    }

    /// Reads the next message.
    pub fn next(&mut self) -> Result<Stanza, Fault> {
        let mut budget = MESSAGE_MAX;
        let line = self.line(&mut budget).map_err(|fault| match fault {
            LineFault::Closed { inside: false } => Fault::Closed,
            fault => fault.inside_message(),
        })?;
        let words = line
            .strip_prefix(PREFIX)
            .ok_or(Fault::Invalid("a message does not begin with \"-> \""))?;
        check_arguments(words, true).map_err(|(_, what)| Fault::Invalid(what))?;
        let words = std::str::from_utf8(words).expect("it is ASCII");
        let mut words = words.split(' ').map(str::to_owned);
        let mut stanza = Stanza {
            kind: words.next().unwrap_or_default(),
            args: words.collect(),
            // A file key or a PIN fits without a second allocation.
            body: Vec::with_capacity(256),
        };
        loop {
            let line = self.line(&mut budget).map_err(LineFault::inside_message)?;
            match decode_body(&line, &mut stanza.body) {
                Ok(true) => return Ok(stanza),
                Ok(false) => {}
                Err((_, what)) => {
                    stanza.body.zeroize();
                    return Err(Fault::Invalid(what));
                }
            }
        }
    }

    /// Reads a line, without its end.
    fn line(&mut self, budget: &mut usize) -> Result<Zeroizing<Vec<u8>>, LineFault> {
        let mut line = Zeroizing::new(Vec::with_capacity(256));
        loop {
            let rest = &self.buffer[self.start..self.end];
            let found = rest.iter().position(|&byte| byte == b'\n');
            let part = &rest[..found.unwrap_or(rest.len())];
            *budget = budget.checked_sub(part.len()).ok_or(LineFault::TooLong)?;
            if line.capacity() - line.len() < part.len() {
                let mut longer = Zeroizing::new(Vec::with_capacity(2 * (line.len() + part.len())));
                longer.extend_from_slice(&line);
                line = longer;
            }
            line.extend_from_slice(part);
            self.start += part.len();
            if found.is_some() {
                self.start += 1;
                *budget = budget.checked_sub(1).ok_or(LineFault::TooLong)?;
                return Ok(line);
            }
            self.start = 0;
            self.end = loop {
                match self.from.read(&mut self.buffer) {
                    Ok(0) => {
                        let inside = !line.is_empty();
                        return Err(LineFault::Closed { inside });
                    }
                    Ok(len) => break len,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(LineFault::Read(error)),
                }
            };
        }
    }
}

enum LineFault {
    Closed { inside: bool },
    TooLong,
    Read(io::Error),
}

impl LineFault {
    fn inside_message(self) -> Fault {
        match self {
            Self::Closed { .. } => Fault::Invalid("a message ends in the middle"),
            Self::TooLong => Fault::Invalid("a message is too long"),
            Self::Read(error) => Fault::Read(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<Result<Stanza, String>> {
        // Reading byte by byte and reading all at once give the same result.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0.read(&mut into[..1])
            }
        }
        let all = collect(Messages::new(text));
        assert_eq!(collect(Messages::new(Slow(text))), all);
        all
    }

    fn collect<R: Read>(mut messages: Messages<R>) -> Vec<Result<Stanza, String>> {
        let mut all = Vec::new();
        loop {
            match messages.next() {
                Ok(stanza) => all.push(Ok(stanza)),
                Err(Fault::Closed) => return all,
                Err(fault) => {
                    all.push(Err(format!("{fault:?}")));
                    return all;
                }
            }
        }
    }

    #[test]
    fn messages_follow_each_other() {
        let stanza = |kind: &str, args: &[&str], body: &[u8]| Stanza {
            kind: kind.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            body: body.to_vec(),
        };
        let expected = [
            stanza("done", &[], b""),
            stanza("msg", &["a", "b"], b"hello"),
            stanza("x", &[], &[7; 48]),
            stanza("x", &[], &[8; 49]),
            stanza("x", &[], &[9; 100_000]),
        ];
        let mut text = Vec::new();
        expected.iter().for_each(|stanza| stanza.encode(&mut text));
        let found: Vec<_> = read(&text).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn rules_that_are_broken_are_named() {
        let long = [
            b"-> x\n",
            &[&[b'A'; 64][..], b"\n"].concat().repeat(5000)[..],
        ]
        .concat();
        let line = [b"-> ", &[b'x'; 300_000][..], b"\n\n"].concat();
        for (text, what) in [
            (&b"done\n\n"[..], "a message does not begin with \"-> \""),
            (b"\n", "a message does not begin with \"-> \""),
            (b"-> a", "a message ends in the middle"),
            (b"-> a\n", "a message ends in the middle"),
            (b"-> a\nAAAA", "a message ends in the middle"),
            (b"-> a  b\n\n", "empty stanza argument"),
            (b"-> \n\n", "empty stanza argument"),
            (b"-> a\r\n\n", "carriage return in a stanza"),
            (b"-> \xFF\n\n", "invalid character in a stanza argument"),
            (b"-> a\n=\n", "invalid character in a stanza body"),
            (b"-> a\nAAAAA\n", "impossible length of base64"),
            (&long, "a message is too long"),
            (&line, "a message is too long"),
        ] {
            let found = read(text);
            assert_eq!(found, [Err(format!("Invalid({what:?})"))]);
        }
    }
}
