//! `rekey -i` killed at every system call that writes: the file opens, and the next run completes.
#![cfg(target_os = "linux")]

use crate::dexios_common::forge::{Forge, HEADER};
use crate::dexios_common::{Folder, SECRET, allowing_forged, open, watchdog};
pub use crate::trace_common::Moment;
use crate::trace_common::{self, Then, WRITES};
use fetool::status;
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

const SECOND: &[u8] = b"second secret";
const REMOVE: &str = "rekey -k @- --remove -i f";
const CHANGE: &str = "rekey -q -k @- --new-key @two --new-kdf balloon -i f";

/// What replacing a header does to the disk, in this order.
pub const STEPS: [&str; 9] = [
    "create", "write", "sync", "rename", "sync", // the recovery file and its directory
    "write at", "sync", // the header
    "remove", "sync",
];

/// Runs the program on `f`, stops it before and after every system call that writes, and sends it a
/// signal where `decide` wants one. Tells how it ended.
pub fn trace(
    folder: &Folder,
    line: &str,
    decide: impl FnMut(Moment, &'static str) -> Option<Signal>,
) -> WaitStatus {
    trace_with(folder, line, SECRET, decide)
}

/// The same with another secret.
pub fn trace_with(
    folder: &Folder,
    line: &str,
    secret: &[u8],
    mut decide: impl FnMut(Moment, &'static str) -> Option<Signal>,
) -> WaitStatus {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fetool"));
    let command = command
        .current_dir(folder.path(""))
        .args(line.split(' '))
        .args(allowing_forged(line));
    let traced = trace_common::trace(command, secret, |moment, call| {
        let is_write = WRITES.contains(&call.name);
        let signal = is_write.then(|| decide(moment, call.name)).flatten();
        signal.map_or(Then::GoOn, Then::Signal)
    });
    traced.status
}

/// Sends the signal at one of the moments: they count from 0, two for each call.
pub fn signal_at(
    wanted: usize,
    signal: Signal,
) -> impl FnMut(Moment, &'static str) -> Option<Signal> {
    let mut moment = 0;
    move |_, _| {
        moment += 1;
        (moment - 1 == wanted).then_some(signal)
    }
}

fn steps(folder: &Folder, line: &str) -> Vec<&'static str> {
    steps_with(folder, line, SECRET)
}

pub fn steps_with(folder: &Folder, line: &str, secret: &[u8]) -> Vec<&'static str> {
    let mut steps = Vec::new();
    let ended = trace_with(folder, line, secret, |moment, name| {
        if moment == Moment::Before {
            steps.push(name);
        }
        None
    });
    assert!(matches!(ended, WaitStatus::Exited(_, 0)), "{ended:?}");
    steps
}

/// A file whose first slot is to be dropped, and what it is to become.
fn two_slots() -> (Vec<u8>, Vec<u8>) {
    let before = Forge::new(&[SECRET, SECOND], b"text").file();
    let mut after = before.clone();
    after.copy_within(128..224, 32);
    after[128..224].fill(0);
    (before, after)
}

/// The manual promises these steps, and crashes are survived only in this order.
#[test]
fn the_steps_are_those_of_the_manual() {
    let _dog = watchdog();
    let (before, after) = two_slots();
    let folder = Folder::new();
    folder.write("f", &before);
    assert_eq!(steps(&folder, REMOVE), STEPS);
    assert!(folder.read("f") == after);
    folder.write("f", &before);
    assert_eq!(steps(&folder, CHANGE), STEPS);
}

#[test]
fn killed_while_a_slot_is_dropped() {
    let _dog = watchdog();
    let (before, after) = two_slots();
    let folder = Folder::new();
    let mut changed = 0;
    for moment in 0..STEPS.len() * 2 {
        folder.write("f", &before);
        let ended = trace(&folder, REMOVE, signal_at(moment, Signal::SIGKILL));
        assert!(
            matches!(ended, WaitStatus::Signaled(_, Signal::SIGKILL, _)),
            "{ended:?}"
        );

        let file = folder.read("f");
        assert!(
            file == before || file == after,
            "moment {moment}: neither old nor new"
        );
        assert_eq!(open(SECOND, &file).unwrap(), b"text");
        changed += usize::from(file == after);
        let recovery = folder
            .names()
            .into_iter()
            .find(|name| name.ends_with(".header"));
        if let Some(recovery) = recovery {
            let both = [&before[..HEADER], &after[..HEADER]].concat();
            assert_eq!(folder.read(&recovery)[40..][..2 * HEADER], both);
        }
        // The same again. Where the header was changed it finds nothing to do but to clean up.
        let ran = folder.pipe(REMOVE, SECRET);
        let expected = if file == after {
            status::KEY
        } else {
            status::OK
        };
        ran.is(expected);
        assert!(folder.read("f") == after, "moment {moment}");
        assert_eq!(folder.names(), ["f"], "moment {moment}");
    }
    // The new header is there from the end of its one call on: at half of all moments but one.
    assert_eq!(changed, 7);
}

#[test]
fn killed_while_a_secret_is_changed() {
    let _dog = watchdog();
    let before = Forge::new(&[SECRET], b"text").file();
    let folder = Folder::new();
    // Before every call from the header's on; the copy of the old one is made as above.
    for step in 5..STEPS.len() {
        folder.write("f", &before);
        let ended = trace(&folder, CHANGE, signal_at(2 * step, Signal::SIGKILL));
        assert!(
            matches!(ended, WaitStatus::Signaled(_, Signal::SIGKILL, _)),
            "{ended:?}"
        );

        let file = folder.read("f");
        assert!(file[HEADER..] == before[HEADER..]);
        assert_eq!(file == before, step < 6, "step {step}");
        if file != before {
            assert_eq!(open(SECOND, &file).unwrap(), b"text");
        }
        // The same again. Where the header was changed it finds nothing to do but to clean up.
        let expected = if file == before {
            status::OK
        } else {
            status::KEY
        };
        folder.pipe(CHANGE, SECRET).is(expected);
        assert_eq!(open(SECOND, &folder.read("f")).unwrap(), b"text");
        assert_eq!(folder.names(), ["f"], "step {step}");
    }
}

/// A signal that can be waited with is waited with until the file is whole and the copy is gone.
#[test]
fn interrupted_it_is_done_or_not_begun() {
    let _dog = watchdog();
    let (before, after) = two_slots();
    let folder = Folder::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        for moment in 0..STEPS.len() * 2 {
            folder.write("f", &before);
            let ended = trace(&folder, REMOVE, signal_at(moment, signal));
            match ended {
                // It may have been done before the signal was looked at.
                WaitStatus::Exited(_, 0) => {}
                WaitStatus::Signaled(_, by, _) => assert_eq!(by, signal),
                other => panic!("{other:?}"),
            }
            assert!(folder.read("f") == after, "{signal} at {moment}");
            assert_eq!(folder.names(), ["f"], "{signal} at {moment}");
        }
    }
}

/// While the secret is waited for nothing was begun, and the program ends at once.
#[test]
fn interrupted_before_it_begins() {
    let _dog = watchdog();
    let (before, _) = two_slots();
    let folder = Folder::new();
    folder.write("f", &before);
    let mut child = Command::new(env!("CARGO_BIN_EXE_fetool"))
        .current_dir(folder.path(""))
        .args(REMOVE.split(' '))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // Waiting would close standard input, and only the signal shall end it.
    let _open = child.stdin.take();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let ended = child.wait().unwrap();
    assert_eq!(ended.signal(), Some(libc::SIGTERM));
    assert!(folder.read("f") == before);
    assert_eq!(folder.names(), ["f"]);
}
