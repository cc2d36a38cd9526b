//! `header restore` killed at every system call that writes: nothing but the header changes, and the next
//! run completes.
#![cfg(target_os = "linux")]

use super::rekey::{Moment, STEPS, signal_at, steps_with, trace_with};
use crate::dexios_common::forge::{Forge, HEADER};
use crate::dexios_common::{Folder, SECRET, open, watchdog};
use crate::trace_common::{Then, trace};
use fetool::status;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use std::process::Command;

const RESTORE: &str = "header restore -q -k @- copy f";

/// A file, and the same with a damaged header.
fn damaged() -> (Vec<u8>, Vec<u8>) {
    let good = Forge::new(&[SECRET], b"text").file();
    let mut bad = good.clone();
    bad[..HEADER].fill(b'X');
    (good, bad)
}

/// Runs a command, and kills it at this moment.
#[track_caller]
fn kill(folder: &Folder, command: &str, input: &[u8], moment: usize) {
    let ended = trace_with(folder, command, input, signal_at(moment, Signal::SIGKILL));
    let killed = matches!(ended, WaitStatus::Signaled(_, Signal::SIGKILL, _));
    assert!(killed, "{ended:?}");
}

#[test]
fn killed_while_a_header_is_put_back() {
    let _dog = watchdog();
    let (good, bad) = damaged();
    let folder = Folder::new();
    folder.write("copy", &good[..HEADER]);
    folder.write("f", &bad);
    assert_eq!(steps_with(&folder, RESTORE, SECRET), STEPS);
    for moment in 0..STEPS.len() * 2 {
        folder.write("f", &bad);
        kill(&folder, RESTORE, SECRET, moment);
        let file = folder.read("f");
        assert!(file == bad || file == good, "moment {moment}");
        // The same again.
        folder.pipe(RESTORE, SECRET).is(status::OK);
        assert!(folder.read("f") == good, "moment {moment}");
        assert_eq!(folder.names(), ["copy", "f"], "moment {moment}");
        assert_eq!(open(SECRET, &folder.read("f")).unwrap(), b"text");
    }
}

/// A header torn between two sectors, with the recovery file of the run that tore it.
#[test]
fn what_a_killed_rekey_left_is_repaired() {
    let _dog = watchdog();
    let (good, _) = damaged();
    let folder = Folder::new();
    folder.write("copy", &good[..HEADER]);
    folder.write("f", &good);
    let rekey = "rekey -q -k @- --new-key @two --new-kdf balloon -i f";
    // Before the new header is written.
    kill(&folder, rekey, SECRET, 10);
    let mut torn = folder.read("f");
    torn[..64].fill(7);
    folder.write("f", &torn);
    let left = folder.names();
    assert!(
        left.iter().any(|name| name.ends_with(".header")),
        "{left:?}"
    );
    folder.pipe(RESTORE, SECRET).is(status::OK);
    assert!(folder.read("f") == good);
    assert_eq!(folder.names(), ["copy", "f"]);
}

/// A header of another length: the file is the old one or the new one as a whole.
#[test]
fn killed_while_a_file_is_replaced() {
    let _dog = watchdog();
    let folder = Folder::new();
    folder.run("keygen --age -o id").is(status::OK);
    folder.run("keygen --age -o other").is(status::OK);
    let id = folder.read("id");
    folder.write("plain", &[7; 100_000]);
    folder.run("seal -q --to @id plain -o f").is(status::OK);
    folder.run("header save f -o copy").is(status::OK);
    let good = folder.read("f");
    folder
        .run("rekey -q -k @id --add --to @other -i f")
        .is(status::OK);
    let longer = folder.read("f");
    assert!(longer.len() > good.len());
    let steps = steps_with(&folder, RESTORE, &id);
    assert_eq!(steps.last(), Some(&"sync"));
    assert!(folder.read("f") == good);
    let mut replaced = 0;
    for moment in 0..steps.len() * 2 {
        folder.write("f", &longer);
        kill(&folder, RESTORE, &id, moment);
        let file = folder.read("f");
        assert!(file == longer || file == good, "moment {moment}");
        replaced += usize::from(file == good);
        folder.pipe(RESTORE, &id).is(status::OK);
        assert!(folder.read("f") == good, "moment {moment}");
        let names = folder.names();
        assert_eq!(
            names,
            ["copy", "f", "id", "other", "plain"],
            "moment {moment}"
        );
    }
    // After the rename, and at the fsync of the directory.
    assert_eq!(replaced, 3);
}

/// The text of a header in armor is written in place, too.
#[test]
fn killed_while_the_text_of_a_header_is_put_back() {
    let _dog = watchdog();
    let folder = Folder::new();
    folder.run("keygen --age -o id").is(status::OK);
    let id = folder.read("id");
    folder.write("plain", &[7; 1000]);
    folder.run("seal -q -a --to @id plain -o f").is(status::OK);
    folder.run("header save f -o copy").is(status::OK);
    let good = folder.read("f");
    let mut bad = good.clone();
    bad[..200].fill(b'#');
    folder.write("f", &bad);
    assert_eq!(steps_with(&folder, RESTORE, &id), STEPS);
    for moment in 0..STEPS.len() * 2 {
        folder.write("f", &bad);
        kill(&folder, RESTORE, &id, moment);
        let file = folder.read("f");
        assert!(file == bad || file == good, "moment {moment}");
        folder.pipe(RESTORE, &id).is(status::OK);
        assert!(folder.read("f") == good, "moment {moment}");
        assert_eq!(folder.names(), ["copy", "f", "id", "plain"]);
    }
}

/// The old header was damaged, so a torn one becomes the new one.
#[test]
fn a_torn_header_becomes_the_one_that_opens() {
    let _dog = watchdog();
    let folder = Folder::new();
    let mut seal = "seal -q plain -o f".to_owned();
    for number in 0..8 {
        folder
            .run(&format!("keygen --age -o id{number}"))
            .is(status::OK);
        seal += &format!(" --to @id{number}");
    }
    folder.write("plain", &[7; 1000]);
    folder.run(&seal).is(status::OK);
    folder.run("header save f -o copy").is(status::OK);
    let id = folder.read("id0");
    let (good, header) = (folder.read("f"), folder.read("copy").len());
    let mut bad = good.clone();
    bad[..header - 16].fill(b'X');
    folder.write("f", &bad);
    // Before the new header is written.
    kill(&folder, RESTORE, &id, 10);
    folder.write("f", &[&good[..512], &bad[512..]].concat());
    let ran = folder.pipe("rekey -k @- --remove -i f", &id).is(status::OK);
    assert_eq!(
        ran.stderr,
        "fetool: f: warning: an earlier rekey was interrupted; its new header was written\n"
    );
    let opened = folder.run("open -q -k @id1 f -o opened").is(status::OK);
    assert_eq!(opened.stderr, "");
    assert!(folder.read("opened") == folder.read("plain"));
    let left = folder.names();
    assert!(
        !left.iter().any(|name| name.ends_with(".header")),
        "{left:?}"
    );
}

/// '--unchecked' overrules what the data shows, not what the disk fails to show.
#[test]
fn a_file_that_cannot_be_read_is_not_changed() {
    let _dog = watchdog();
    let folder = Folder::new();
    folder.run("keygen --age -o id").is(status::OK);
    let id = folder.read("id");
    folder.write("plain", &[7; 1000]);
    folder.run("seal -q --to @id plain -o f").is(status::OK);
    folder.run("header save f -o copy").is(status::OK);
    let mut bad = folder.read("f");
    bad[..20].fill(b'X');
    let mut failed = 0;
    loop {
        folder.write("f", &bad);
        let file = folder.path("f").canonicalize().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_fetool"));
        let command = command
            .current_dir(folder.path(""))
            .args("header restore -k @- --unchecked copy f".split(' '));
        let mut count = 0;
        let traced = trace(command, &id, |moment, call| {
            let is_this = call.name == "read" && call.file.as_ref() == Some(&file);
            if moment == Moment::After || !is_this {
                return Then::GoOn;
            }
            count += 1;
            match count - 1 == failed {
                true => Then::Fail(Errno::EIO),
                false => Then::GoOn,
            }
        });
        if count <= failed {
            assert!(matches!(traced.status, WaitStatus::Exited(_, 0)));
            break;
        }
        let said = traced.stderr.lines().next();
        assert_eq!(said, Some("fetool: f: input/output error"), "read {failed}");
        assert!(matches!(traced.status, WaitStatus::Exited(_, 1)));
        assert!(folder.read("f") == bad, "read {failed}");
        failed += 1;
    }
    assert!(failed > 3, "{failed}");
}

/// A signal that can be waited with is waited with.
#[test]
fn interrupted_it_is_done_or_not_begun() {
    let _dog = watchdog();
    let (good, bad) = damaged();
    let folder = Folder::new();
    folder.write("copy", &good[..HEADER]);
    for moment in 0..STEPS.len() * 2 {
        folder.write("f", &bad);
        let ended = trace_with(&folder, RESTORE, SECRET, signal_at(moment, Signal::SIGTERM));
        match ended {
            WaitStatus::Exited(_, 0) | WaitStatus::Signaled(_, Signal::SIGTERM, _) => {}
            other => panic!("{other:?}"),
        }
        assert!(folder.read("f") == good, "{moment}");
        assert_eq!(folder.names(), ["copy", "f"], "{moment}");
    }
}
