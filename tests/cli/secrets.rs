//! The process guards the secrets in its memory: from other programs of the same user, from core
//! files, and from swap.
#![cfg(target_os = "linux")]

use crate::cli_common::{Dir, KEY, program};
use nix::sys::resource::{RLIM_INFINITY, Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// Root may read everything, so it starts the programs as somebody else.
const NOBODY: u32 = 65534;

/// Runs a program with limits on core files and on locked memory, and the key in its environment.
fn command(program: &Path, locked: u64) -> Command {
    let mut command = Command::new(program);
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    command.env("TEST_KEY", hex).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let limits = move || {
        let (_, most) = nix::sys::resource::getrlimit(Resource::RLIMIT_CORE)?;
        setrlimit(Resource::RLIMIT_CORE, most, most)?;
        if locked != RLIM_INFINITY {
            setrlimit(Resource::RLIMIT_MEMLOCK, locked, locked)?;
        }
        Ok(())
    };
    // SAFETY: system calls alone.
    unsafe { command.pre_exec(limits) };
    command
}

/// One test at a time: a process that is started just when another test copies the program would
/// inherit the copy, open for writing, and then it cannot be run.
static TURN: Mutex<()> = Mutex::new(());

/// A copy of the program, where anybody may run it.
struct ForAnybody {
    dir: Dir,
    _turn: MutexGuard<'static, ()>,
}

impl ForAnybody {
    fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = Dir::new();
        let copy = dir.path("fetool");
        fs::copy(program(), &copy).unwrap();
        for path in [copy.parent().unwrap(), &copy] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { dir, _turn: turn }
    }

    /// Starts to seal, and comes back when the header was written and more is waited for.
    fn seals(&self, locked: u64) -> Child {
        let mut command = command(&self.dir.path("fetool"), locked);
        command.args(["seal", "-k", "env:TEST_KEY"]);
        let mut child = loop {
            match command.spawn() {
                // What another test has started just now had the copy open, for a moment.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => thread::yield_now(),
                child => break child.unwrap(),
            }
        };
        let feed = child.stdin.as_mut().unwrap();
        feed.write_all(b"the beginning").unwrap();
        let header = child.stdout.as_mut().unwrap();
        header.read_exact(&mut [0; 24]).unwrap();
        child
    }
}

/// Whether another program of the same user can read a process's environment, where the key is too.
fn can_be_read(pid: u32) -> bool {
    let environment = format!("/proc/{pid}/environ");
    let read = command(Path::new("cat"), RLIM_INFINITY)
        .arg(environment)
        .output()
        .unwrap();
    read.status.success() && !read.stdout.is_empty()
}

/// The number behind a word at the beginning of a line of a file in /proc.
fn number(pid: u32, file: &str, word: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(word));
    let number = line.unwrap().split_whitespace().next().unwrap();
    number.parse().expect("a number")
}

#[test]
fn no_other_program_reads_the_memory_and_no_core_file_has_it() {
    let program = ForAnybody::new();
    let mut child = program.seals(RLIM_INFINITY);
    // Others of this user can be read.
    let mut other = command(Path::new("sleep"), RLIM_INFINITY)
        .arg("60")
        .spawn()
        .unwrap();
    let open = can_be_read(other.id());
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(open, "this test sees nothing here");
    assert!(!can_be_read(child.id()));
    assert_eq!(number(child.id(), "limits", "Max core file size"), 0);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGABRT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(Signal::SIGABRT as i32));
    assert!(!status.core_dumped());
}

#[test]
fn secrets_are_locked_in_memory() {
    let program = ForAnybody::new();
    let mut child = program.seals(RLIM_INFINITY);
    assert!(number(child.id(), "status", "VmLck:") > 0);
    assert!(child.stdin.take().is_some());
    assert!(child.wait().unwrap().success());
}

#[test]
fn without_leave_to_lock_it_works_as_well() {
    let program = ForAnybody::new();
    let mut child = program.seals(0);
    assert_eq!(number(child.id(), "status", "VmLck:"), 0);
    assert!(child.stdin.take().is_some());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert!(ended.stderr.is_empty());
}
