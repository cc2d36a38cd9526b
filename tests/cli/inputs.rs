//! Inputs of all kinds.

use crate::cli_common::{
    Dir, Fetool, K, KEY, MIB, VECTOR_KEY, data, fetool, opened, sealed, shell, until, vector,
};
use sha2::{Digest, Sha256};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

#[test]
fn vectors_open_to_what_the_manifest_says() {
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(vector("manifest.json")).unwrap()).unwrap();
    let mut count = 0;
    for entry in manifest.as_array().unwrap() {
        let name = entry["file"].as_str().unwrap();
        assert_eq!(entry["secret"]["kind"], "raw-key");
        let open = || {
            fetool(["open", "-q", "-k", "env:VECTOR_KEY"])
                .env("VECTOR_KEY", entry["secret"]["hex"].as_str().unwrap())
        };
        let plain = open().arg(vector(name)).run().succeeds();
        assert_eq!(
            plain.len() as u64,
            entry["plaintext_len"].as_u64().unwrap(),
            "{name}"
        );
        let digest = crate::cli_common::hex(&Sha256::digest(&plain));
        assert_eq!(
            digest,
            entry["plaintext_sha256"].as_str().unwrap(),
            "{name}"
        );
        let piped = open()
            .input(fs::read(vector(name)).unwrap())
            .run()
            .succeeds();
        assert!(piped == plain, "{name}");
        let raw = fetool(["open", "-q", "-k", VECTOR_KEY])
            .arg(vector(name))
            .run()
            .succeeds();
        assert!(raw == plain, "{name}");
        count += 1;
    }
    let files = fs::read_dir(vector(".")).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.as_encoded_bytes().ends_with(b".gfe")
    });
    assert_eq!(count, files.count());
}

#[test]
fn nothing_and_a_dash_are_standard_input() {
    let dir = Dir::new();
    dir.write("-", "a file");
    for path in [&[][..], &["-"], &["--", "-"]] {
        let seal = fetool(["seal", "-k", K])
            .args(path)
            .within(&dir)
            .input("data")
            .run();
        let bytes = seal.succeeds();
        let open = fetool(["open", "-k", K])
            .args(path)
            .within(&dir)
            .input(bytes.clone())
            .run();
        assert_eq!(open.succeeds(), b"data");
        let inspect = fetool(["inspect"])
            .args(path)
            .within(&dir)
            .input(bytes)
            .run();
        assert!(inspect.succeeds().starts_with(b"stdin\n"));
    }
    let file = fetool(["seal", "-k", K, "./-"])
        .within(&dir)
        .run()
        .succeeds();
    assert_eq!(opened(file), b"a file");
}

#[test]
fn paths_that_start_with_a_dash() {
    let dir = Dir::new();
    for name in ["-o", "--force", "--", "-"] {
        if name != "-" {
            dir.write(name, name);
            let bytes = fetool(["seal", "-k", K, "--", name])
                .within(&dir)
                .run()
                .succeeds();
            assert_eq!(opened(bytes), name.as_bytes());
        }
    }
    let ended = fetool(["seal", "-k", K, "--force"]).within(&dir).run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(2), ""));
}

#[test]
fn paths_are_bytes_and_escaped_in_messages() {
    let dir = Dir::new();
    for (name, shown) in [
        (&b"a\nb"[..], "a\\nb"),
        (b"a\x1b[31mb", "a\\u{1b}[31mb"),
        (b"a\xff\xfeb", "a\\xff\\xfeb"),
        ("Grüße €".as_bytes(), "Grüße €"),
        (b"a b'\"\\", "a b'\"\\"),
    ] {
        let plain = OsString::from_vec([b"plain ", name].concat());
        let sealed = OsString::from_vec([b"sealed ", name].concat());
        dir.write(&plain, "data");
        let run = |command: &str, from: &OsStr, to: &OsStr| {
            fetool([
                OsStr::new(command),
                OsStr::new("-k"),
                OsStr::new(K),
                from,
                OsStr::new("-o"),
                to,
            ])
            .within(&dir)
            .run()
        };
        run("seal", &plain, &sealed).succeeds();
        assert_eq!(opened(dir.read(&sealed)), b"data");
        run("open", &sealed, &plain).fails(
            1,
            &format!(
                "fetool: plain {shown}: file exists\n\
                 fetool: hint: overwrite it with --force\n"
            ),
        );
        run("open", &plain, OsStr::new("new")).fails(
            4,
            &format!(
                "fetool: plain {shown}: not a sealed file of a known format\n\
                 fetool: not gfe, dexios, age: it does not begin with the magic number\n\
                 fetool: not gocrypt: it is shorter than the header of 41 bytes\n\
                 fetool: not gocrypt-v1: it is shorter than the header of 40 bytes\n\
                 fetool: not parallel-encryptor: it is shorter than the header of 12 bytes\n\
                 fetool: hint: give the format with --format if you know it\n"
            ),
        );
        let inspect = fetool(["inspect"]).arg(&sealed).within(&dir).run();
        assert!(inspect.stdout().starts_with(&format!("sealed {shown}\n")));
        let inspect = fetool(["inspect", "--json"])
            .arg(&sealed)
            .within(&dir)
            .run();
        let json: serde_json::Value = serde_json::from_slice(&inspect.succeeds()).unwrap();
        assert_eq!(json["path"], *sealed.to_string_lossy());
        // A key file too.
        let spec = OsString::from_vec([b"@", plain.as_bytes()].concat());
        dir.write(&plain, KEY);
        let bytes = fetool(["seal", "-k"])
            .arg(spec)
            .within(&dir)
            .input("data")
            .run()
            .succeeds();
        assert_eq!(opened(bytes), b"data");
    }
}

/// Seals `in`, and waits for its key from a fifo when it knows the input's length.
fn waiting_for_its_key(dir: &Dir) -> crate::cli_common::Job {
    dir.fifo("key");
    let job = fetool(["seal", "-k", "@key", "in", "-o", "out"])
        .within(dir)
        .start();
    until("the output is open", || dir.temporary().is_some());
    job
}

fn give_key(dir: &Dir) {
    fs::write(dir.path("key"), KEY).unwrap();
}

#[test]
fn a_file_that_shrinks_while_it_is_read() {
    let dir = Dir::new();
    dir.write("in", data(2 * MIB));
    let job = waiting_for_its_key(&dir);
    let file = OpenOptions::new().write(true).open(dir.path("in")).unwrap();
    file.set_len(2 * MIB as u64 - 1).unwrap();
    give_key(&dir);
    job.end().fails(
        1,
        "fetool: in: the input ended after 2097151 bytes, but 2097152 were announced\n",
    );
    dir.holds_only(&["in", "key"]);
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    let dir = Dir::new();
    dir.write("in", data(2 * MIB));
    let job = waiting_for_its_key(&dir);
    let mut file = OpenOptions::new()
        .append(true)
        .open(dir.path("in"))
        .unwrap();
    file.write_all(b"x").unwrap();
    give_key(&dir);
    job.end().fails(
        1,
        "fetool: in: the input is longer than the 2097152 bytes announced\n",
    );
    dir.holds_only(&["in", "key"]);
}

#[test]
fn a_file_that_changes_while_its_sealed_bytes_are_read() {
    let dir = Dir::new();
    for (change, message) in [
        (
            -1,
            "the input ended after 10485759 bytes, but 10485760 were announced",
        ),
        (1, "the input is longer than the 10485760 bytes announced"),
    ] {
        dir.write("in", data(10 * MIB));
        let (mut out, stdout) = std::io::pipe().unwrap();
        let job = fetool(["seal", "-k", K, "-j", "1", "in"])
            .within(&dir)
            .stdout(stdout)
            .start();
        // The header has the length, and a slow reader keeps it from reading far ahead.
        let mut header = [0; 24];
        out.read_exact(&mut header).unwrap();
        assert_eq!(header[16..], (10 * MIB as u64).to_be_bytes());
        let file = OpenOptions::new().write(true).open(dir.path("in")).unwrap();
        file.set_len((10 * MIB as u64).strict_add_signed(change))
            .unwrap();
        std::io::copy(&mut out, &mut std::io::sink()).unwrap();
        job.end().fails(1, &format!("fetool: in: {message}\n"));
    }
}

#[test]
fn a_sealed_file_that_shrinks_while_it_is_read() {
    let dir = Dir::new();
    let bytes = sealed(&data(2 * MIB), "64KiB");
    dir.write("in", &bytes);
    dir.fifo("key");
    let job = fetool(["open", "-k", "@key", "in", "-o", "out"])
        .within(&dir)
        .start();
    until("the output is open", || dir.temporary().is_some());
    dir.write("in", &bytes[..MIB]);
    give_key(&dir);
    let ended = job.end();
    let stderr = ended.stderr();
    ended.fails(5, &stderr);
    assert!(
        stderr.starts_with("fetool: in: unexpected EOF: "),
        "{stderr}"
    );
    dir.holds_only(&["in", "key"]);
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_claim_to_be_empty() {
    // The kernel makes these up when they are read.
    let version = fs::read("/proc/version").unwrap();
    assert_eq!(fs::metadata("/proc/version").unwrap().len(), 0);
    let seal = || fetool(["seal", "-k", K]);
    assert_eq!(
        opened(seal().arg("/proc/version").run().succeeds()),
        version
    );
    let stdin = File::open("/proc/version").unwrap();
    assert_eq!(opened(seal().stdin(stdin).run().succeeds()), version);
    let status = opened(seal().arg("/proc/self/status").run().succeeds());
    assert!(status.starts_with(b"Name:\tfetool\n"));
    let size = version.len().to_string();
    let sized = seal()
        .args(["--size", &size, "/proc/version"])
        .run()
        .succeeds();
    assert_eq!(opened(sized), version);
    let ended = fetool(["open", "-k", K, "/proc/version"]).run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(4), ""));
    let ended = fetool(["inspect", "/proc/version"]).run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(4), ""));
}

#[test]
fn a_file_on_standard_input_is_read_from_where_it_is() {
    let dir = Dir::new();
    dir.write("in", "first line\nrest");
    let script = r#"{ head -c 11 >/dev/null; exec "$FETOOL" seal -k "$1"; } <in"#;
    let script = script.replace("head -c 11", "read -r line");
    let bytes = shell(&script, [K]).within(&dir).run().succeeds();
    assert_eq!(bytes[16..24], 4_u64.to_be_bytes());
    assert_eq!(opened(bytes), b"rest");
}

#[test]
fn a_fifo_and_a_device_are_inputs() {
    let dir = Dir::new();
    let fifo = dir.fifo("fifo");
    let job = fetool(["seal", "-k", K, "fifo"]).within(&dir).start();
    fs::write(fifo, data(3 * MIB)).unwrap();
    assert!(opened(job.end().succeeds()) == data(3 * MIB));
    assert_eq!(
        opened(fetool(["seal", "-k", K, "/dev/null"]).run().succeeds()),
        b""
    );
}

#[test]
fn directories_are_no_inputs() {
    let dir = Dir::new();
    let directory = || File::open(dir.path("")).unwrap();
    let run = |fetool: Fetool| fetool.within(&dir).stdin(directory()).run();
    run(fetool(["seal", "-k", K])).fails(1, "fetool: stdin: is a directory\n");
    run(fetool(["open", "-k", K, "-o", "out"])).fails(1, "fetool: stdin: is a directory\n");
    run(fetool(["inspect"])).fails(1, "fetool: stdin: is a directory\n");
    dir.holds_only(&[]);
}
