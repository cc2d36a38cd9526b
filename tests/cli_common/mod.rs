//! What the tests of the command line share: starting `fetool` under a watchdog, and directories to
//! work in.
//!
//! A process here has a session of its own and so no terminal, unless a test gives it one (see
//! [`screen`]), and it is killed after [`LIMIT`], which fails the test.

#![allow(dead_code, reason = "every test binary uses some of it")]

mod dir;
mod ended;
pub mod screen;
pub mod weak;

pub use dir::Dir;
pub use ended::Ended;

use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::{Pid, setsid};
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long anything may take before it counts as hung.
pub const LIMIT: Duration = Duration::from_secs(60);

pub const MIB: usize = 1 << 20;

/// The key of most tests, which every `fetool` here finds at [`K`].
pub const KEY: [u8; 32] = *b"\x00\x01\n\r\xff is the key of all tests\n\n\0";
/// `--key` for [`KEY`].
pub const K: &str = "env:TEST_KEY";
/// `--key` for the key of the vectors. Their key file can be read by everybody.
pub const VECTOR_KEY: &str = "env:VECTOR_KEY";
/// `--key` for another key.
pub const OTHER: &str = "env:OTHER_KEY";

/// One pseudo-terminal or process is made at a time: a terminal's descriptor could slip into a
/// process that is started just when it is opened.
static SPAWNING: Mutex<()> = Mutex::new(());

/// A `fetool` to be started.
pub struct Fetool {
    command: Command,
    input: Option<Vec<u8>>,
    stdin: Option<Stdio>,
    stdout: Option<Stdio>,
    stderr: Option<Stdio>,
}

pub fn program() -> &'static Path {
    assert_cmd::cargo::cargo_bin!("fetool")
}

/// `fetool ARGS`, with nothing on standard input.
pub fn fetool<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Fetool {
    Fetool::new(program()).args(args)
}

/// The same program under another name: a link in `dir`, which it makes.
pub fn linked<S: AsRef<OsStr>>(dir: &Dir, name: &str, args: impl IntoIterator<Item = S>) -> Fetool {
    let link = dir.path(name);
    if link.symlink_metadata().is_err() {
        std::os::unix::fs::symlink(program(), &link).expect("the directory can be written to");
    }
    Fetool::new(link).args(args)
}

/// `sh -c SCRIPT`, in which `"$FETOOL"` is the program and `"$@"` are `args`.
pub fn shell<S: AsRef<OsStr>>(script: &str, args: impl IntoIterator<Item = S>) -> Fetool {
    Fetool::new("sh").args(["-c", script, "sh"]).args(args)
}

impl Fetool {
    fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        for name in [
            "NO_COLOR",
            "CLICOLOR",
            "CLICOLOR_FORCE",
            "CI",
            "COLUMNS",
            "FETOOL_KEY",
        ] {
            command.env_remove(name);
        }
        command
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C")
            .env("FETOOL", self::program())
            .env("TEST_KEY", hex(&KEY))
            .env("VECTOR_KEY", hex(include_bytes!("../vectors/gfe.key")))
            .env("OTHER_KEY", hex(&[7; 32]));
        Self {
            command,
            input: None,
            stdin: None,
            stdout: None,
            stderr: None,
        }
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub fn arg(self, arg: impl AsRef<OsStr>) -> Self {
        self.args([arg])
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the current directory.
    pub fn within(mut self, dir: &Dir) -> Self {
        self.command.current_dir(dir.path(""));
        self
    }

    /// Bytes that come through a pipe.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = Some(stdin.into());
        self
    }

    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.stdout = Some(stdout.into());
        self
    }

    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.stderr = Some(stderr.into());
        self
    }

    /// Starts it. What was not said otherwise is: nothing on standard input, and the two outputs
    /// collected.
    pub fn start(mut self) -> Job {
        self.command
            .stdin(match (&self.input, self.stdin.take()) {
                (Some(_), _) => Stdio::piped(),
                (None, stdin) => stdin.unwrap_or_else(Stdio::null),
            })
            .stdout(self.stdout.take().unwrap_or_else(Stdio::piped))
            .stderr(self.stderr.take().unwrap_or_else(Stdio::piped));
        let before = || {
            default_signals()?;
            setsid()?;
            Ok(())
        };
        // SAFETY: what is called between fork and exec is async-signal-safe.
        unsafe { self.command.pre_exec(before) };
        let spawning = spawning();
        let child = self.command.spawn().expect("the program starts");
        drop(spawning);
        Job::new(child, self.input)
    }

    /// Runs it to its end.
    pub fn run(self) -> Ended {
        self.start().end()
    }
}

pub fn spawning() -> impl Drop {
    SPAWNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whoever started the tests may have signals ignored, which would be inherited.
pub fn default_signals() -> io::Result<()> {
    let kept = [Signal::SIGKILL, Signal::SIGSTOP, Signal::SIGPIPE];
    for it in Signal::iterator().filter(|it| !kept.contains(it)) {
        // SAFETY: the default handler is no code of ours.
        unsafe { signal(it, SigHandler::SigDfl) }?;
    }
    Ok(())
}

/// A running process.
pub struct Job {
    child: Child,
    feeding: Option<JoinHandle<()>>,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    hung: Arc<AtomicBool>,
    watchdog: Option<Sender<()>>,
}

impl Job {
    pub fn new(mut child: Child, input: Option<Vec<u8>>) -> Self {
        let pid = pid(&child);
        let hung = Arc::new(AtomicBool::new(false));
        let (watchdog, ended) = mpsc::channel();
        thread::spawn({
            let hung = hung.clone();
            move || {
                if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                    hung.store(true, Ordering::SeqCst);
                    let _ = kill(pid, Signal::SIGKILL);
                }
            }
        });
        let feeding = input.map(|bytes| {
            let mut stdin = child.stdin.take().expect("piped");
            // It need not read all of it.
            thread::spawn(move || drop(stdin.write_all(&bytes)))
        });
        Self {
            feeding,
            stdout: child.stdout.take().map(collect),
            stderr: child.stderr.take().map(collect),
            child,
            hung,
            watchdog: Some(watchdog),
        }
    }

    pub fn pid(&self) -> Pid {
        pid(&self.child)
    }

    /// Whether it was suspended.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        stat.is_ok_and(|stat| {
            stat.rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('T'))
        })
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the process is ours");
    }

    /// Whether it runs still.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("the child is ours").is_none()
    }

    /// Waits for its end, whatever that is.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let status = self.child.wait().expect("the child is ours");
        drop(self.watchdog.take());
        if let Some(feeding) = self.feeding.take() {
            feeding.join().expect("feeding does not panic");
        }
        let collected = |thread: Option<JoinHandle<Vec<u8>>>| {
            thread.map_or(vec![], |thread| thread.join().expect("reading works"))
        };
        let output = Output {
            status,
            stdout: collected(self.stdout.take()),
            stderr: collected(self.stderr.take()),
        };
        assert!(
            !self.hung.load(Ordering::SeqCst),
            "hung, and was killed: {output:?}"
        );
        Ended { output }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // Only where a test failed before the end.
        if self.watchdog.is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id() as i32)
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

/// Waits until something is so.
#[track_caller]
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that look random, and are always the same.
pub fn data(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Sealed with [`KEY`], as a stream in chunks of this size.
#[track_caller]
pub fn sealed(bytes: &[u8], chunk: &str) -> Vec<u8> {
    fetool(["seal", "-k", K, "-c", chunk])
        .input(bytes)
        .run()
        .succeeds()
}

/// Opened with [`KEY`].
#[track_caller]
pub fn opened(sealed: impl Into<Vec<u8>>) -> Vec<u8> {
    fetool(["open", "-k", K]).input(sealed).run().succeeds()
}

/// A file of tests/vectors.
pub fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name)
}
