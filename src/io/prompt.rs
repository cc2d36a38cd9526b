//! Asking for a passphrase on the terminal: never on standard input, which carries data.

use super::cleanup::Silenced;
use super::status_line;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use zeroize::{Zeroize, Zeroizing};

const TERMINAL: &str = "/dev/tty";
/// A terminal hands over no longer line than this, its end included.
const LINE_MAX: usize = 4096;

/// Asks once, without echo, and takes the prompt off the screen again. Returns the bytes as they were
/// typed, whatever encoding they are in, without the line's end.
///
/// `None` when there is no terminal.
pub fn passphrase(prompt: &str) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
    let mut terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open(TERMINAL)
        .ok()?;
    Some(ask(&mut terminal, prompt))
}

/// Asks once for a line that is shown as it is typed. `None` when there is no terminal.
#[cfg(feature = "age-plugin")]
pub fn line(prompt: &str) -> Option<io::Result<Zeroizing<String>>> {
    let mut terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open(TERMINAL)
        .ok()?;
    let mut ask = || {
        status_line::without(|| terminal.write_all(prompt.as_bytes()))?;
        let typed = read_line(&mut terminal)?;
        let text = std::str::from_utf8(&typed).map_err(io::Error::other)?;
        Ok(Zeroizing::new(text.to_owned()))
    };
    Some(ask())
}

fn ask(terminal: &mut File, prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    // The prompt takes the place of a line that tells of progress.
    let silenced = status_line::without(|| {
        // Before the prompt is there, so that nothing typed fast is shown.
        let silenced = Silenced::new(terminal.try_clone()?, prompt)?;
        terminal.write_all(prompt.as_bytes())?;
        io::Result::Ok(silenced)
    })?;
    let typed = read_line(terminal);
    drop(silenced);
    // The end of the line was not echoed. A terminal without control sequences keeps the prompt.
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    terminal.write_all(if is_dumb { b"\n" } else { b"\r\x1b[K" })?;
    typed
}

/// Reads up to the end of a line. The buffer never moves, so that no copy of it is left behind.
fn read_line(terminal: &mut File) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut typed = Zeroizing::new(Vec::with_capacity(LINE_MAX));
    let mut buffer = Zeroizing::new([0; LINE_MAX]);
    loop {
        let read = match terminal.read(&mut buffer[..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let (line, ended) = match buffer[..read].iter().position(|byte| *byte == b'\n') {
            Some(end) => (&buffer[..end], true),
            // Ctrl-D behind something hands it over, and at the beginning ends the input.
            None => (&buffer[..read], read == 0),
        };
        if typed.len() + line.len() > LINE_MAX {
            return Err(io::Error::other("the passphrase is too long to be typed"));
        }
        typed.extend_from_slice(line);
        buffer.zeroize();
        if ended {
            return Ok(typed);
        }
    }
}
