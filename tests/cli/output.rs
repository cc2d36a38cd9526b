//! `-o FILE`: whole or not at all.

use crate::cli_common::{Dir, Fetool, K, MIB, data, fetool, opened, sealed, shell, until};
use std::fs;
use std::io::{self, Write};

fn seal_to(file: &str) -> Fetool {
    fetool(["seal", "-k", K, "-o", file])
}

const EXISTS: &str = "file exists\nfetool: hint: overwrite it with --force\n";

#[test]
fn a_new_file_is_private_whatever_the_umask() {
    let dir = Dir::new();
    for (mask, name) in [("000", "a"), ("022", "b"), ("077", "c")] {
        let script = format!(r#"umask {mask}; exec "$FETOOL" "$@""#);
        shell(&script, ["seal", "-k", K, "-o", name])
            .within(&dir)
            .input("data")
            .run()
            .succeeds();
        assert_eq!(dir.mode(name), 0o600);
        assert_eq!(opened(dir.read(name)), b"data");
    }
    dir.holds_only(&["a", "b", "c"]);
}

#[test]
fn a_replaced_file_keeps_its_mode() {
    let dir = Dir::new();
    for mode in [0o644, 0o600, 0o660, 0o755, 0o400] {
        let sealed = sealed(&data(100), "7");
        fs::remove_file(dir.write("out", "old and longer than what is new")).unwrap();
        dir.write("out", "old");
        dir.set_mode("out", mode);
        shell(
            r#"umask 022; exec "$FETOOL" "$@""#,
            ["open", "-k", K, "-o", "out", "--force"],
        )
        .within(&dir)
        .input(sealed)
        .run()
        .succeeds();
        // Plaintext is no more open than the umask leaves.
        assert_eq!(dir.mode("out"), mode & !0o022);
        dir.set_mode("out", 0o600);
        assert_eq!(dir.read("out"), data(100));
        dir.holds_only(&["out"]);
    }
}

#[test]
fn an_existing_file_needs_force() {
    let dir = Dir::new();
    dir.write("out", "old");
    let sealed = sealed(b"data", "3");
    for command in ["seal", "open"] {
        fetool([command, "-k", K, "-o", "out"])
            .within(&dir)
            .input(&*sealed)
            .run()
            .fails(1, &format!("fetool: out: {EXISTS}"));
        assert_eq!(dir.read("out"), b"old");
        dir.holds_only(&["out"]);
    }
}

#[test]
fn nothing_is_there_before_everything_is() {
    let dir = Dir::new();
    dir.write("old", "old");
    for (args, before) in [
        (&["-o", "new"][..], &["old"][..]),
        (&["-o", "old", "--force"], &["new", "old"]),
    ] {
        let (stdin, mut feed) = io::pipe().unwrap();
        let job = fetool(["seal", "-k", K])
            .args(args)
            .within(&dir)
            .stdin(stdin)
            .start();
        feed.write_all(&data(3 * MIB)).unwrap();
        until("the first chunks are written", || {
            dir.temporary().is_some_and(|len| len > MIB as u64)
        });
        let names = dir.names();
        let temporary: Vec<_> = names
            .iter()
            .map(|name| name.to_str().unwrap())
            .filter(|name| !before.contains(name))
            .collect();
        assert_eq!(temporary.len(), 1, "{names:?}");
        assert!(temporary[0].starts_with(".fetool-"), "{names:?}");
        assert_eq!(dir.mode(temporary[0]), 0o600);
        assert_eq!(dir.read("old"), b"old");
        drop(feed);
        job.end().succeeds();
        assert_eq!(opened(dir.read(args[1])), data(3 * MIB));
    }
    dir.holds_only(&["new", "old"]);
}

#[test]
fn a_file_that_comes_into_being_meanwhile_stays() {
    let dir = Dir::new();
    let (stdin, feed) = io::pipe().unwrap();
    let job = seal_to("out").within(&dir).stdin(stdin).start();
    until("the output is open", || dir.temporary().is_some());
    dir.write("out", "somebody else's");
    drop(feed);
    job.end().fails(1, "fetool: out: file exists\n");
    assert_eq!(dir.read("out"), b"somebody else's");
    dir.holds_only(&["out"]);
}

#[test]
fn opening_makes_the_same_file_as_a_pipe() {
    let dir = Dir::new();
    let plain = data(2 * MIB + 5);
    dir.write("in", sealed(&plain, "64KiB"));
    let out = dir.path("out");
    fetool(["open", "-k", K, "in", "-o"])
        .arg(&out)
        .within(&dir)
        .run()
        .succeeds();
    assert!(dir.read("out") == plain);
    let piped = fetool(["open", "-k", K, "in", "-o", "-"])
        .within(&dir)
        .run();
    assert!(piped.succeeds() == plain);
    dir.holds_only(&["in", "out"]);
}

#[test]
fn sync_makes_the_file_too() {
    let dir = Dir::new();
    for args in [&["--sync"][..], &["--sync", "--force"]] {
        seal_to("out")
            .args(args)
            .within(&dir)
            .input("data")
            .run()
            .succeeds();
        assert_eq!(opened(dir.read("out")), b"data");
        dir.holds_only(&["out"]);
    }
}

#[test]
fn places_where_no_file_can_be() {
    let dir = Dir::new();
    dir.write("file", "");
    fs::create_dir(dir.path("folder")).unwrap();
    for (output, message) in [
        ("folder", "is a directory"),
        (".", "is a directory"),
        ("folder/", "is a directory"),
        ("no/file", "no such file or directory"),
        ("file/x", "not a directory"),
    ] {
        for force in [&[][..], &["--force"]] {
            seal_to(output)
                .args(force)
                .within(&dir)
                .input("data")
                .run()
                .fails(1, &format!("fetool: {output}: {message}\n"));
        }
    }
    dir.holds_only(&["file", "folder"]);
    assert_eq!(fs::read_dir(dir.path("folder")).unwrap().count(), 0);
}

#[test]
fn a_slash_at_the_end_makes_no_file() {
    let dir = Dir::new();
    let ended = seal_to("new/").within(&dir).input("data").run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(1), ""));
    dir.holds_only(&[]);
}

#[test]
fn standard_output_is_not_a_file() {
    let dir = Dir::new();
    let bytes = seal_to("-").within(&dir).input("data").run().succeeds();
    assert_eq!(opened(bytes), b"data");
    for option in ["--force", "--sync"] {
        seal_to("-")
            .arg(option)
            .within(&dir)
            .run()
            .fails(2, "fetool: --force and --sync require a FILE, not '-o -'\n");
        let ended = fetool(["seal", "-k", K, option]).run();
        assert_eq!((ended.code(), ended.stdout().as_str()), (Some(2), ""));
    }
    // A file of that name has another path.
    seal_to("./-").within(&dir).input("data").run().succeeds();
    dir.holds_only(&["-"]);
}

#[test]
fn check_writes_nothing() {
    let dir = Dir::new();
    let good = sealed(&data(3 * MIB), "1MiB");
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    fetool(["open", "--check", "-k", K])
        .within(&dir)
        .input(good)
        .run()
        .fails(0, "");
    fetool(["open", "--check", "-k", K])
        .within(&dir)
        .input(bad)
        .run()
        .fails(
            3,
            "fetool: stdin: authentication failed in chunk 3 (at offset 3145812): the file was \
         tampered with\n",
        );
    let ended = fetool(["open", "--check", "-k", K, "-o", "out"])
        .within(&dir)
        .run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(2), ""));
    dir.holds_only(&[]);
}

#[test]
fn an_announced_size_must_be_true() {
    let dir = Dir::new();
    for (said, message) in [
        ("4", "the input is longer than the 4 bytes announced"),
        ("0", "the input is longer than the 0 bytes announced"),
        ("6", "the input ended after 5 bytes, but 6 were announced"),
        (
            "1GiB",
            "the input ended after 5 bytes, but 1073741824 were announced",
        ),
    ] {
        seal_to("out")
            .args(["--size", said])
            .within(&dir)
            .input("12345")
            .run()
            .fails(1, &format!("fetool: stdin: {message}\n"));
        dir.holds_only(&[]);
    }
    seal_to("out")
        .args(["--size", "5"])
        .within(&dir)
        .input("12345")
        .run()
        .succeeds();
    let bytes = dir.read("out");
    assert_eq!(bytes[16..24], 5_u64.to_be_bytes());
    assert_eq!(opened(bytes), b"12345");
    // A file's size is known anyway.
    dir.write("in", "12345");
    seal_to("out2")
        .args(["in", "--size", "6"])
        .within(&dir)
        .run()
        .fails(1, "fetool: in: 5 bytes long, but --size says 6 bytes\n");
    seal_to("out2")
        .args(["in", "--size", "5"])
        .within(&dir)
        .run()
        .succeeds();
    dir.holds_only(&["in", "out", "out2"]);
}

#[test]
fn chunk_sizes() {
    let dir = Dir::new();
    for (size, bytes) in [
        ("1", 1),
        ("64KiB", 65536),
        ("1MiB", 1 << 20),
        ("10MiB", 10 << 20),
        ("64kB", 64000),
    ] {
        let sealed = sealed(b"data", size);
        assert_eq!(
            sealed[16..24],
            ((1_u64 << 63) + bytes).to_be_bytes(),
            "{size}"
        );
        assert_eq!(opened(sealed), b"data");
    }
    for size in ["0", "0KiB", "10485761", "11MiB", "1TiB"] {
        let ended = seal_to("out")
            .args(["-c", size])
            .within(&dir)
            .input("data")
            .run();
        let stderr = ended.stderr();
        ended.fails(2, &stderr);
        assert!(stderr.starts_with("fetool: a chunk size of "), "{stderr}");
        assert!(
            stderr.contains("\nfetool: hint: GFE chunks have 1 to 10485760 bytes"),
            "{stderr}"
        );
    }
    for size in ["", "x", "1.5MiB", "1XB", "-1", "99999999999999999999"] {
        let ended = seal_to("out")
            .arg(format!("--chunk-size={size}"))
            .within(&dir)
            .run();
        let stderr = ended.stderr();
        ended.fails(2, &stderr);
        assert!(stderr.starts_with("fetool: "), "{stderr}");
    }
    dir.holds_only(&[]);
}

#[test]
fn any_number_of_workers_makes_the_same() {
    let plain = data(2 * MIB + 1);
    for jobs in ["1", "2", "7", "0"] {
        let bytes = fetool(["seal", "-k", K, "-c", "100000", "-j", jobs])
            .input(&*plain)
            .run()
            .succeeds();
        let opened = fetool(["open", "-k", K, "-j", jobs]).input(bytes).run();
        assert!(opened.succeeds() == plain, "{jobs} workers");
    }
    for jobs in ["-1", "257", "x"] {
        let ended = fetool(["seal", "-k", K, &format!("--jobs={jobs}")]).run();
        assert_eq!((ended.code(), ended.stdout().as_str()), (Some(2), ""));
    }
}
