//! What must be undone when a signal ends the process: temporary files, a silenced terminal, and the
//! progress line; and what is said then.
//!
//! Signals are waited for in a thread of their own, from the first such thing on: before there is
//! one, a signal ends the process as it would any other. The thread holds the lock of the list while
//! it cleans up and until the process is dead, so no other thread can make something new in between.
//! Errors need none of this: there, destructors do the work.

use super::status_line;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

static UNDO: Mutex<Undo> = Mutex::new(Undo {
    watched: false,
    files: Vec::new(),
    terminal: None,
    last_words: None,
});

struct Undo {
    /// Signals are waited for.
    watched: bool,
    files: Vec<PathBuf>,
    terminal: Option<(File, Termios)>,
    /// What to say then.
    last_words: Option<Words>,
}

type Words = Box<dyn FnOnce() -> String + Send>;

fn lock() -> MutexGuard<'static, Undo> {
    UNDO.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The list, for something that must be undone: from now on, signals are waited for.
fn watched() -> io::Result<MutexGuard<'static, Undo>> {
    let mut undo = lock();
    if !undo.watched {
        watch()?;
        undo.watched = true;
    }
    Ok(undo)
}

/// Starts to wait for signals.
fn watch() -> io::Result<()> {
    let ignored = ignored();
    let wanted = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = Signals::new(wanted)?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                die_of(signal);
            }
        })
        .map(drop)
}

/// Which signals the parent had ignored, as nohup does, and shells do for jobs in the background, a
/// bit each. They stay so.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
fn ignored() -> u64 {
    0
}

/// Cleans up and ends the process as the signal would have.
pub fn die_of(signal: i32) -> ! {
    let mut undo = lock();
    for file in &undo.files {
        let _ = fs::remove_file(file);
    }
    // What was typed of a passphrase must not become the shell's next command.
    undo.restore_terminal(SetArg::TCSAFLUSH);
    // Where the reader of the output went away, nobody wants to read about it.
    let words = undo.last_words.take().filter(|_| signal != SIGPIPE);
    status_line::end_with(&words.map_or(String::new(), |words| words()));
    let _ = emulate_default_handler(signal);
    // Not reached for a signal whose default is to end the process.
    std::process::exit(128 + signal);
}

/// Does something that a signal must not cut in two: the process ends after it.
pub fn uninterrupted<T>(work: impl FnOnce() -> T) -> io::Result<T> {
    let _undo = watched()?;
    Ok(work())
}

/// A temporary file that a signal would remove, for as long as this lives.
pub struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// Makes a file under the lock, so that there is no moment at which a signal would forget it.
    pub fn make<T>(
        make: impl FnOnce() -> io::Result<T>,
        path: impl FnOnce(&T) -> &Path,
    ) -> io::Result<(T, Self)> {
        let mut undo = watched()?;
        let made = make()?;
        let path = path(&made).to_owned();
        undo.files.push(path.clone());
        Ok((made, Self { path }))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        lock().files.retain(|file| *file != self.path);
    }
}

/// A terminal that shows nothing of what is typed, for as long as this lives; a signal also ends
/// that.
pub struct Silenced;

impl Silenced {
    pub fn new(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        let mut undo = watched()?;
        tcsetattr(&terminal, SetArg::TCSANOW, &silent)?;
        undo.terminal = Some((terminal, before));
        Ok(Self)
    }
}

impl Drop for Silenced {
    fn drop(&mut self) {
        lock().restore_terminal(SetArg::TCSANOW);
    }
}

/// What is printed when a signal ends the process, for as long as this lives. Nothing that can block
/// belongs into it.
pub struct LastWords;

impl LastWords {
    pub fn new(words: impl FnOnce() -> String + Send + 'static) -> io::Result<Self> {
        watched()?.last_words = Some(Box::new(words));
        Ok(Self)
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        lock().last_words = None;
    }
}

impl Undo {
    fn restore_terminal(&mut self, when: SetArg) {
        if let Some((terminal, before)) = self.terminal.take() {
            let _ = tcsetattr(&terminal, when, &before);
        }
    }
}
