//! What a killed `rekey -i` leaves behind, made by hand: a recovery file, and headers that a disk
//! tore in the middle.

use crate::dexios_common::forge::{Forge, HEADER};
use crate::dexios_common::{Folder, SECRET, open, watchdog};
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

/// What a run leaves that is killed in the middle: both headers.
fn saved(before: &[u8], after: &[u8]) -> Vec<u8> {
    [&before[..HEADER], &after[..HEADER]].concat()
}

const SAID: &str = "an earlier rekey was interrupted; the old header was put back";

/// However much of the new header was written, the next run makes it whole.
#[test]
fn a_torn_header_is_put_back_from_the_recovery_file() {
    let _dog = watchdog();
    let (before, after) = before_and_after();
    let folder = Folder::new();
    let mut recovered = 0;
    for at in (0..=HEADER).step_by(20).chain([39, 127, 128, 129, HEADER]) {
        let now = torn(&before, &after, at);
        let torn = now != before && now != after;
        folder.write("f", &now);
        folder.write(RECOVERY, &saved(&before, &after));
        let ran = folder.run(REMOVE);
        // All of the new header was there: then the first secret opens nothing any more.
        let ran = if now == after {
            ran.fails(status::KEY, "wrong key")
        } else {
            ran.is(status::OK)
        };
        assert!(folder.read("f") == after, "torn at {at}");
        assert_eq!(folder.names(), ["f"]);
        assert_eq!(ran.stderr.contains(SAID), torn, "torn at {at}");
        recovered += usize::from(torn);
    }
    assert!(recovered > 5);
}

/// Also where the next run has to do with another slot than the torn one: nothing is lost.
#[test]
fn a_torn_slot_is_put_back_before_another_is_dropped() {
    let _dog = watchdog();
    let folder = Folder::new();
    let before = Forge::new(&[SECRET, SECOND], b"text").file();
    folder.write("f", &before);
    let change = "rekey -k @one --new-key @three --new-kdf balloon -i f";
    folder.write("three", b"three");
    folder.run(change).is(status::OK);
    let after = folder.read("f");
    folder.write("f", &torn(&before, &after, 80));
    folder.write(RECOVERY, &saved(&before, &after));
    // Only the second secret opens it now, and its slot is to be dropped.
    let ran = folder.run("rekey -k @two --remove -i f").is(status::OK);
    assert!(ran.stderr.contains(SAID), "{}", ran.stderr);
    assert_eq!(open(SECRET, &folder.read("f")).unwrap(), b"text");
    assert_eq!(folder.names(), ["f", "three"]);
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
        folder.write(RECOVERY, &saved(&before, &after));
        // Neither secret opens it now; without the recovery file it would be lost.
        folder.run("open -k @one f").fails(status::KEY, "wrong key");
        folder.run(change).is(status::OK);
        let file = folder.read("f");
        assert_eq!(open(SECOND, &file).unwrap(), b"text");
        assert_eq!(open(SECRET, &file).unwrap_err().1.status(), status::KEY);
        assert_eq!(folder.names(), ["f"]);
    }
    // As the manual says: head -c 416 .f.fetool-header | dd of=f conv=notrunc.
    let torn = torn(&before, &after, 80);
    let mended = [&before[..HEADER], &torn[HEADER..]].concat();
    assert_eq!(open(SECRET, &mended).unwrap(), b"text");
}

/// A recovery file that is not the file's own is left alone, and so is the file.
#[test]
fn a_recovery_file_that_does_not_fit_is_not_used() {
    let (before, after) = before_and_after();
    let folder = Folder::new();
    let foreign = Forge::new(&[SECRET], b"text").header();
    let long = vec![0; 2000];
    let pairs = [
        saved(&foreign, &foreign),
        saved(&before, &foreign)[HEADER..].repeat(2),
        b"no header".to_vec(),
        long,
    ];
    for recovery in &pairs {
        folder.write("f", &after);
        folder.write(RECOVERY, recovery);
        let ran = folder
            .run(REMOVE)
            .fails(status::SYSTEM, "not the recovery file of f");
        assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
        assert!(folder.read("f") == after);
        // It stays: somebody may still need it.
        assert_eq!(folder.read(RECOVERY), *recovery);
    }
    // With a wrong secret a torn header is put back, and nothing else is done.
    folder.write("f", &torn(&before, &after, 200));
    folder.write(RECOVERY, &saved(&before, &after));
    folder.write("three", b"three");
    folder
        .run("rekey -k @three --remove -i f")
        .fails(status::KEY, "wrong key");
    assert!(folder.read("f") == before);
    assert_eq!(folder.names(), ["f", "three"]);
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
/// there.
#[test]
fn a_run_that_had_finished_but_for_the_recovery_file() {
    let (before, after) = before_and_after();
    let folder = Folder::new();
    folder.write("f", &after);
    folder.write(RECOVERY, &saved(&before, &after));
    // The first secret was dropped then, and is not needed to clean up.
    folder.run(REMOVE).fails(status::KEY, "wrong key");
    assert!(folder.read("f") == after);
    assert_eq!(folder.names(), ["f"]);

    folder.write(RECOVERY, &saved(&before, &after));
    let ran = folder.run("rekey -k @two --new-key @one --new-kdf balloon -i f");
    assert_eq!(ran.is(status::OK).stderr, "");
    assert_eq!(open(SECRET, &folder.read("f")).unwrap(), b"text");
    assert_eq!(folder.names(), ["f"]);
}

/// Where something else has the recovery file's name nothing is changed.
#[test]
fn without_a_recovery_file_nothing_is_changed() {
    let (before, _) = before_and_after();
    let folder = Folder::new();
    folder.write("f", &before);
    std::fs::create_dir(folder.path(RECOVERY)).unwrap();
    let ran = folder
        .run(REMOVE)
        .fails(status::SYSTEM, "not the recovery file");
    assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
    assert!(folder.read("f") == before);
}
