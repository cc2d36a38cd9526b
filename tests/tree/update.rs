//! `--update`: what is new or has changed is done, and nothing else is touched.

use crate::cli_common::{Dir, data, fetool};
use crate::tree_common::*;
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// `t` with three files, and `out` with what became of them.
fn backed_up(more: &[&str]) -> Dir {
    let dir = home();
    put(&dir, "t/a", "first");
    put(&dir, "t/deep/b", data(3 << 20 | 17));
    put(&dir, "t/empty", "");
    let options = ["-q", "t/", "-O", "out"];
    seal_tree(&dir, &options).args(more).run().succeeds();
    dir
}

/// `seal -r --update t/ -O out`, and the same with more.
fn update(dir: &Dir, more: &[&str]) -> crate::cli_common::Fetool {
    seal_tree(dir, &["--update", "t/", "-O", "out"]).args(more)
}

/// What is told of so many updated and unchanged files.
fn summary(new: u64, updated: u64, bytes: &str, unchanged: u64) -> String {
    let s = if new == 1 { "" } else { "s" };
    format!(
        "sealed {new} file{s}, updated {updated}, {bytes}, {unchanged} unchanged, 0 skipped, 0 failed"
    )
}

#[track_caller]
fn is_unchanged(dir: &Dir, more: &[&str]) {
    let before = walk(dir.path("out"));
    tells(&update(dir, more).run(), 0, &[], &summary(0, 0, "0 B", 3));
    assert_eq!(walk(dir.path("out")), before);
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = File::open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// Changes the bytes of a file, and nothing else that can be seen.
fn overwrite(dir: &Dir, name: &str, bytes: impl AsRef<[u8]>) {
    let path = dir.path(name);
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!(metadata.len(), bytes.as_ref().len() as u64);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, metadata.permissions()).unwrap();
    set_modified(&path, metadata.modified().unwrap());
}

/// What `out` opens to.
#[track_caller]
fn opens_to_source(dir: &Dir) {
    let _ = fs::remove_dir_all(dir.path("restored"));
    let open = open_tree(dir, &["-q", "out/", "-O", "restored"]).run();
    open.succeeds();
    assert_eq!(walk(dir.path("restored")), walk(dir.path("t")));
}

#[test]
fn only_what_changed_is_sealed() {
    let dir = backed_up(&[]);
    is_unchanged(&dir, &[]);
    is_unchanged(&dir, &["-j", "1"]);
    put(&dir, "t/a", "second");
    put(&dir, "t/new", "12");
    let before = fs::metadata(dir.path("out/deep/b.gfe")).unwrap().ino();
    let ended = update(&dir, &["-v"]).run();
    let lines = [
        "fetool: t/a: updated -> out/a.gfe",
        "fetool: t/new: sealed -> out/new.gfe",
        "fetool: t/deep/b: unchanged",
        "fetool: t/empty: unchanged",
    ];
    tells(&ended, 0, &lines, &summary(1, 1, "8 B", 2));
    opens_to_source(&dir);
    let after = fs::metadata(dir.path("out/deep/b.gfe")).unwrap().ino();
    assert_eq!(after, before);
    // Everything is new at first, and nothing is gone unless that is asked for.
    fs::remove_file(dir.path("t/a")).unwrap();
    fs::remove_dir_all(dir.path("out/deep")).unwrap();
    let ended = update(&dir, &[]).run();
    tells(&ended, 0, &[], &summary(1, 0, "3.00 MiB", 2));
    assert_eq!(
        files(dir.path("out")),
        ["a.gfe", "deep/b.gfe", "empty.gfe", "new.gfe"]
    );
}

/// Which time is later does not matter: clocks are set, and old files come back.
#[test]
fn every_other_time_is_a_change() {
    let dir = backed_up(&[]);
    let path = dir.path("t/a");
    let was = modified(&path);
    let hour = Duration::from_secs(3600);
    let moment = Duration::from_nanos(1);
    for time in [was - hour, was + hour, was, was + moment] {
        set_modified(&path, time);
        let ended = update(&dir, &[]).run();
        tells(&ended, 0, &[], &summary(0, 1, "5 B", 2));
        assert_eq!(modified(&dir.path("out/a.gfe")), time);
        is_unchanged(&dir, &[]);
    }
    // A result whose file system keeps times exactly has no time that was cut.
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_001, 5);
    set_modified(&path, time);
    update(&dir, &["-q"]).run().succeeds();
    set_modified(&dir.path("out/a.gfe"), time - Duration::from_nanos(5));
    let ended = update(&dir, &[]).run();
    tells(&ended, 0, &[], &summary(0, 1, "5 B", 2));
    assert!(!has_temporary(dir.path("out")));
}

/// As rsync does.
#[test]
fn equal_time_and_length_are_taken_for_unchanged() {
    let dir = backed_up(&[]);
    overwrite(&dir, "t/a", "FIRST");
    is_unchanged(&dir, &[]);
    let ended = update(&dir, &["--checksum"]).run();
    tells(&ended, 0, &[], &summary(0, 1, "5 B", 2));
    opens_to_source(&dir);
    is_unchanged(&dir, &["--checksum"]);
    // The same contents at another time: the time is carried over.
    set_time(&dir.path("t/a"), 12345);
    let ended = update(&dir, &["--checksum"]).run();
    tells(&ended, 0, &[], &summary(0, 1, "5 B", 2));
    opens_to_source(&dir);
}

#[test]
fn damaged_results() {
    let dir = backed_up(&[]);
    // A flipped bit is found by opening alone.
    let whole = dir.read("out/a.gfe");
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    overwrite(&dir, "out/a.gfe", &flipped);
    is_unchanged(&dir, &[]);
    let ended = update(&dir, &["--checksum"]).run();
    let line = "fetool: out/a.gfe: warning: authentication failed: wrong key, or the file was \
                tampered with; it is made anew";
    tells(&ended, 0, &[line], &summary(0, 1, "5 B", 2));
    opens_to_source(&dir);
    // Other lengths are seen, even with the right time.
    let time = modified(&dir.path("out/a.gfe"));
    for len in [whole.len() - 1, 20, 0] {
        fs::remove_file(dir.path("out/a.gfe")).unwrap();
        fs::write(dir.path("out/a.gfe"), &whole[..len]).unwrap();
        set_modified(&dir.path("out/a.gfe"), time);
        let ended = update(&dir, &[]).run();
        tells(&ended, 0, &[], &summary(0, 1, "5 B", 2));
        opens_to_source(&dir);
    }
}

#[test]
fn modes_alone_are_carried_over_without_sealing() {
    let dir = backed_up(&[]);
    let ino = |name: &str| fs::metadata(dir.path(name)).unwrap().ino();
    let before = ino("out/a.gfe");
    for mode in [0o604, 0o600, 0o444] {
        dir.set_mode("t/a", mode);
        let ended = update(&dir, &[]).run();
        tells(&ended, 0, &[], &summary(0, 1, "0 B", 2));
        assert_eq!(ino("out/a.gfe"), before);
        opens_to_source(&dir);
        is_unchanged(&dir, &[]);
    }
}

/// Files with other chunks or other recipients have other lengths, and still the same plaintext.
#[test]
fn files_that_were_sealed_otherwise() {
    let dir = backed_up(&["-c", "64KiB"]);
    is_unchanged(&dir, &[]);
    put(&dir, "t/deep/b", data(3 << 20 | 16));
    let ended = update(&dir, &[]).run();
    tells(&ended, 0, &[], &summary(0, 1, "3.00 MiB", 2));
    opens_to_source(&dir);
}

#[test]
fn every_format_tells_its_lengths() {
    for (format, key) in [
        (&["-f", "gfe"][..], KEY_FILE),
        (&["-f", "dexios"], KEY_FILE),
        (&["-f", "parallel-encryptor"], "@pass"),
        (&["-f", "gocrypt", "--layers", "1"], "@pass"),
        (&["-f", "age"], "@identity"),
        (&["-f", "age", "-a"], "@identity"),
    ] {
        let dir = home();
        dir.write("pass", "a passphrase");
        fetool(["keygen", "--age", "-o", "identity"])
            .within(&dir)
            .run();
        for len in [0, 48, 70_000] {
            put(&dir, format!("t/{len}"), data(len));
        }
        let secret = if key == "@pass" {
            "-p=@pass"
        } else {
            &format!("-k{key}")
        };
        let seal = |more: &[&str]| {
            let seal = fetool(["seal", "-r", secret, "-q", "t/", "-O", "out"]).args(format);
            seal.args(more).within(&dir).run().succeeds();
        };
        seal(&[]);
        let before = walk(dir.path("out"));
        let inodes = || -> Vec<u64> {
            let names = files(dir.path("out")).into_iter();
            names
                .map(|name| fs::metadata(dir.path("out").join(name)).unwrap().ino())
                .collect()
        };
        let were = inodes();
        seal(&["--update"]);
        assert_eq!(inodes(), were, "{format:?}");
        seal(&["--update", "--checksum"]);
        assert_eq!(inodes(), were, "{format:?}");
        assert_eq!(walk(dir.path("out")), before, "{format:?}");
        // And the way back.
        let open = |summary: &str| {
            let open = fetool(["open", "-r", secret, "--update", "out/", "-O", "back"]);
            let ended = open.args(&format[..2]).within(&dir).run();
            let stderr = ended.stderr();
            assert_eq!(ended.code(), Some(0), "{format:?}: {stderr}");
            let last = stderr.lines().last().unwrap();
            assert_eq!(
                untimed(last),
                format!("fetool: opened {summary}, 0 skipped, 0 failed")
            );
            assert_eq!(walk(dir.path("back")), walk(dir.path("t")), "{format:?}");
        };
        open("3 files, updated 0, 68.41 KiB, 0 unchanged");
        open("0 files, updated 0, 0 B, 3 unchanged");
        put(&dir, "back/48", "changed");
        open("0 files, updated 1, 48 B, 2 unchanged");
    }
}

#[test]
fn recipients_that_were_added_make_no_change() {
    let dir = home();
    for name in ["one", "two"] {
        fetool(["keygen", "--age", "-o", name]).within(&dir).run();
    }
    for name in ["a", "b", "c"] {
        put(&dir, format!("t/{name}"), name);
    }
    let seal =
        || fetool(["seal", "-r", "--to", "@one", "--update", "t/", "-O", "out"]).within(&dir);
    seal().arg("-q").run().succeeds();
    let times = walk(dir.path("out"));
    let rekey = [
        "rekey", "-r", "-i", "-q", "-k", "@one", "--add", "--to", "@two", "out",
    ];
    fetool(rekey).within(&dir).run().succeeds();
    for (name, node) in times {
        let Node::File { modified, .. } = node else {
            continue;
        };
        set_modified(&dir.path("out").join(name), modified);
    }
    let ended = seal().run();
    tells(&ended, 0, &[], &summary(0, 0, "0 B", 3));
    let ended = seal().arg("--checksum").run();
    let lines = [
        "fetool: --checksum requires a key that opens the files, and recipients open nothing",
        "fetool: hint: give the identity with -k, or leave out --checksum to compare times and lengths",
    ];
    assert_eq!(
        (ended.stderr(), ended.code()),
        (lines.join("\n") + "\n", Some(2))
    );
}

#[test]
fn what_would_be_updated() {
    let dir = backed_up(&[]);
    put(&dir, "t/a", "second");
    put(&dir, "t/new", "12");
    dir.set_mode("t/empty", 0o604);
    let before = walk(dir.path("out"));
    let ended = update(&dir, &["-n", "-j1"]).run();
    let counts = "would seal 1 file, update 2, 1 unchanged, 0 skipped, 0 failed";
    let said = planned(&ended, 0, &[], counts);
    let mut lines: Vec<_> = said.lines().collect();
    lines.sort_unstable();
    let would = [
        "would seal t/new -> out/new.gfe",
        "would update t/a -> out/a.gfe",
        "would update t/empty -> out/empty.gfe",
    ];
    assert_eq!(lines, would);
    assert_eq!(walk(dir.path("out")), before);
    let ended = update(&dir, &["--json", "-q", "-j1"]).run();
    let json = ended.succeeds();
    let json = String::from_utf8(json).unwrap();
    for part in [
        r#""path":"t/deep/b","path_hex":null,"output":"out/deep/b.gfe","output_hex":null,"result":"unchanged","bytes":null,"#,
        r#""path":"t/a","path_hex":null,"output":"out/a.gfe","output_hex":null,"result":"updated","bytes":6,"#,
        r#"{"summary":{"files":1,"bytes":8,"updated":2,"unchanged":1,"#,
    ] {
        assert!(json.contains(part), "{part}: {json}");
    }
}

#[test]
fn what_does_not_go_together() {
    let dir = home();
    for other in ["--skip-existing", "--remove-source", "--no-preserve"] {
        let ended = seal_tree(&dir, &["--update", other, "t"]).run();
        let stderr = ended.stderr();
        let refused = format!("fetool: the argument '--update' cannot be used with '{other}'");
        assert!(stderr.starts_with(&refused), "{stderr}");
        assert_eq!(ended.code(), Some(2));
    }
    let ended = fetool(["seal", "-k", KEY_FILE, "--update", "t"])
        .within(&dir)
        .run();
    assert_eq!(ended.code(), Some(2));
    assert_eq!(
        ended.stderr(),
        "fetool: --update requires -r or --files0-from\n"
    );
}

/// The directory of both is locked once.
#[test]
fn two_paths_in_one_directory() {
    let dir = home();
    put(&dir, "t/a", "a");
    put(&dir, "t/b", "b");
    for counts in [
        "sealed 2 files, updated 0, 2 B, 0",
        "sealed 0 files, updated 0, 0 B, 2",
    ] {
        let ended = seal_tree(&dir, &["--update", "--wait", "t/a", "t/b"]).run();
        let said = format!("{counts} unchanged, 0 skipped, 0 failed");
        tells(&ended, 0, &[], &said);
    }
}

/// Two runs would undo each other's work.
#[test]
fn one_run_at_a_time() {
    let dir = backed_up(&[]);
    let out = File::open(dir.path("out")).unwrap();
    let lines = [
        "fetool: out: another run of fetool is working here",
        "fetool: hint: --wait waits until it has ended",
        "",
    ];
    let refused = (lines.join("\n"), Some(1));
    let runs = |args: &[&str]| {
        let ended = seal_tree(&dir, &["t/", "-q"]).args(args).run();
        (ended.stderr(), ended.code())
    };
    let done = (String::new(), Some(0));
    // One that has the directory for itself.
    out.lock().unwrap();
    assert_eq!(runs(&["-O", "out", "--update"]), refused);
    assert_eq!(runs(&["-O", "out", "--skip-existing"]), refused);
    assert_eq!(runs(&["-O", "out", "--update", "--shard=0/2"]), refused);
    assert_eq!(runs(&["-O", "out", "--update", "-n"]), done);
    assert_eq!(runs(&["-O", "other"]), done);
    let job = seal_tree(&dir, &["t/", "-O", "out", "--update", "--wait"]).start();
    out.unlock().unwrap();
    let ended = job.end();
    assert!(
        ended.stderr().contains(", 3 unchanged, "),
        "{}",
        ended.stderr()
    );
    // One that shares it.
    out.lock_shared().unwrap();
    assert_eq!(runs(&["-O", "out", "--update"]), refused);
    assert_eq!(runs(&["-O", "out", "--skip-existing"]), done);
    assert_eq!(runs(&["-O", "out", "--update", "--shard=0/2"]), done);
    drop(out);
    // Beside the sources.
    let t = File::open(dir.path("t")).unwrap();
    t.lock().unwrap();
    let (stderr, status) = runs(&["--update"]);
    assert!(stderr.starts_with("fetool: t/: another run"), "{stderr}");
    assert_eq!(status, Some(1));
    drop(t);
    assert_eq!(runs(&["--update"]), done);
}

/// Two runs that wait for each other's PATHs would never end.
#[test]
fn directories_are_locked_in_one_order() {
    let dir = home();
    put(&dir, "t/a", "a");
    put(&dir, "u/b", "b");
    let locks = ["t", "u"].map(|name| File::open(dir.path(name)).unwrap());
    for file in &locks {
        file.lock().unwrap();
    }
    let said = [["t", "u"], ["u", "t"]].map(|paths| {
        let ended = seal_tree(&dir, &["--update"]).args(paths).run();
        assert_eq!(ended.code(), Some(1));
        ended.stderr()
    });
    assert_eq!(said[0], said[1]);
}

#[test]
fn a_run_ends_when_its_time_is_up() {
    let dir = home();
    put(&dir, "t/a", "1");
    let options = ["-j1", "--update", "t/", "-O", "out"];
    let ended = seal_tree(&dir, &options).arg("--for=0s").run();
    let lines = [
        "fetool: ended after 0s, as --for says",
        "fetool: hint: run the same command again to do the rest",
    ];
    let said = "sealed 0 files, updated 0, 0 B, 0 unchanged, 0 skipped, 0 failed";
    tells(&ended, 1, &lines, said);
    assert!(files(dir.path("out")).is_empty());
    let ended = seal_tree(&dir, &options).arg("--for=10h").run();
    let said = "sealed 1 file, updated 0, 1 B, 0 unchanged, 0 skipped, 0 failed";
    tells(&ended, 0, &[], said);
}
