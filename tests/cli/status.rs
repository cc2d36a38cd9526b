//! Exit statuses and messages, and what has gone out before an error.

use crate::cli_common::{Dir, K, MIB, OTHER, data, fetool, opened, sealed};
use std::fs::OpenOptions;

const WRONG_KEY: &str = "authentication failed: wrong key, or the file was tampered with";

/// Opens `bytes` from a pipe, from a file and to a file; all say the same. Returns what went to
/// standard output.
#[track_caller]
fn fails_to_open(bytes: &[u8], key: &str, status: i32, message: &str) -> Vec<u8> {
    let dir = Dir::new();
    dir.write("in", bytes);
    dir.write("old", "old");
    let from_pipe = fetool(["open", "-k", key])
        .input(bytes)
        .run()
        .fails_after_output(status, &format!("fetool: stdin: {message}\n"));
    let about_file = format!("fetool: in: {message}\n");
    let from_file = fetool(["open", "-k", key, "in"])
        .within(&dir)
        .run()
        .fails_after_output(status, &about_file);
    assert!(from_pipe == from_file, "pipe and file make a difference");
    let to_file = |args: &[&str]| {
        fetool(["open", "-k", key, "in"])
            .args(args)
            .within(&dir)
            .run()
            .fails(status, &about_file);
        dir.holds_only(&["in", "old"]);
        assert_eq!(dir.read("old"), b"old");
    };
    to_file(&["-o", "new"]);
    to_file(&["-o", "old", "--force"]);
    to_file(&["--check"]);
    from_pipe
}

#[test]
fn a_wrong_key_is_3() {
    let bytes = sealed(&data(100_000), "1000");
    let out = fails_to_open(&bytes, OTHER, 3, WRONG_KEY);
    assert_eq!(out, b"");
}

#[test]
fn what_is_no_sealed_file_is_4() {
    let message = |rest: &str| {
        format!(
            "not a sealed file of a known format{rest}\n\
             fetool: hint: give the format with --format if you know it"
        )
    };
    let short = "\nfetool: not gfe, dexios, age: it does not begin with the magic number\n\
                 fetool: not gocrypt: it is shorter than the header of 41 bytes\n\
                 fetool: not gocrypt-v1: it is shorter than the header of 40 bytes\n\
                 fetool: not parallel-encryptor: it is shorter than the header of 12 bytes";
    for bytes in [&b"garbage"[..], b"GFX", b"\n"] {
        assert_eq!(fails_to_open(bytes, K, 4, &message(short)), b"");
    }
    let zeros = ", or the wrong secret\n\
                 fetool: not gfe, dexios, age: it does not begin with the magic number\n\
                 fetool: not gocrypt: the first byte, 0, is no number of layers, 1 to 200 (at offset \
                 0)\n\
                 fetool: not parallel-encryptor: a chunk size of 0 (at offset 8)\n\
                 fetool: not gocrypt-v1: the first chunk does not authenticate with this secret";
    assert_eq!(fails_to_open(&[0; 100], K, 4, &message(zeros)), b"");
}

#[test]
fn another_version_is_4() {
    let mut bytes = sealed(b"data", "3");
    for version in [0, 2, 255] {
        bytes[3] = version;
        let message = format!("unsupported version {version} of GFE: only version 1 is known");
        assert_eq!(fails_to_open(&bytes, K, 4, &message), b"");
    }
}

#[test]
fn a_malformed_chunk_length_is_4() {
    // A header, and frames of 4 + 1000 + 16 bytes.
    let plain = data(5000);
    let good = sealed(&plain, "1000");
    for (length, why) in [
        (0, "shorter than its tag"),
        (15, "shorter than its tag"),
        (1017, "longer than the stream's other chunks"),
        (u32::MAX, "more than 10 MiB and a tag"),
    ] {
        for frame in [0, 2] {
            let offset = 24 + frame * 1020;
            let mut bytes = good.clone();
            bytes[offset..offset + 4].copy_from_slice(&length.to_be_bytes());
            let message = format!("invalid chunk size {length}: {why} (at offset {offset})");
            let out = fails_to_open(&bytes, K, 4, &message);
            assert!(out == plain[..frame * 1000], "not the good beginning");
        }
    }
}

#[test]
fn data_after_the_end_is_4() {
    let plain = data(5000);
    let mut bytes = sealed(&plain, "1000");
    let message = format!("data after the last chunk (at offset {})", bytes.len());
    bytes.push(0);
    assert!(fails_to_open(&bytes, K, 4, &message) == plain[..]);
}

#[test]
fn a_cut_off_file_is_5() {
    let plain = data(5000);
    let good = sealed(&plain, "1000");
    let frame = |i: usize| 24 + i * 1020;
    for (cut, chunks, what) in [
        (0, 0, "the input is empty"),
        (3, 0, "the input ends inside the header"),
        (23, 0, "the input ends inside the header"),
        (24, 0, "the stream's last chunk is missing"),
        (27, 0, "the input ends inside a chunk's length field"),
        (frame(3), 3, "the stream's last chunk is missing"),
        (
            frame(3) + 2,
            3,
            "the input ends inside a chunk's length field",
        ),
        (frame(5), 5, "the stream's last chunk is missing"),
    ] {
        let message = format!("unexpected EOF: {what} (at offset {cut})");
        let out = fails_to_open(&good[..cut], K, 5, &message);
        assert!(out == plain[..chunks * 1000], "cut at {cut}");
    }
    for (cut, chunks) in [(frame(0) + 4, 0), (frame(3) + 500, 3), (good.len() - 1, 5)] {
        let ended = fetool(["open", "-k", K]).input(&good[..cut]).run();
        let stderr = ended.stderr();
        let out = ended.fails_after_output(5, &stderr);
        assert!(
            stderr.starts_with("fetool: stdin: unexpected EOF: "),
            "{stderr}"
        );
        assert!(
            stderr.ends_with(&format!("(at offset {cut})\n")),
            "{stderr}"
        );
        assert!(out == plain[..chunks * 1000], "cut at {cut}");
    }
}

#[test]
fn a_file_that_is_not_there_is_1() {
    let dir = Dir::new();
    dir.write("file", "");
    let every = "fetool: hint: to work on every file below it, add -r\n";
    let each = "fetool: hint: name the files in it\n";
    for (path, what, hint, inspect_hint) in [
        ("nosuch", "no such file or directory", "", ""),
        ("file/x", "not a directory", "", ""),
        (".", "is a directory", every, each),
    ] {
        for command in ["seal", "open"] {
            fetool([command, "-k", K, "-o", "out", "--", path])
                .within(&dir)
                .run()
                .fails(1, &format!("fetool: {path}: {what}\n{hint}"));
        }
        fetool(["inspect", path])
            .within(&dir)
            .run()
            .fails(1, &format!("fetool: {path}: {what}\n{inspect_hint}"));
    }
    for more in [&[][..], &["-i"], &["-i", "--reseal"]] {
        fetool(["rekey", "-k", K, "--new-key", K, "."])
            .args(more)
            .within(&dir)
            .run()
            .fails(1, &format!("fetool: .: is a directory\n{every}"));
    }
    dir.holds_only(&["file"]);
}

#[test]
fn a_bad_chunk_lets_out_just_what_is_before_it() {
    let plain = data(2 * MIB + 7);
    for (chunk, bad) in [(1000, 3), (1000, 2000), (MIB, 1)] {
        let mut bytes = sealed(&plain, &chunk.to_string());
        let offset = 24 + bad * (chunk + 20);
        bytes[offset + 4] ^= 1;
        let message = format!(
            "authentication failed in chunk {bad} (at offset {offset}): the file was tampered with"
        );
        let out = fails_to_open(&bytes, K, 3, &message);
        assert!(out == plain[..bad * chunk], "{} bytes", out.len());
    }
}

#[test]
fn a_swapped_chunk_is_a_bad_chunk() {
    let plain = data(5000);
    let mut bytes = sealed(&plain, "1000");
    let (first, second) = bytes[24..].split_at_mut(2 * 1020);
    first[1020..].swap_with_slice(&mut second[..1020]);
    let message = "authentication failed in chunk 1 (at offset 1044): the file was tampered with";
    assert!(fails_to_open(&bytes, K, 3, message) == plain[..1000]);
}

#[test]
fn good_files_of_all_lengths() {
    for chunk in [1, 16, 1000] {
        for len in [0, 1, 15, 16, 17, 999, 1000, 1001, 3000] {
            let plain = data(len);
            let bytes = sealed(&plain, &chunk.to_string());
            assert_eq!(bytes.len(), 24 + len + 20 * (len / chunk + 1));
            assert!(opened(bytes) == plain, "{len} in chunks of {chunk}");
        }
    }
}

#[test]
fn a_full_device_is_1() {
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let message = "fetool: stdout: no space left on device\n";
    for (len, chunk) in [
        (0, "1"),
        (1, "1"),
        (5000, "7"),
        (3 * MIB, "64KiB"),
        (3 * MIB, "1MiB"),
    ] {
        let plain = data(len);
        fetool(["seal", "-k", K, "-c", chunk])
            .input(&*plain)
            .stdout(full())
            .run()
            .fails(1, message);
        let open = fetool(["open", "-k", K])
            .input(sealed(&plain, chunk))
            .stdout(full())
            .run();
        if len > 0 {
            open.fails(1, message);
        } else {
            open.succeeds();
        }
        fetool(["seal", "-k", K, "-c", chunk, "-o", "/dev/full"])
            .input(plain)
            .run()
            .fails(1, "fetool: /dev/full: no space left on device\n");
    }
    let vector = crate::cli_common::vector("gfe_file_17_c16.gfe");
    let vector = vector.to_str().unwrap();
    for args in [
        &["inspect", vector][..],
        &["inspect", "--json", vector],
        &["keygen"],
        &["help"],
        &["help", "seal"],
        &["--help"],
        &["-h"],
        &["seal", "--help"],
        &["--version"],
        &["generate", "man"],
        &["generate", "man", "seal"],
        &["generate", "bash"],
        &["generate", "zsh"],
        &["generate", "fish"],
        &["generate", "powershell"],
        &["generate", "elvish"],
    ] {
        let ended = fetool(args).stdout(full()).run();
        assert_eq!(ended.stderr(), message, "{args:?}");
        assert_eq!(ended.code(), Some(1), "{args:?}");
    }
}

#[test]
fn messages_are_lowercase_and_have_no_full_stop() {
    let dir = Dir::new();
    dir.write("garbage", "garbage");
    dir.write("cut", &sealed(b"data", "3")[..40]);
    for args in [
        &["open", "-k", K, "nosuch"][..],
        &["open", "-k", K, "garbage"],
        &["open", "-k", K, "cut"],
        &["open", "-k", K, "."],
        &["open", "-k", OTHER, "cut"],
        &["seal", "-k", K, "cut", "-o", "cut"],
        &["seal", "-k", K, "cut", "-o", "garbage"],
        &["seal", "-k", K, "-c", "0"],
        &["seal", "-k", "key"],
        &["seal", "-p=@cut", "-f", "gfe"],
        &["keygen", "-o", "cut"],
        &["inspect", "garbage"],
        &["inspect", "-k", K],
    ] {
        let ended = fetool(args).within(&dir).run();
        assert_ne!(ended.code(), Some(0), "{args:?}");
        let stderr = ended.stderr();
        assert!(!stderr.is_empty(), "{args:?}");
        for line in stderr.lines() {
            let text = line.strip_prefix("fetool: ").expect("it says who speaks");
            assert!(
                !text.starts_with(|c: char| c.is_uppercase() && !text.starts_with("GFE")),
                "{line}"
            );
            assert!(!text.ends_with('.') && !text.contains("os error"), "{line}");
        }
    }
}
