//! What must be undone when a signal ends the process: temporary files, a silenced terminal, and the
//! progress line; and what is said then.
//!
//! Signals are waited for in a thread of their own, from the first such thing on: before there is
//! one, a signal ends the process as it would any other. The thread holds the lock of the list while
//! it cleans up and until the process is dead, so no other thread can make something new in between.
//! Errors need none of this: there, destructors do the work.

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

/// The signals that end a process unless it does something about them, and that can be caught.
/// SIGPIPE and SIGXFSZ are not among them: writing fails then, which is an error as any other.
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
    // These have no names on all systems.
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
    /// Signals are waited for.
    watched: bool,
    files: Vec<(Arc<Dir>, OsString)>,
    terminal: Option<Asking>,
    /// Somebody is to answer a question, so that no work ends soon.
    waits_for_somebody: bool,
    /// What to say then.
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

/// The list, for something that must be undone: from now on, signals are waited for.
fn watched() -> io::Result<MutexGuard<'static, Undo>> {
    let mut undo = lock();
    if !undo.watched {
        watch()?;
        undo.watched = true;
    }
    Ok(undo)
}

/// Has a signal erase the progress line before it ends the process.
pub fn watch_for_line() -> io::Result<()> {
    watched().map(drop)
}

/// Starts to wait for signals.
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

/// Has the work end by itself at this signal, if it can and was not asked before.
fn finish(signal: i32) -> bool {
    let mut undo = lock();
    if undo.waits_for_somebody {
        return false;
    }
    let finish = undo.finish.take_if(|it| it.signals.contains(&signal));
    let asked = finish.is_some();
    if asked {
        // While nobody can begin to wait for somebody.
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

/// Whether a signal has asked the work to end, so that nothing is to be waited for any longer.
pub fn is_terminated() -> bool {
    TERMINATED.load(Ordering::SeqCst)
}

/// Work that ends soon, and cleanly, at one of some signals, for as long as this lives. Only a second one
/// ends the process at once.
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

    /// Whether it was asked to end.
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
        // What was typed of a passphrase is not for the shell.
        let _ = tcsetattr(&asking.terminal, SetArg::TCSAFLUSH, &asking.before);
    }
    let _ = emulate_default_handler(SIGTSTP);
}

/// Goes on where the process was suspended: the shell may have set the terminal meanwhile.
fn resume() {
    if let Some(asking) = &lock().terminal {
        let _ = asking.silence();
        let _ = (&asking.terminal).write_all(asking.prompt.as_bytes());
    }
}

/// Which signals the parent had ignored, as nohup does, and shells do for jobs in the background, a
/// bit each. They stay so.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    // Some 1,500 bytes, read in one go.
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

/// A temporary file that a signal would remove, for as long as this lives. It is found through its
/// directory's descriptor, wherever that is moved meanwhile.
pub struct Temporary {
    dir: Arc<Dir>,
    name: OsString,
}

impl Temporary {
    /// Makes a file under the lock, so that there is no moment at which a signal would forget it.
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

    /// The file's directory.
    pub fn dir(&self) -> &Arc<Dir> {
        &self.dir
    }

    /// The file's temporary name.
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

/// A terminal that shows nothing of what is typed, for as long as this lives; a signal also ends
/// that.
pub struct Silenced;

impl Silenced {
    /// `prompt` is what is shown again when the process goes on after it was suspended.
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

/// Somebody is asked something, for as long as this lives: a signal ends the process at once then.
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

/// A terminal on which something is asked for.
struct Asking {
    terminal: File,
    /// How it was set.
    before: Termios,
    prompt: String,
}

impl Asking {
    fn silence(&self) -> io::Result<()> {
        let mut silent = self.before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        // Lines and signals by Ctrl-C and Ctrl-Z, whatever was set before.
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
        if let Some(asking) = self.terminal.take() {
            let _ = tcsetattr(&asking.terminal, when, &asking.before);
        }
    }
}
