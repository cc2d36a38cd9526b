//! What a killed `rekey -i` leaves behind, made by hand: a recovery file, and headers that a disk
//! tore in the middle.

mod dexios_common;

use dexios_common::forge::{Forge, HEADER};
use dexios_common::{Folder, SECRET, open, watchdog};
use fetool::status;

const SECOND: &[u8] = b"second secret";
const RECOVERY: &str = ".f.fetool-header";
const REMOVE: &str = "rekey -k @one --remove -i f";

/// A file with two slots, and what it becomes when the first is dropped.
fn before_and_after() -> (Vec<u8>, Vec<u8>) {
    let before = Forge::new(&[SECRET, SECOND], b"text").file();
    let mut after = before.clone();
    after.copy_within(128..224, 32);
    after[128..224].fill(0);
    (before, after)
}

fn torn(before: &[u8], after: &[u8], at: usize) -> Vec<u8> {
    [&after[..at], &before[at..]].concat()
}

/// However much of the new header was written, the next run with the same secret makes it whole.
#[test]
fn a_torn_header_is_taken_from_the_recovery_file() {
    let _dog = watchdog();
    let (before, after) = before_and_after();
    let folder = Folder::new();
    let mut recovered = 0;
    for at in (0..HEADER).step_by(20).chain([39, 127, 128, 129, HEADER]) {
        folder.write("f", &torn(&before, &after, at));
        folder.write(RECOVERY, &before[..HEADER]);
        let ran = folder.run(REMOVE).is(status::OK);
        assert!(folder.read("f") == after, "torn at {at}");
        assert_eq!(folder.names(), ["f"]);
        let said = "an earlier rekey was interrupted; its header is taken from ";
        let from_there = ran.stderr.contains(said);
        // Up to the first slot's hash nothing differs, and the file opens by itself.
        assert_eq!(from_there, at > 34, "torn at {at}: {}", ran.stderr);
        recovered += usize::from(from_there);
    }
    assert!(recovered > 20);
}

/// The same for a new secret, whose slot is torn in the middle.
#[test]
fn a_torn_slot_is_replaced_again() {
    let _dog = watchdog();
    let folder = Folder::new();
    let before = Forge::new(&[SECRET], b"text").file();
    folder.write("f", &before);
    let change = "rekey -k @one --new-key @two --new-kdf balloon -i f";
    folder.run(change).is(status::OK);
    let after = folder.read("f");
    for at in [40, 121] {
        folder.write("f", &torn(&before, &after, at));
        folder.write(RECOVERY, &before[..HEADER]);
        // Neither secret opens it now; without the recovery file it would be lost.
        folder.run("open -k @one f").fails(status::KEY, "wrong key");
        folder.run(change).is(status::OK);
        let file = folder.read("f");
        assert_eq!(open(SECOND, &file).unwrap(), b"text");
        assert_eq!(open(SECRET, &file).unwrap_err().1.status(), status::KEY);
        assert_eq!(folder.names(), ["f"]);
    }
    // As the manual says: dd if=.f.fetool-header of=f conv=notrunc.
    let torn = torn(&before, &after, 80);
    let mended = [&before[..HEADER], &torn[HEADER..]].concat();
    assert_eq!(open(SECRET, &mended).unwrap(), b"text");
}

/// A recovery file is not believed: it must open the data with the old secret.
#[test]
fn a_recovery_file_that_does_not_fit_is_not_used() {
    let (before, after) = before_and_after();
    let folder = Folder::new();
    let foreign = Forge::new(&[SECRET], b"text");
    let mut foreign = foreign.header();
    foreign[10] ^= 1; // another nonce, so that it does not open this data
    let mut damaged = before[..HEADER].to_vec();
    damaged[40] ^= 1;
    for recovery in [&foreign[..], &damaged, b"", b"no header", &before[..300]] {
        folder.write("f", &after);
        folder.write(RECOVERY, recovery);
        folder.run(REMOVE).fails(status::KEY, "wrong key");
        assert!(folder.read("f") == after);
        // It stays: somebody may still need it.
        assert_eq!(folder.read(RECOVERY), recovery);
    }
    // With the wrong secret the right one is of no use either.
    folder.write("f", &torn(&before, &after, 200));
    folder.write(RECOVERY, &before[..HEADER]);
    folder.write("three", b"three");
    folder
        .run("rekey -k @three --remove -i f")
        .fails(status::KEY, "wrong key");
    assert_eq!(folder.read(RECOVERY), &before[..HEADER]);
    assert!(folder.read("f") == torn(&before, &after, 200));
}

/// A copy that was not whole yet when the machine stopped is no reason to fail, and it goes.
#[test]
fn a_recovery_file_of_a_run_that_changed_nothing_goes() {
    let (before, after) = before_and_after();
    let folder = Folder::new();
    for recovery in [&before[..0], &before[..100], &before[..HEADER]] {
        folder.write("f", &before);
        folder.write(RECOVERY, recovery);
        let ran = folder.run(REMOVE).is(status::OK);
        assert_eq!(ran.stderr, "");
        assert!(folder.read("f") == after);
        assert_eq!(folder.names(), ["f"]);
    }
}

/// The file was changed and only the recovery file was not removed: the new secret goes on from
/// there, and the old one does what it did before once more.
#[test]
fn a_run_that_had_finished_but_for_the_recovery_file() {
    let (before, after) = before_and_after();
    let folder = Folder::new();
    folder.write("f", &after);
    folder.write(RECOVERY, &before[..HEADER]);
    folder.run(REMOVE).is(status::OK);
    assert!(folder.read("f") == after);
    assert_eq!(folder.names(), ["f"]);

    folder.write(RECOVERY, &before[..HEADER]);
    let ran = folder.run("rekey -k @two --new-key @one --new-kdf balloon -i f");
    assert_eq!(ran.is(status::OK).stderr, "");
    assert_eq!(open(SECRET, &folder.read("f")).unwrap(), b"text");
    assert_eq!(folder.names(), ["f"]);
}

/// Where the recovery file cannot be written nothing is changed.
#[test]
fn without_a_recovery_file_nothing_is_changed() {
    let (before, _) = before_and_after();
    let folder = Folder::new();
    folder.write("f", &before);
    std::fs::create_dir(folder.path(RECOVERY)).unwrap();
    let ran = folder.run(REMOVE).fails(status::SYSTEM, "is a directory");
    assert!(
        ran.stderr.contains("hint: nothing was changed"),
        "{}",
        ran.stderr
    );
    assert!(folder.read("f") == before);
}
