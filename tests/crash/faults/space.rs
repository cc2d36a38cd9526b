//! No room for what is written: a full disk, a full device, a limit on the length of files.

use super::{LENGTHS, both, dexios, words};
use crate::cli_common::{Dir, Ended, K, MIB, fetool, hex, sealed, shell};
use crate::tree_common::mounting;
use std::fs;

/// Runs a command where `out` is a disk of 1 MiB, on which `before` was done. What is in it behind
/// that is on standard output, a file in a line.
fn on_small_disk(dir: &Dir, before: &str, line: &str) -> Ended {
    let script = format!(
        r#"mount -t tmpfs -o size=1m none out && {{ {before}; }} && "$FETOOL" "$@"; s=$?;
        cd out; for it in $(ls -A); do echo $it $(sha256sum <$it); done; exit $s"#
    );
    let _ = fs::create_dir(dir.path("out"));
    mounting(dir, &script, &words(line)).run()
}

/// What [`on_small_disk`] prints of a file.
fn listed(name: &str, bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    format!("{name} {} -\n", hex(&Sha256::digest(bytes)))
}

const FULL: &str = "no space left on device";
/// Leaves not a byte.
const FILL: &str = "cat /dev/zero >out/fill 2>/dev/null";

#[test]
fn a_full_disk_leaves_nothing_behind() {
    for len in LENGTHS {
        let dir = both(len);
        for line in ["seal -k env:TEST_KEY plain", "open -k env:TEST_KEY sealed"] {
            let new = on_small_disk(&dir, "true", &format!("{line} -o out/new"));
            new.fails(1, &format!("fetool: out/new: {FULL}\n"));
            let before = "echo old >out/old";
            let old = on_small_disk(&dir, before, &format!("{line} -o out/old --force"));
            let told = format!("fetool: out/old: {FULL}\n");
            let there = old.fails_after_output(1, &told);
            assert_eq!(String::from_utf8(there).unwrap(), listed("old", b"old\n"));
        }
    }
}

/// A file that the shell opened keeps what there was room for: a good beginning, and not all.
#[test]
fn a_full_disk_and_standard_output() {
    let script = r#"mount -t tmpfs -o size=1m none out && "$FETOOL" "$@" >out/new; s=$?;
        cat out/new; exit $s"#;
    for len in LENGTHS {
        let dir = both(len);
        fs::create_dir(dir.path("out")).unwrap();
        let plain = dir.read("plain");
        for line in ["seal -k env:TEST_KEY plain", "open -k env:TEST_KEY sealed"] {
            let ended = mounting(&dir, script, &words(line)).run();
            let kept = ended.fails_after_output(1, &format!("fetool: stdout: {FULL}\n"));
            assert!(kept.len() <= MIB, "{} bytes", kept.len());
            starts(line, &kept, &plain);
        }
    }
}

/// Asserts that what a command left is a good beginning of what it should have.
#[track_caller]
fn starts(line: &str, kept: &[u8], plain: &[u8]) {
    if line.starts_with("seal") && !kept.is_empty() {
        let opened = fetool(["open", "-k", K]).input(kept).run();
        assert_eq!(opened.code(), Some(5), "{}", opened.stderr());
        assert!(plain.starts_with(&opened.output.stdout), "{line}");
    } else {
        assert!(plain.starts_with(kept), "{line}");
    }
}

#[test]
fn keys_and_a_full_disk() {
    let dir = Dir::new();
    let file = dexios(&dir);
    let key = on_small_disk(&dir, &format!("{FILL}; true"), "keygen -o out/key");
    let told = format!("fetool: out/key: {FULL}\n");
    assert_eq!((key.stderr(), key.code()), (told, Some(1)));
    assert!(!key.stdout().contains("key "), "half a key is there");
    // Where its header is changed there is no room for the recovery file; where it is sealed again,
    // none for the new one.
    let sealed = sealed(b"text", "1KiB");
    dir.write("sealed", &sealed);
    for (line, name, bytes, hint) in [
        (
            "rekey -k @one --new-key @two --new-kdf balloon -i out/f",
            "f",
            &file,
            "fetool: hint: nothing was changed\n",
        ),
        (
            "rekey --reseal -k env:TEST_KEY --new-key env:OTHER_KEY -i out/sealed",
            "sealed",
            &sealed,
            "",
        ),
    ] {
        let before = format!("cp {name} out; {FILL}; true");
        let ended = on_small_disk(&dir, &before, line);
        let told = format!("fetool: out/{name}: {FULL}\n{hint}");
        assert_eq!((ended.stderr(), ended.code()), (told, Some(1)));
        let stdout = ended.stdout();
        let mut there = stdout.lines().filter(|it| !it.starts_with("fill "));
        assert_eq!(there.next(), Some(listed(name, bytes).trim_end()));
        assert_eq!(there.next(), None);
    }
}

#[test]
fn a_full_device() {
    let dir = both(1000);
    dexios(&dir);
    for line in [
        "rekey --list f",
        "rekey --reseal -k env:TEST_KEY --new-key env:OTHER_KEY sealed",
        "inspect --verify -k env:TEST_KEY sealed",
        "check -q --json -k env:TEST_KEY sealed sealed",
        "header save sealed",
        "bench --help",
    ] {
        let device = fs::OpenOptions::new().write(true).open("/dev/full");
        let job = fetool(words(line)).within(&dir).stdout(device.unwrap());
        job.run().fails(1, &format!("fetool: stdout: {FULL}\n"));
    }
}

#[test]
fn a_limit_on_the_length_of_files() {
    const LARGE: &str = "file too large";
    for len in LENGTHS {
        let dir = both(len);
        dir.write("old", "old");
        // In blocks of 512 bytes or of 1024: at most 200 KiB. Nobody has to ignore the signal.
        let limited = |script: &str, line: &str| {
            let script = format!(r#"ulimit -f 200; {script}"#);
            shell(&script, words(line)).within(&dir).run()
        };
        for line in ["seal -k env:TEST_KEY plain", "open -k env:TEST_KEY sealed"] {
            for output in ["new", "old --force"] {
                let name = &output[..3];
                let line = format!("{line} -o {output}");
                let ended = limited(r#"exec "$FETOOL" "$@""#, &line);
                ended.fails(1, &format!("fetool: {name}: {LARGE}\n"));
                dir.holds_only(&["old", "plain", "sealed"]);
                assert_eq!(dir.read("old"), b"old");
            }
            let ended = limited(r#"exec "$FETOOL" "$@" >new"#, line);
            ended.fails(1, &format!("fetool: stdout: {LARGE}\n"));
            let kept = dir.read("new");
            assert!(kept.len() <= 200 << 10, "{} bytes", kept.len());
            starts(line, &kept, &dir.read("plain"));
            fs::remove_file(dir.path("new")).unwrap();
        }
    }
    let dir = both(1000);
    let sealed = dir.read("sealed");
    for (line, name) in [
        ("keygen -o key", "key"),
        (
            "rekey --reseal -k env:TEST_KEY --new-key env:OTHER_KEY -i sealed",
            "sealed",
        ),
    ] {
        let ended = shell(r#"ulimit -f 0; exec "$FETOOL" "$@""#, words(line));
        let told = format!("fetool: {name}: {LARGE}\n");
        ended.within(&dir).run().fails(1, &told);
        dir.holds_only(&["plain", "sealed"]);
        assert_eq!(dir.read("sealed"), sealed);
    }
}
