//! What a killed `rekey -i` leaves behind, made by hand: a recovery file, and headers that a disk
//! tore in the middle; and what somebody else who may write to the directory makes of that.

use crate::dexios_common::forge::{Forge, HEADER};
use crate::dexios_common::{Folder, SECRET, open, watchdog};
use fetool::status;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::Command;

const SECOND: &[u8] = b"second secret";
const RECOVERY: &str = ".fetool-0123456789abcdef.header";
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

/// What a run saves before it changes `f`.
fn record(folder: &Folder, old: &[u8], new: &[u8]) -> Vec<u8> {
    let file = fs::metadata(folder.path("f")).unwrap();
    let mut bytes = b"fetool-recovery1".to_vec();
    bytes.extend(file.dev().to_le_bytes());
    bytes.extend(file.ino().to_le_bytes());
    bytes.extend((old.len() as u32).to_le_bytes());
    bytes.extend((new.len() as u32).to_le_bytes());
    bytes.extend([old, new].concat());
    bytes.extend(blake3::hash(&bytes).as_bytes());
    bytes
}

/// `f`, and what a run leaves that is killed in the middle.
fn left(folder: &Folder, now: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    folder.write("f", now);
    let record = record(folder, &old[..HEADER], &new[..HEADER]);
    plant(folder, &record);
    record
}

fn plant(folder: &Folder, record: &[u8]) {
    let _ = fs::remove_file(folder.path(RECOVERY));
    folder.write(RECOVERY, record);
    fs::set_permissions(folder.path(RECOVERY), Permissions::from_mode(0o600)).unwrap();
}

/// However far the killed run came, the next one finds the header whole, and goes on from there.
#[test]
fn a_whole_header_needs_no_help() {
    let _dog = watchdog();
    let (before, after) = before_and_after();
    let folder = Folder::new();
    left(&folder, &before, &before, &after);
    assert_eq!(folder.run(REMOVE).is(status::OK).stderr, "");
    assert!(folder.read("f") == after);
    assert_eq!(folder.names(), ["f"]);

    // The first secret was dropped then. It opens the old header, and so may clean up.
    left(&folder, &after, &before, &after);
    folder.run(REMOVE).fails(status::KEY, "wrong key");
    assert!(folder.read("f") == after);
    assert_eq!(folder.names(), ["f"]);

    left(&folder, &after, &before, &after);
    let ran = folder.run("rekey -k @two --new-key @one --new-kdf balloon -i f");
    assert_eq!(ran.is(status::OK).stderr, "");
    assert_eq!(open(SECRET, &folder.read("f")).unwrap(), b"text");
    assert_eq!(folder.names(), ["f"]);

    // Whose secret opens neither header may not even remove the evidence.
    left(&folder, &after, &before, &after);
    folder.write("three", b"three");
    let ran = folder.run("rekey -k @three --remove -i f");
    ran.fails(status::KEY, "wrong key");
    assert_eq!(folder.names(), [RECOVERY, "f", "three"]);
}

/// All of this header lies in one sector, which disks write as a whole: what is neither the old nor
/// the new one did not come from a torn write. It stays as it is, and the message tells how to put the
/// old one back.
#[test]
fn a_header_that_is_neither_is_left_alone() {
    let _dog = watchdog();
    let (before, after) = before_and_after();
    let folder = Folder::new();
    for at in [64, 80, 200] {
        let now = torn(&before, &after, at);
        let record = left(&folder, &now, &before, &after);
        let ran = folder.run(REMOVE);
        let restore = format!("tail -c +41 ./{RECOVERY} | head -c {HEADER} | dd of=f conv=notrunc");
        let restore = restore.replace("./", &format!("{}/", real(&folder)));
        let says = format!(
            "fetool: {}/{RECOVERY}: a recovery file of f, whose header is neither the old nor the \
             new one in it\n\
             fetool: hint: nothing was changed; if the file does not open, '{restore}' puts the old \
             header back, else remove the recovery file\n",
            real(&folder)
        );
        assert_eq!(ran.fails(status::SYSTEM, "").stderr, says);
        assert!(folder.read("f") == now);
        assert!(folder.read(RECOVERY) == record);

        let shell = Command::new("sh")
            .args(["-c", &restore])
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        assert!(shell.status.success(), "{shell:?}");
        assert!(folder.read("f") == before);
        folder.run(REMOVE).is(status::OK);
        assert!(folder.read("f") == after);
        assert_eq!(folder.names(), ["f"]);
    }
}

fn real(folder: &Folder) -> String {
    let path = folder.path("").canonicalize().unwrap();
    path.into_os_string().into_string().unwrap()
}

/// An attacker without the right to write `f` plants what would put a revoked secret back, or mix
/// both headers into one that nobody can open.
#[test]
fn what_others_planted_is_not_believed() {
    let _dog = watchdog();
    let (before, after) = before_and_after();
    let folder = Folder::new();
    let change = "rekey -k @two --new-key @two --new-kdf balloon -i f";
    let mode = |mode| {
        move |path: &std::path::Path| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        }
    };
    type Plant<'a> = (&'a str, Box<dyn Fn(&std::path::Path)>);
    let mut plants: Vec<Plant<'_>> = vec![
        ("others can open it", Box::new(mode(0o644))),
        ("others can open it", Box::new(mode(0o620))),
        (
            "it has a second name",
            Box::new(|path| {
                let _ = fs::remove_file(path.with_extension("link"));
                fs::hard_link(path, path.with_extension("link")).unwrap();
            }),
        ),
        (
            "it is damaged",
            Box::new(|path| {
                let mut bytes = fs::read(path).unwrap();
                bytes[60] ^= 1;
                fs::write(path, bytes).unwrap();
            }),
        ),
    ];
    if nix::unistd::geteuid().is_root() {
        plants.push((
            "it belongs to another user",
            Box::new(|path| chown(path, Some(65_534), Some(65_534)).unwrap()),
        ));
    }
    for (why, spoil) in plants {
        left(&folder, &after, &before, &after);
        spoil(&folder.path(RECOVERY));
        let ran = folder.run(change).is(status::OK);
        assert!(
            ran.stderr.starts_with("fetool: f: warning: recovery file "),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("is not used: ") && ran.stderr.contains(why),
            "{}",
            ran.stderr
        );
        // The revoked secret stays revoked.
        let error = open(SECRET, &folder.read("f")).unwrap_err().1;
        assert_eq!(error.status(), status::KEY);
        assert!(folder.path(RECOVERY).exists());
        let _ = fs::remove_file(folder.path(RECOVERY).with_extension("link"));
    }
}

/// What is about another file, or nothing of the kind, is passed over without a word; also where
/// opening it would hang.
#[test]
fn what_does_not_name_the_file_is_passed_over() {
    let _dog = watchdog();
    let (before, after) = before_and_after();
    let folder = Folder::new();
    folder.write("g", &before);
    let others = ["g", "f", "fifo", "link", "dir"];
    for other in others {
        folder.write("f", &before);
        let path = folder.path(RECOVERY);
        match other {
            // The same file under another inode, as after a copy.
            "g" => {
                let about_g = fs::metadata(folder.path("g")).unwrap();
                let mut record = record(&folder, &after[..HEADER], &before[..HEADER]);
                record[24..32].copy_from_slice(&about_g.ino().to_le_bytes());
                let len = record.len() - 32;
                let sum = *blake3::hash(&record[..len]).as_bytes();
                record[len..].copy_from_slice(&sum);
                plant(&folder, &record);
            }
            "f" => plant(&folder, b"no record"),
            "fifo" => nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap(),
            "link" => {
                let record = record(&folder, &after[..HEADER], &before[..HEADER]);
                folder.write("target", &record);
                fs::set_permissions(folder.path("target"), Permissions::from_mode(0o600)).unwrap();
                symlink("target", &path).unwrap();
            }
            _ => fs::create_dir(&path).unwrap(),
        }
        assert_eq!(folder.run(REMOVE).is(status::OK).stderr, "", "{other}");
        assert!(folder.read("f") == after, "{other}");
        assert!(fs::symlink_metadata(&path).is_ok(), "{other}");
        let _ = fs::remove_file(&path);
    }
}

/// An interrupted change, and then another one by copy and rename: the old recovery file is about a
/// file that is gone, and the secret that was revoked since does not come back.
#[test]
fn a_later_change_by_another_way_is_not_undone() {
    let _dog = watchdog();
    let (before, after) = before_and_after();
    let folder = Folder::new();
    left(&folder, &before, &before, &after);
    folder.run("rekey -k @one --remove f -o g").is(status::OK);
    fs::rename(folder.path("g"), folder.path("f")).unwrap();
    let ran = folder.run("rekey -k @two --new-key @two --new-kdf balloon -i f");
    ran.is(status::OK);
    let file = folder.read("f");
    assert_eq!(open(SECRET, &file).unwrap_err().1.status(), status::KEY);
    assert_eq!(open(SECOND, &file).unwrap(), b"text");
}

/// The longest name that a file can have leaves no room for a longer one beside it.
#[test]
fn the_longest_names_are_changed() {
    let _dog = watchdog();
    let (before, after) = before_and_after();
    let folder = Folder::new();
    let name = "n".repeat(255);
    folder.write(&name, &before);
    folder
        .run(&format!("rekey -k @one --remove -i {name}"))
        .is(status::OK);
    assert!(folder.read(&name) == after);
    assert_eq!(folder.names(), [name]);
}
