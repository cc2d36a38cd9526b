//! Files on a terminal: pasted ones, and text that is shown whole or not at all.

use super::super::failure::Failure;
use crate::io::input::Input;
use crate::io::output::Output;
use std::io::{self, Cursor, Read, Write};
use zeroize::Zeroizing;

/// The end of armor.
const END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";
/// The maximum length of a pasted file.
const PASTED_MAX: usize = 64 << 20;
/// The maximum length of text that is held back from a terminal.
const HELD_MAX: usize = 16 << 20;

/// Reads what is typed or pasted, up to the end of armor: what follows may answer a prompt.
pub fn pasted(terminal: &mut Input) -> Result<Cursor<Vec<u8>>, Failure> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = match terminal.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(|error| Failure::system("stdin", &error))?,
        };
        // A terminal delivers one line at a time.
        let before = all.len().saturating_sub(END.len());
        all.extend_from_slice(&buffer[..read]);
        let ends = all[before..].windows(END.len()).any(|bytes| bytes == END);
        if read == 0 || ends {
            return Ok(Cursor::new(all));
        }
        if all.len() > PASTED_MAX {
            return Err(Failure::usage(
                "this is too much to be pasted; name the file",
            ));
        }
    }
}

/// An output that goes to a terminal when it is complete: not between typed lines, and not the first half of what turns
/// out to be binary.
pub struct Held {
    output: Output,
    held: Option<Zeroizing<Vec<u8>>>,
}

impl Held {
    pub fn new(output: Output) -> Self {
        Self {
            held: output.is_text_terminal().then(Zeroizing::default),
            output,
        }
    }

    /// Returns the output itself, if nothing is held back.
    pub fn direct(&self) -> Option<&Output> {
        self.held.is_none().then_some(&self.output)
    }

    pub fn commit(mut self) -> io::Result<()> {
        if let Some(held) = self.held.take() {
            self.output.write_all(&held)?;
        }
        self.output.commit()
    }
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.held {
            Some(held) if held.len() + bytes.len() <= HELD_MAX => {
                grown(held, bytes.len());
                held.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Some(held) => {
                self.output.write_all(held)?;
                self.held = None;
                self.output.write(bytes)
            }
            None => self.output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Makes room, and leaves no copy behind.
fn grown(held: &mut Zeroizing<Vec<u8>>, more: usize) {
    if held.capacity() - held.len() < more {
        let mut larger = Zeroizing::new(Vec::with_capacity(2 * (held.len() + more)));
        larger.extend_from_slice(held);
        *held = larger;
    }
}
