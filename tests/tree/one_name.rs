//! Files that have the name of a result: sources are never replaced, and of two sources with one result, the second
//! fails in every run.

use crate::cli_common::fetool;
use crate::tree_common::*;
use std::fs;

const OF_ANOTHER: [&str; 2] = [
    "fetool: out/a: another file of this run is there already",
    "fetool: hint: two sources have this one output; give each a directory of its own with -O DIR",
];
const OWN_DIRECTORY: &str =
    "fetool: hint: write the results to a directory of their own with -O DIR";

#[test]
fn a_source_with_the_name_of_a_result_is_kept() {
    let line = |root: &str| {
        let what = "a file to seal itself has the name of the result, and was kept";
        format!("fetool: {root}t/a.gfe: {what}")
    };
    for (args, root, updates) in [
        (&["t", "--update"][..], "", true),
        (&["t", "--force"], "", false),
        (&["t/", "-O", "t", "--update"], "", true),
        (&["t", "-O", ".", "--force"], "./", false),
    ] {
        let dir = home();
        put(&dir, "t/a", "one");
        put(&dir, "t/a.gfe", "other");
        let line = line(root);
        let lines = [line.as_str(), OWN_DIRECTORY];
        let (update, updated, unchanged) = match updates {
            true => (", update 0", ", updated 0", ", 0 unchanged"),
            false => ("", "", ""),
        };
        let ended = seal_tree(&dir, args).arg("-n").run();
        let said = format!("would seal 1 file{update}{unchanged}, 0 skipped, 1 failed");
        planned(&ended, 1, &lines, &said);
        let ended = seal_tree(&dir, args).run();
        let said = format!("sealed 1 file{updated}, 5 B{unchanged}, 0 skipped, 1 failed");
        tells(&ended, 1, &lines, &said);
        assert_eq!(dir.read("t/a.gfe"), b"other", "{args:?}");
        assert_eq!(files(dir.path("t")), ["a", "a.gfe", "a.gfe.gfe"]);
    }
    // A list names files anywhere.
    let dir = home();
    put(&dir, "t/a", "one");
    put(&dir, "t/a.gfe", "other");
    let names = ["t/a"];
    let ended = seal_list(&dir, &["-O", ".", "--force", "-q"], &names).run();
    let said = format!("{}\n{OWN_DIRECTORY}\n", line("./"));
    assert_eq!((ended.stderr(), ended.code()), (said, Some(1)));
    assert_eq!(dir.read("t/a.gfe"), b"other");
    // A result is replaced, and so is what a power cut left of one.
    for bytes in [None, Some("")] {
        let dir = home();
        put(&dir, "t/a", "one");
        seal_tree(&dir, &["-q", "t"]).run().succeeds();
        if let Some(bytes) = bytes {
            put(&dir, "t/a.gfe", bytes);
        }
        put(&dir, "t/a", "three");
        let ended = seal_tree(&dir, &["-q", "t/a", "--update"]).run();
        ended.succeeds();
        let opened = fetool(["open", "-k", KEY_FILE, "t/a.gfe"])
            .within(&dir)
            .run();
        assert_eq!(opened.succeeds(), b"three");
    }
}

#[test]
fn a_sealed_file_with_the_name_of_an_opened_one_is_kept() {
    let line = "fetool: t/a.gfe: a file to open itself has the name of the result, and was kept";
    for option in ["--update", "--force"] {
        let dir = home();
        put(&dir, "t/a", "one");
        put(&dir, "u/a.gfe", "other");
        for path in ["t", "u"] {
            seal_tree(&dir, &["-q", path, "--remove-source"])
                .run()
                .succeeds();
        }
        fs::rename(dir.path("u/a.gfe.gfe"), dir.path("t/a.gfe.gfe")).unwrap();
        let before = dir.read("t/a.gfe");
        let ended = open_tree(&dir, &["-q", "t", option]).run();
        let said = format!("{line}\n{OWN_DIRECTORY}\n");
        assert_eq!((ended.stderr(), ended.code()), (said, Some(1)));
        assert!(dir.read("t/a.gfe") == before);
        assert_eq!(dir.read("t/a"), b"one");
    }
}

/// A backup may have an earlier key of the same name.
#[test]
fn the_key_is_not_replaced_by_what_it_opens() {
    let dir = home();
    put(&dir, "t/key", "an earlier key");
    seal_tree(&dir, &["-q", "t/", "-O", "s"]).run().succeeds();
    let line =
        "fetool: ./key: a file with a secret of this run has the name of the result, and was kept";
    let key = dir.read("key");
    for option in ["--update", "--force"] {
        let ended = open_tree(&dir, &["-q", "s/", "-O", ".", option]).run();
        let said = format!("{line}\n{OWN_DIRECTORY}\n");
        assert_eq!((ended.stderr(), ended.code()), (said, Some(1)));
        assert!(dir.read("key") == key);
    }
}

/// The one that was first stays, run after run.
#[test]
fn two_sealed_files_of_one_result() {
    let dir = home();
    dir.write("one", "1");
    dir.write("other", "22");
    fs::create_dir(dir.path("s")).unwrap();
    for args in [
        ["one", "-o", "s/a.dexios", "-f", "dexios"],
        ["other", "-o", "s/a.gfe", "-f", "gfe"],
    ] {
        let seal = fetool(["seal", "-q", "-k", KEY_FILE]).args(args);
        seal.within(&dir).run().succeeds();
    }
    let open = |more: &[&str]| {
        let args = ["--update", "-j1", "s/", "-O", "out"];
        open_tree(&dir, &args).args(more).run()
    };
    let said = "opened 1 file, updated 0, 1 B, 0 unchanged, 0 skipped, 1 failed";
    tells(&open(&[]), 1, &OF_ANOTHER, said);
    let said = "opened 0 files, updated 0, 0 B, 1 unchanged, 0 skipped, 1 failed";
    for more in [&[][..], &["--checksum"], &[]] {
        tells(&open(more), 1, &OF_ANOTHER, said);
        assert_eq!(dir.read("out/a"), b"1");
    }
    // What is left out has no result.
    let said = "opened 0 files, updated 0, 0 B, 1 unchanged, 0 skipped, 0 failed";
    tells(&open(&["--exclude=*.gfe"]), 0, &[], said);
    let said = "opened 0 files, updated 1, 2 B, 0 unchanged, \
                1 skipped (1 sealed in another format), 0 failed";
    tells(&open(&["--format=gfe"]), 0, &[], said);
    assert_eq!(dir.read("out/a"), b"22");
}

/// As above, but in directories of two PATHs.
#[test]
fn two_sealed_files_of_two_paths() {
    let dir = home();
    dir.write("one", "1");
    dir.write("other", "22");
    for args in [
        ["one", "-o", "s/a.gfe", "-f", "gfe"],
        ["other", "-o", "u/a.dexios", "-f", "dexios"],
    ] {
        fs::create_dir(dir.path(&args[2][..1])).unwrap();
        let seal = fetool(["seal", "-q", "-k", KEY_FILE]).args(args);
        seal.within(&dir).run().succeeds();
    }
    for counts in ["1 file, updated 0, 1 B, 0", "0 files, updated 0, 0 B, 1"] {
        let args = ["--update", "-j1", "s/", "u/", "-O", "out"];
        let said = format!("opened {counts} unchanged, 0 skipped, 1 failed");
        tells(&open_tree(&dir, &args).run(), 1, &OF_ANOTHER, &said);
        assert_eq!(dir.read("out/a"), b"1");
    }
}

/// Gives a result the name in the other case as well, as on a file system that ignores case.
fn ignore_case(dir: &crate::cli_common::Dir, name: &str) {
    let swap = |byte: char| match byte.is_ascii_lowercase() {
        true => byte.to_ascii_uppercase(),
        false => byte.to_ascii_lowercase(),
    };
    let path = dir.path(name);
    let other = path
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .chars()
        .map(swap);
    let other = path.with_file_name(other.collect::<String>());
    let _ = fs::remove_file(&other);
    fs::hard_link(path, other).unwrap();
}

/// Two files whose names differ only in case have one result on some file systems.
#[test]
fn two_files_of_one_name_on_a_file_system_that_ignores_case() {
    let dir = home();
    put(&dir, "t/A", "one");
    let seal = || seal_tree(&dir, &["--update", "-j1", "t/", "-O", "out"]);
    seal().arg("-q").run().succeeds();
    put(&dir, "t/a", "other");
    fs::hard_link(dir.path("out/A.gfe"), dir.path("out/a.gfe")).unwrap();
    ignore_case(&dir, "out/a.gfe");
    let before = dir.read("out/A.gfe");
    let line = OF_ANOTHER[0].replace("out/a", "out/a.gfe");
    let lines = [line.as_str(), OF_ANOTHER[1]];
    let said = "sealed 0 files, updated 0, 0 B, 1 unchanged, 0 skipped, 1 failed";
    for _ in 0..2 {
        tells(&seal().run(), 1, &lines, said);
        assert!(dir.read("out/a.gfe") == before);
    }
}

/// A file that is renamed in case alone has its result under the old name.
#[test]
fn renamed_in_case_alone() {
    let dir = home();
    for name in ["t/Keep", "t/Sub/Photo.jpg", "t/gone"] {
        put(&dir, name, "1");
    }
    let mirror = |more: &[&str]| {
        let args = ["-q", "--update", "--delete", "t/", "-O", "out"];
        seal_tree(&dir, &args).args(more).run().succeeds();
    };
    mirror(&[]);
    for name in ["out/Keep.gfe", "out/Sub/Photo.jpg.gfe", "out/gone.gfe"] {
        ignore_case(&dir, name);
    }
    fs::rename(dir.path("t/Keep"), dir.path("t/keep")).unwrap();
    fs::rename(dir.path("t/Sub/Photo.jpg"), dir.path("t/Sub/photo.JPG")).unwrap();
    fs::rename(dir.path("t/Sub"), dir.path("t/sub")).unwrap();
    fs::remove_file(dir.path("t/gone")).unwrap();
    mirror(&["--exclude=*"]);
    assert!(dir.path("out/Keep.gfe").exists());
    assert!(dir.path("out/Sub/Photo.jpg.gfe").exists());
    assert!(!dir.path("out/gone.gfe").exists());
}
