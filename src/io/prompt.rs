//! Asking for a passphrase on the terminal. Standard input carries data, and is used only if that was allowed.

use super::cleanup::{self, Silenced, WaitsForSomebody};
use super::status_line;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use zeroize::{Zeroize, Zeroizing};

const TERMINAL: &str = "/dev/tty";
/// The maximum length of a line from a terminal, including its end.
const LINE_MAX: usize = 4096;

/// Whether to ask on standard input.
static STDIN_ALLOWED: AtomicBool = AtomicBool::new(false);

/// Allows asking on standard input, if that is a terminal and there is no controlling terminal.
pub fn allow_stdin() {
    STDIN_ALLOWED.store(true, Ordering::Relaxed);
}

fn terminal() -> Option<File> {
    let controlling = OpenOptions::new().read(true).write(true).open(TERMINAL);
    if let Ok(terminal) = controlling {
        return Some(terminal);
    }
    let stdin = io::stdin();
    if !STDIN_ALLOWED.load(Ordering::Relaxed) || !stdin.is_terminal() {
        return None;
    }
    stdin.as_fd().try_clone_to_owned().ok().map(File::from)
}

/// Shows a line on the terminal, and nowhere else. Returns `None` if there is none.
pub fn show(text: &str) -> Option<io::Result<()>> {
    let mut terminal = terminal()?;
    Some(status_line::without(|| terminal.write_all(text.as_bytes())))
}

/// One question at a time: an answer belongs to the last one, and echo is turned off once.
static TURN: Mutex<()> = Mutex::new(());

/// Asks once, without echo, and removes the prompt from the screen. Returns the bytes as typed, in any encoding,
/// without the line end.
///
/// Returns `None` if there is no terminal.
pub fn passphrase(prompt: &str) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut terminal = terminal()?;
    let _waiting = WaitsForSomebody::new();
    Some(unless_terminated().and_then(|()| ask(&mut terminal, prompt)))
}

/// Asks once for a line, with echo. Returns `None` if there is no terminal.
#[cfg(feature = "age-plugin")]
pub fn line(prompt: &str) -> Option<io::Result<Zeroizing<String>>> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut terminal = terminal()?;
    let _waiting = WaitsForSomebody::new();
    let mut ask = || {
        unless_terminated()?;
        status_line::without(|| terminal.write_all(prompt.as_bytes()))?;
        let typed = read_line(&mut terminal)?;
        let text = std::str::from_utf8(&typed).map_err(io::Error::other)?;
        Ok(Zeroizing::new(text.to_owned()))
    };
    Some(ask())
}

/// Fails if a signal has asked the work to end: then nobody may be there to answer.
fn unless_terminated() -> io::Result<()> {
    match cleanup::is_terminated() {
        true => Err(io::Error::other("a signal has asked the work to end")),
        false => Ok(()),
    }
}

fn ask(terminal: &mut File, prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    // The prompt replaces a progress line.
    let silenced = status_line::without(|| {
        // Before the prompt appears, so that fast typing is not shown.
        let silenced = Silenced::new(terminal.try_clone()?, prompt)?;
        terminal.write_all(prompt.as_bytes())?;
        io::Result::Ok(silenced)
    })?;
    let typed = read_line(terminal);
    drop(silenced);
    // The line end was not echoed. A terminal without control sequences keeps the prompt.
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    terminal.write_all(if is_dumb { b"\n" } else { b"\r\x1b[K" })?;
    typed
}

/// Reads to the end of a line. The buffer never moves, so that it leaves no copy behind.
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
            // Ctrl-D sends what was typed so far; at the beginning of a line, it ends the input.
            None => (&buffer[..read], read == 0),
        };
        if typed.len() + line.len() > LINE_MAX {
            return Err(io::Error::other("the passphrase is too long to be typed"));
        }
        typed.extend_from_slice(line);
        buffer.zeroize();
        if read == 0 && typed.is_empty() {
            // Nobody answered. That is not an empty answer, which may be a request for something.
            return Err(io::Error::other("the input ended, and nothing was typed"));
        }
        if ended {
            return Ok(typed);
        }
    }
}
