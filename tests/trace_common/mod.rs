//! Running the program under ptrace: it stands still before and after each system call that matters, where a
//! test kills it or has the call fail.
//!
//! Where tracing is not allowed these tests fail, and do not pass for nothing.
#![cfg(target_os = "linux")]
#![allow(dead_code, reason = "every test binary uses some of it")]

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A moment at which the program stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    GoOn,
    /// The program gets a signal.
    Signal(Signal),
    /// The system call does nothing and fails. Only before it.
    Fail(Errno),
}

/// A system call of the program.
#[derive(Debug)]
pub struct Call {
    /// One of [`WRITES`] or [`CHANGES`], "read" or "list".
    pub name: &'static str,
    /// The open file that is read or written, or the directory that is listed.
    pub file: Option<PathBuf>,
}

/// The calls that put bytes and names on the disk, or take them away.
pub const WRITES: [&str; 7] = [
    "create", "write", "write at", "sync", "remove", "rename", "truncate",
];
/// Other calls that change files.
pub const CHANGES: [&str; 6] = [
    "make directory",
    "make link",
    "allocate",
    "mode",
    "owner",
    "time",
];

/// Calls that a full disk refuses.
pub const GROWING: [&str; 8] = [
    "create",
    "write",
    "write at",
    "rename",
    "truncate",
    "make directory",
    "make link",
    "allocate",
];

impl Call {
    /// What the first words of /proc/TID/syscall say of a thread that stands still.
    fn of(thread: Pid) -> Option<Self> {
        let call = fs::read_to_string(format!("/proc/{thread}/syscall")).ok()?;
        let mut words = call.split_whitespace();
        let number: libc::c_long = words.next()?.parse().ok()?;
        let arguments: Vec<i64> = words
            .map_while(|word| i64::from_str_radix(word.trim_start_matches("0x"), 16).ok())
            .collect();
        let flags = *arguments.get(2)?;
        let name = match number {
            libc::SYS_openat if flags & i64::from(libc::O_CREAT) != 0 => "create",
            libc::SYS_write | libc::SYS_writev => "write",
            libc::SYS_pwrite64 | libc::SYS_pwritev | libc::SYS_pwritev2 => "write at",
            libc::SYS_fsync | libc::SYS_fdatasync => "sync",
            libc::SYS_unlinkat => "remove",
            libc::SYS_renameat | libc::SYS_renameat2 | libc::SYS_linkat => "rename",
            libc::SYS_ftruncate => "truncate",
            libc::SYS_mkdirat => "make directory",
            libc::SYS_symlinkat => "make link",
            libc::SYS_fallocate => "allocate",
            libc::SYS_fchmod | libc::SYS_fchmodat => "mode",
            libc::SYS_fchown => "owner",
            // That of an open file; links have theirs set by name.
            libc::SYS_utimensat if arguments[1] == 0 => "time",
            libc::SYS_read | libc::SYS_pread64 | libc::SYS_preadv => "read",
            libc::SYS_getdents64 => "list",
            #[cfg(target_arch = "x86_64")]
            libc::SYS_unlink => "remove",
            #[cfg(target_arch = "x86_64")]
            libc::SYS_rename | libc::SYS_link => "rename",
            #[cfg(target_arch = "x86_64")]
            libc::SYS_mkdir => "make directory",
            _ => return None,
        };
        let is_of_descriptor = ["write", "write at", "read", "list"].contains(&name);
        let descriptor = arguments[0];
        let file = is_of_descriptor
            .then(|| fs::read_link(format!("/proc/{thread}/fd/{descriptor}")).ok())
            .flatten();
        // What is said changes no file.
        let is_standard = name == "write" && descriptor <= 2;
        (!is_standard).then_some(Self { name, file })
    }
}

/// How a traced program ended, and what it said.
pub struct Traced {
    pub status: WaitStatus,
    pub stderr: String,
}

/// Runs a program, stops it before and after every [`Call`], and does what `decide` wants.
///
/// A secret comes on standard input, so that the program cannot get anywhere before it is watched.
#[expect(clippy::zombie_processes, reason = "it is waited for with waitpid")]
pub fn trace(
    command: &mut Command,
    secret: &[u8],
    mut decide: impl FnMut(Moment, &Call) -> Then,
) -> Traced {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let program = Pid::from_raw(child.id() as i32);
    // Threads that come later are watched with the first one. The one before only waits for
    // signals.
    ptrace::seize(
        program,
        Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_EXITKILL,
    )
    .expect("these tests need to be allowed to trace");
    ptrace::interrupt(program).unwrap();
    child.stdin.take().unwrap().write_all(secret).unwrap();
    let mut failing = HashMap::new();
    let status = loop {
        // Only what this thread traces, and not the programs of other tests.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let status = waitpid(Pid::from_raw(-1), Some(flags)).unwrap();
        let (thread, passed_on) = match status {
            WaitStatus::Exited(ended, _) | WaitStatus::Signaled(ended, ..) => {
                if ended == program {
                    break status;
                }
                continue;
            }
            WaitStatus::PtraceSyscall(thread) => {
                let moment = match ptrace::getevent(thread) {
                    Ok(1) => Moment::Before, // PTRACE_EVENTMSG_SYSCALL_ENTRY
                    _ => Moment::After,
                };
                match failing.remove(&thread) {
                    Some(errno) => set_result(thread, errno),
                    None => {
                        let call = Call::of(thread);
                        match call.map_or(Then::GoOn, |call| decide(moment, &call)) {
                            Then::GoOn => {}
                            Then::Signal(signal) => kill(program, signal).unwrap(),
                            Then::Fail(errno) => {
                                assert_eq!(moment, Moment::Before);
                                skip_call(thread);
                                failing.insert(thread, errno);
                            }
                        }
                    }
                }
                (thread, None)
            }
            WaitStatus::Stopped(thread, signal) => (thread, Some(signal)),
            WaitStatus::PtraceEvent(thread, ..) => (thread, None),
            other => panic!("{other:?}"),
        };
        match ptrace::syscall(thread, passed_on) {
            // It was killed.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => panic!("{error}"),
        }
    };
    let mut stderr = Vec::new();
    child.stderr.unwrap().read_to_end(&mut stderr).unwrap();
    Traced {
        status,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Has the system do nothing.
#[cfg(target_arch = "x86_64")]
fn skip_call(thread: Pid) {
    let mut registers = ptrace::getregs(thread).unwrap();
    registers.orig_rax = u64::MAX;
    ptrace::setregs(thread, registers).unwrap();
}

#[cfg(target_arch = "x86_64")]
fn set_result(thread: Pid, errno: Errno) {
    let mut registers = ptrace::getregs(thread).unwrap();
    registers.rax = -i64::from(errno as i32) as u64;
    ptrace::setregs(thread, registers).unwrap();
}

#[cfg(not(target_arch = "x86_64"))]
fn skip_call(_: Pid) {
    unimplemented!("the registers of this processor");
}

#[cfg(not(target_arch = "x86_64"))]
fn set_result(_: Pid, _: Errno) {
    unimplemented!("the registers of this processor");
}
