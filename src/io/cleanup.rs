//! What a signal that ends the process must undo: temporary files, a terminal without echo, and the progress line; and
//! what to print then.
//!
//! A thread waits for signals from the first such thing on. Before that, a signal ends the process as usual. The thread
//! holds the lock of the list while it cleans up and until the process is dead, so no other thread can add something
//! meanwhile. Errors need none of this: destructors clean up.

use super::dir::Dir;
use super::status_line;
use nix::sys::termios::{InputFlags, LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPIPE, SIGPROF, SIGQUIT, SIGSYS, SIGTERM,
    SIGTRAP, SIGTSTP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The signals that end a process by default, and that can be caught. SIGPIPE and SIGXFSZ are not among them: with
/// these, writing fails, which is an error like any other.
const ENDING: &[i32] = &[
    SIGABRT,
    SIGALRM,
    SIGHUP,
    SIGINT,
    SIGIO,
    SIGPROF,
    SIGQUIT,
    SIGSYS,
    SIGTERM,
    SIGTRAP,
    SIGUSR1,
    SIGUSR2,
    SIGVTALRM,
    SIGXCPU,
    // The library has no names for these on all systems.
    #[cfg(target_os = "linux")]
    nix::libc::SIGPWR,
    #[cfg(target_os = "linux")]
    nix::libc::SIGSTKFLT,
];

static UNDO: Mutex<Undo> = Mutex::new(Undo {
    watched: false,
    files: Vec::new(),
    terminal: None,
    waits_for_somebody: false,
    last_words: None,
    finish: None,
});

struct Undo {
    /// Whether a thread waits for signals.
    watched: bool,
    files: Vec<(Arc<Dir>, OsString)>,
    terminal: Option<Asking>,
    /// Whether the user is being asked something, so that the work would not end soon.
    waits_for_somebody: bool,
    /// What to print then.
    last_words: Option<Words>,
    /// Ends the work soon, and cleanly, at the first of some signals.
    finish: Option<Finish>,
}

struct Finish {
    signals: &'static [i32],
    work: Box<dyn FnOnce(i32) + Send>,
}

type Words = Box<dyn FnOnce() -> String + Send>;

fn lock() -> MutexGuard<'static, Undo> {
    UNDO.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks the list to add something, and ensures that a thread waits for signals.
fn watched() -> io::Result<MutexGuard<'static, Undo>> {
    let mut undo = lock();
    if !undo.watched {
        watch()?;
        undo.watched = true;
    }
    Ok(undo)
}

/// Makes a signal erase the progress line before it ends the process.
pub fn watch_for_line() -> io::Result<()> {
    watched().map(drop)
}

/// Starts the thread that waits for signals.
fn watch() -> io::Result<()> {
    let ignored = ignored();
    let wanted = ENDING
        .iter()
        .filter(|signal| ignored >> (*signal - 1) & 1 == 0);
    let suspending = [SIGTSTP, SIGCONT];
    let suspending = suspending
        .iter()
        .filter(|signal| ignored >> (*signal - 1) & 1 == 0);
    let mut signals = Signals::new(wanted.chain(suspending))?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                match signal {
                    SIGTSTP => suspend(),
                    SIGCONT => resume(),
                    signal if finish(signal) => {}
                    signal => die_of(signal),
                }
            }
        })
        .map(drop)
}

/// Asks the work to end by itself at this signal. Returns `false` if it cannot, or was asked before.
fn finish(signal: i32) -> bool {
    let mut undo = lock();
    if undo.waits_for_somebody {
        return false;
    }
    let finish = undo.finish.take_if(|it| it.signals.contains(&signal));
    let asked = finish.is_some();
    if asked {
        // Under the lock, so that no question can begin meanwhile.
        TERMINATED.store(true, Ordering::SeqCst);
    }
    drop(undo);
    if let Some(finish) = finish {
        (finish.work)(signal);
    }
    asked
}

/// Whether a signal has asked the work to end.
static TERMINATED: AtomicBool = AtomicBool::new(false);

/// Returns whether a signal has asked the work to end: then nothing should wait any longer.
pub fn is_terminated() -> bool {
    TERMINATED.load(Ordering::SeqCst)
}

/// While this lives, some signals ask the work to end soon and cleanly. Only a second one ends the process at once.
pub struct EndsItself;

impl EndsItself {
    pub fn new(
        signals: &'static [i32],
        finish: impl FnOnce(i32) + Send + 'static,
    ) -> io::Result<Self> {
        watched()?.finish = Some(Finish {
            signals,
            work: Box::new(finish),
        });
        Ok(Self)
    }

    /// Returns whether a signal has asked for the end.
    pub fn was_asked(&self) -> bool {
        TERMINATED.load(Ordering::SeqCst)
    }
}

impl Drop for EndsItself {
    fn drop(&mut self) {
        lock().finish = None;
    }
}

/// Suspends the process, with the terminal as it was before.
fn suspend() {
    if let Some(asking) = &lock().terminal {
        // The shell must not read what was typed of a passphrase.
        let _ = tcsetattr(&asking.terminal, SetArg::TCSAFLUSH, &asking.before);
    }
    let _ = emulate_default_handler(SIGTSTP);
}

/// Continues after a suspension: the shell may have changed the terminal meanwhile.
fn resume() {
    if let Some(asking) = &lock().terminal {
        let _ = asking.silence();
        let _ = (&asking.terminal).write_all(asking.prompt.as_bytes());
    }
}

/// Returns which signals the parent ignored, one bit each, as nohup does, and shells for background jobs. They stay
/// ignored.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    // Some 1,500 bytes, read at once.
    let mut status = String::with_capacity(4096);
    if let Ok(mut file) = File::open("/proc/self/status") {
        let _ = file.read_to_string(&mut status);
    }
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
    for (dir, name) in &undo.files {
        let _ = dir.remove(name);
    }
    // The shell must not run what was typed of a passphrase as a command.
    undo.restore_terminal(SetArg::TCSAFLUSH);
    // If the reader of the output has gone, a message would not interest anybody.
    let words = undo.last_words.take().filter(|_| signal != SIGPIPE);
    status_line::end_with(&words.map_or(String::new(), |words| words()));
    let _ = emulate_default_handler(signal);
    // Not reached for a signal whose default is to end the process.
    std::process::exit(128 + signal);
}

/// Runs `work`, which a signal must not interrupt: the process ends after it.
pub fn uninterrupted<T>(work: impl FnOnce() -> T) -> io::Result<T> {
    let _undo = watched()?;
    Ok(work())
}

/// A temporary file that a signal removes while this lives. It is found through its directory's descriptor, even if the
/// directory is moved.
pub struct Temporary {
    dir: Arc<Dir>,
    name: OsString,
}

impl Temporary {
    /// Creates a file under the lock, so that a signal never misses it.
    pub fn make<T>(
        dir: &Arc<Dir>,
        name: &OsStr,
        make: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        let mut undo = watched()?;
        let made = make()?;
        undo.files.push((dir.clone(), name.to_owned()));
        let temporary = Self {
            dir: dir.clone(),
            name: name.to_owned(),
        };
        Ok((made, temporary))
    }

    /// Returns the file's directory.
    pub fn dir(&self) -> &Arc<Dir> {
        &self.dir
    }

    /// Returns the file's temporary name.
    pub fn name(&self) -> &OsStr {
        &self.name
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let is_this =
            |dir: &Arc<Dir>, name: &OsString| *name == self.name && Arc::ptr_eq(dir, &self.dir);
        lock().files.retain(|(dir, name)| !is_this(dir, name));
    }
}

/// A terminal without echo, while this lives. A signal restores it as well.
pub struct Silenced;

impl Silenced {
    /// Turns echo off. `prompt` is shown again when the process continues after a suspension.
    pub fn new(terminal: File, prompt: &str) -> io::Result<Self> {
        let asking = Asking {
            before: tcgetattr(&terminal)?,
            prompt: prompt.to_owned(),
            terminal,
        };
        let mut undo = watched()?;
        asking.silence()?;
        undo.terminal = Some(asking);
        Ok(Self)
    }
}

/// While this lives, the user is being asked something, and a signal ends the process at once.
pub struct WaitsForSomebody;

impl WaitsForSomebody {
    pub fn new() -> Self {
        lock().waits_for_somebody = true;
        Self
    }
}

impl Drop for WaitsForSomebody {
    fn drop(&mut self) {
        lock().waits_for_somebody = false;
    }
}

/// A terminal on which the user is asked something.
struct Asking {
    terminal: File,
    /// Its earlier settings.
    before: Termios,
    prompt: String,
}

impl Asking {
    fn silence(&self) -> io::Result<()> {
        let mut silent = self.before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        // Line by line, with signals by Ctrl-C and Ctrl-Z, whatever was set before.
        silent
            .local_flags
            .insert(LocalFlags::ICANON | LocalFlags::ISIG);
        silent.input_flags.insert(InputFlags::ICRNL);
        Ok(tcsetattr(&self.terminal, SetArg::TCSANOW, &silent)?)
    }
}

impl Drop for Silenced {
    fn drop(&mut self) {
        lock().restore_terminal(SetArg::TCSANOW);
    }
}

/// What is printed if a signal ends the process while this lives. It must not block.
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
        if let Some(asking) = self.terminal.take() {
            let _ = tcsetattr(&asking.terminal, when, &asking.before);
        }
    }
}
