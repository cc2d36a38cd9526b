//! Whole trees in which something is wrong: one file's trouble is its own, and nothing is lost.

use crate::cli_common::{Dir, data, fetool, shell};
use crate::tree_common::*;
use std::fs;
use std::os::unix::fs::symlink;

/// `t/a`, `t/d/b` and `t/z`.
fn three() -> Dir {
    let dir = home();
    put(&dir, "t/a", "1");
    put(&dir, "t/d/b", "22");
    put(&dir, "t/z", "333");
    dir
}

/// The same, sealed in `s`.
fn three_sealed() -> Dir {
    let dir = three();
    seal_tree(&dir, &["-q", "t/", "-O", "s"]).run().succeeds();
    dir
}

#[test]
fn planted_links_lead_nowhere() {
    for (link, to) in [
        ("d", "../outside"),
        ("d", "."),
        ("d", "../missing"),
        ("d", "/tmp"),
    ] {
        let dir = three_sealed();
        put(&dir, "outside/keep", "mine");
        fs::create_dir(dir.path("back")).unwrap();
        symlink(to, dir.path("back").join(link)).unwrap();
        for more in [
            &[][..],
            &["--force"],
            &["--remove-source"],
            &["--skip-existing"],
        ] {
            let opened = open_tree(&dir, &["s/d", "-O", "back", "-j1"])
                .args(more)
                .run();
            let line = "fetool: back/d/b: d is not a directory, and links are not followed there";
            let of_directory =
                "fetool: back/d: d is not a directory, and links are not followed there";
            let summary = "opened 0 files, 0 B, 0 skipped, 2 failed";
            tells(&opened, 1, &[line, of_directory], summary);
        }
        assert_eq!(files(dir.path("outside")), ["keep"]);
        assert_eq!(files(dir.path("back")), ["d"]);
        assert_eq!(files(dir.path("s")), ["a.gfe", "d/b.gfe", "z.gfe"]);
        assert!(!dir.path("missing").exists());
    }
}

#[test]
fn a_link_in_place_of_a_result_is_not_written_through() {
    let dir = three_sealed();
    put(&dir, "outside", "mine");
    fs::create_dir(dir.path("back")).unwrap();
    let run = |args: &[&str]| open_tree(&dir, &["s/a.gfe", "-O", "back"]).args(args).run();
    for to in ["../outside", "../missing"] {
        symlink(to, dir.path("back/a")).unwrap();
        let failed = "opened 0 files, 0 B, 0 skipped, 1 failed";
        let exists = ["fetool: back/a: file exists", OVERWRITE];
        tells(&run(&[]), 1, &exists, failed);
        let link = ["fetool: back/a: a symbolic link is in the way"];
        tells(&run(&["--remove-source"]), 1, &link, failed);
        tells(&run(&["--skip-existing"]), 1, &link, failed);
        tells(
            &run(&["--skip-existing", "--verify-existing"]),
            1,
            &link,
            failed,
        );
        // To replace the link is to leave alone what it leads to.
        tells(
            &run(&["--force"]),
            0,
            &[],
            "opened 1 file, 1 B, 0 skipped, 0 failed",
        );
        assert!(fs::symlink_metadata(dir.path("back/a")).unwrap().is_file());
        assert_eq!(dir.read("outside"), b"mine");
        assert!(!dir.path("missing").exists());
        fs::remove_file(dir.path("back/a")).unwrap();
    }
}

#[test]
fn other_things_in_the_way() {
    let dir = three();
    fs::create_dir_all(dir.path("out/t/a.gfe/full")).unwrap();
    dir.write("out/t/d", "no directory");
    let run = |args: &[&str]| seal_tree(&dir, &["t", "-O", "out", "-j1"]).args(args).run();
    let ended = run(&[]);
    let lines = [
        "fetool: out/t/a.gfe: file exists",
        OVERWRITE,
        "fetool: out/t/d/b.gfe: d is not a directory, and links are not followed there",
        "fetool: out/t/d: d is not a directory, and links are not followed there",
    ];
    tells(&ended, 1, &lines, "sealed 1 file, 3 B, 0 skipped, 3 failed");
    let lines = ["fetool: out/t/a.gfe: is a directory", lines[2], lines[3]];
    let ended = run(&["--force"]);
    tells(&ended, 1, &lines, "sealed 1 file, 3 B, 0 skipped, 3 failed");
    assert!(dir.path("out/t/a.gfe/full").is_dir());
    assert!(!has_temporary(dir.path("")));
}

/// Changes a sealed file's bytes.
fn damage(dir: &Dir, name: &str, how: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = dir.read(name);
    how(&mut bytes);
    fs::remove_file(dir.path(name)).unwrap();
    dir.write(name, bytes);
}

const FORGED: &str = "authentication failed: wrong key, or the file was tampered with";

#[test]
fn the_status_is_that_of_the_worst() {
    let dir = three_sealed();
    let run = |paths: &[&str]| {
        let options = ["-O", "back", "--force"];
        open_tree(&dir, &options).args(paths).run()
    };
    damage(&dir, "s/a.gfe", |bytes| *bytes.last_mut().unwrap() ^= 1);
    damage(&dir, "s/z.gfe", |bytes| bytes.truncate(46));
    let missing = "fetool: nope: no such file or directory";
    let forged = format!("fetool: s/a.gfe: {FORGED}");
    let cut = "fetool: s/z.gfe: unexpected EOF: the input ends inside a chunk (at offset 46)";
    let summary = "opened 1 file, 2 B, 0 skipped, 1 failed";
    tells(&run(&["nope", "s/d"]), 1, &[missing], summary);
    let summary = "opened 1 file, 2 B, 0 skipped, 2 failed";
    let ended = run(&["nope", "s/d", "s/a.gfe"]);
    tells(&ended, 3, &[missing, &forged], summary);
    let summary = "opened 1 file, 2 B, 0 skipped, 3 failed";
    let ended = run(&["nope", "s/d", "s/z.gfe", "s/a.gfe"]);
    tells(&ended, 5, &[missing, &forged, cut], summary);
    // What failed has left no trace.
    assert_eq!(files(dir.path("back")), ["d/b"]);
}

#[test]
fn one_damaged_file_does_not_stop_the_others() {
    let dir = home();
    put(&dir, "t/a", data(3 << 20));
    for name in ["b", "c", "d", "e"] {
        put(&dir, format!("t/{name}"), name);
    }
    seal_tree(&dir, &["-q", "t/", "-O", "s"]).run().succeeds();
    // In the last of three chunks, and at the end of it.
    let forged = "authentication failed in chunk 2 (at offset 2097216): the file was tampered with";
    let cut = "unexpected EOF: the input ends inside a chunk (at offset 3145811)";
    for (status, told) in [(3, forged), (5, cut)] {
        damage(&dir, "s/a.gfe", |bytes| match status {
            3 => *bytes.last_mut().unwrap() ^= 1,
            _ => bytes.truncate(bytes.len() - 1),
        });
        for jobs in ["-j1", "-j2", "-j8"] {
            let opened = open_tree(&dir, &["s/", "-O", "out", jobs]).run();
            let line = format!("fetool: s/a.gfe: {told}");
            let summary = "opened 4 files, 4 B, 0 skipped, 1 failed";
            tells(&opened, status, &[&line], summary);
            assert_eq!(files(dir.path("out")), ["b", "c", "d", "e"]);
            fs::remove_dir_all(dir.path("out")).unwrap();
        }
    }
}

#[test]
fn fail_fast_stops_at_the_first() {
    let dir = home();
    for number in 0..500 {
        put(&dir, format!("t/{number:03}"), "1");
    }
    put(&dir, "t/000.gfe", "in the way");
    let ended = seal_tree(&dir, &["t", "-j1", "--fail-fast"]).run();
    assert_eq!(ended.code(), Some(1));
    let stderr = ended.stderr();
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines[..2], ["fetool: t/000.gfe: file exists", OVERWRITE]);
    assert_eq!(lines.len(), 3, "{stderr}");
    assert!(
        lines[2].ends_with("/s)") && lines[2].contains(", 1 failed, in "),
        "{stderr}"
    );
    assert!(files(dir.path("t")).len() < 1000);
    assert!(!has_temporary(dir.path("")));
}

#[test]
fn what_cannot_be_read() {
    let dir = three();
    dir.set_mode("t/a", 0);
    dir.set_mode("t/d", 0);
    let args = ["seal", "-r", "-k", KEY_FILE, "t"];
    let ended = unprivileged(&dir, &args).run();
    let lines = [
        "fetool: t/a: permission denied",
        "fetool: t/d: permission denied",
    ];
    tells(&ended, 1, &lines, "sealed 1 file, 3 B, 0 skipped, 2 failed");
    dir.set_mode("t/d", 0o700);
}

#[test]
fn a_directory_that_cannot_be_written_to() {
    let dir = three();
    dir.set_mode("t/d", 0o555);
    for more in [&[][..], &["--remove-source"]] {
        let args = ["seal", "-r", "-k", KEY_FILE, "t/d", "t/z", "--force"];
        let ended = unprivileged(&dir, &args).args(more).run();
        let line = "fetool: t/d/b.gfe: permission denied";
        tells(
            &ended,
            1,
            &[line],
            "sealed 1 file, 3 B, 0 skipped, 1 failed",
        );
        put(&dir, "t/z", "333");
    }
    // The results elsewhere, and the source cannot be removed.
    let args = [
        "seal",
        "-r",
        "-k",
        KEY_FILE,
        "t/d",
        "-O",
        "out",
        "--remove-source",
    ];
    let ended = unprivileged(&dir, &args).run();
    let lines = [
        "fetool: t/d/b: permission denied",
        "fetool: hint: its replacement out/d/b.gfe is complete; only the source could not be removed",
    ];
    tells(
        &ended,
        1,
        &lines,
        "sealed 0 files, 0 B, 0 skipped, 1 failed",
    );
    assert_eq!(opened_with(&dir, "out/d/b.gfe"), b"22");
    assert!(dir.path("t/d/b").exists());
    dir.set_mode("t/d", 0o755);
}

#[test]
fn a_file_system_that_is_read_only() {
    let dir = three();
    let script = r#"mount --bind t t && mount -o remount,ro,bind t && exec "$FETOOL" "$@""#;
    let args = ["seal", "-r", "-k", KEY_FILE, "t"];
    let ended = mounting(&dir, script, &args).run();
    let lines =
        ["a", "d/b", "z"].map(|name| format!("fetool: t/{name}.gfe: read-only file system"));
    let lines = lines.each_ref().map(String::as_str);
    tells(
        &ended,
        1,
        &lines,
        "sealed 0 files, 0 B, 0 skipped, 3 failed",
    );
}

#[test]
fn a_disk_that_is_full() {
    let dir = three();
    put(&dir, "t/m", data(3 << 20));
    let script =
        r#"mount -t tmpfs -o size=1m none out && "$FETOOL" "$@"; s=$?; find out -type f; exit $s"#;
    fs::create_dir(dir.path("out")).unwrap();
    let args = [
        "seal",
        "-r",
        "-k",
        KEY_FILE,
        "t",
        "-O",
        "out",
        "--remove-source",
        "-j1",
    ];
    let ended = mounting(&dir, script, &args).run();
    let line = "fetool: out/t/m.gfe: no space left on device";
    let summary = "sealed 3 files, 6 B, 0 skipped, 1 failed";
    let stdout = tells(&ended, 1, &[line], summary);
    let mut there: Vec<_> = stdout.lines().collect();
    there.sort_unstable();
    assert_eq!(there, ["out/t/a.gfe", "out/t/d/b.gfe", "out/t/z.gfe"]);
    assert_eq!(files(dir.path("t")), ["m"]);
}

#[test]
fn a_file_that_gets_too_long() {
    let dir = three();
    put(&dir, "t/m", data(1 << 20));
    // Blocks of 512 bytes.
    let script = r#"trap '' XFSZ; ulimit -f 200; exec "$FETOOL" "$@""#;
    let args = ["seal", "-r", "-k", KEY_FILE, "t", "-j1"];
    let ended = shell(script, args).within(&dir).run();
    let line = "fetool: t/m.gfe: file too large";
    tells(
        &ended,
        1,
        &[line],
        "sealed 3 files, 6 B, 0 skipped, 1 failed",
    );
    let names = ["a", "a.gfe", "d/b", "d/b.gfe", "m", "z", "z.gfe"];
    assert_eq!(files(dir.path("t")), names);
}

#[test]
fn a_name_that_the_suffix_does_not_fit_to() {
    let dir = three();
    for len in [252, 255] {
        put(&dir, format!("t/{}", "n".repeat(len)), "1");
    }
    let ended = seal_tree(&dir, &["t", "--remove-source"]).run();
    let lines =
        [252, 255].map(|len| format!("fetool: t/{}.gfe: file name too long", "n".repeat(len)));
    let lines = lines.each_ref().map(String::as_str);
    tells(
        &ended,
        1,
        &lines,
        "sealed 3 files, 6 B, 0 skipped, 2 failed",
    );
    assert_eq!(files(dir.path("t")).len(), 5);
    assert!(!has_temporary(dir.path("t")));
}

#[test]
fn missing_paths_do_not_stop_the_others() {
    let dir = three();
    let ended = seal_tree(&dir, &["nope", "t/a", "no/pe"]).run();
    let lines = [
        "fetool: nope: no such file or directory",
        "fetool: no/pe: no such file or directory",
    ];
    tells(&ended, 1, &lines, "sealed 1 file, 1 B, 0 skipped, 2 failed");
}

#[test]
fn two_files_for_one_name() {
    for (more, second) in [
        (&["--remove-source"][..], "2"),
        (&["--remove-source", "--force"], "2"),
        // One length, so that the output looks like that of either; or the very same content.
        (&["--skip-existing"], "2"),
        (&["--skip-existing"], "1"),
        (&["--remove-source"], "1"),
    ] {
        let dir = home();
        put(&dir, "one/x", "1");
        put(&dir, "two/x", second);
        let args = ["one/", "two/", "-O", "out", "-j1"];
        let ended = seal_tree(&dir, &args).args(more).run();
        // Whatever is said: neither may be lost.
        assert_eq!(ended.code(), Some(1), "{}", ended.stderr());
        let says = "fetool: out/x.gfe: another file of this run is there already\n";
        assert!(ended.stderr().contains(says), "{}", ended.stderr());
        let sealed = opened_with(&dir, "out/x.gfe");
        assert_eq!(sealed, b"1", "{more:?}");
        assert_eq!(dir.read("two/x"), second.as_bytes(), "{more:?}");
        if more.contains(&"--skip-existing") {
            // The next run finds the output of the first source, which is not the second's either.
            let ended = seal_tree(&dir, &args).args(more).run();
            assert_eq!(ended.code(), Some(1), "{}", ended.stderr());
        }
    }
}

/// A tree that is named twice has each output once.
#[test]
fn a_file_that_is_named_twice_is_skipped() {
    let dir = home();
    put(&dir, "t/d/x", "1");
    let args = ["t", "t/d", "--skip-existing", "-j1", "-q"];
    seal_tree(&dir, &args).run().succeeds();
    assert_eq!(opened_with(&dir, "t/d/x.gfe"), b"1");
}

/// The plaintext of a sealed file.
fn opened_with(dir: &Dir, name: &str) -> Vec<u8> {
    let open = fetool(["open", "-k", KEY_FILE, name]).within(dir);
    open.run().succeeds()
}

#[test]
fn names_that_are_in_each_others_way() {
    // x.gfe is data of its own here, and x would become x.gfe.
    for jobs in ["-j1", "-j4"] {
        let dir = home();
        put(&dir, "t/x", "1");
        put(&dir, "t/x.gfe", "2");
        let args = ["t", "--remove-source", jobs, "-q"];
        seal_tree(&dir, &args).run();
        seal_tree(&dir, &args).run();
        assert_eq!(files(dir.path("t")), ["x.gfe", "x.gfe.gfe"]);
        assert_eq!(opened_with(&dir, "t/x.gfe"), b"1");
        assert_eq!(opened_with(&dir, "t/x.gfe.gfe"), b"2");
    }
}
