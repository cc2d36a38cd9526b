//! No more memory.

use super::words;
use crate::cli_common::{Dir, Ended, Fetool, K, MIB, data, fetool, shell, until};
use std::fs;
use std::io;
use std::ops::RangeInclusive;

/// KiB of address space that the program has when it waits for its input.
fn base() -> u64 {
    let (stdin, feed) = io::pipe().unwrap();
    let (mut out, stdout) = io::pipe().unwrap();
    let job = fetool(["seal", "-k", K])
        .stdin(stdin)
        .stdout(stdout)
        .start();
    // The header comes out when everything is ready.
    io::Read::read_exact(&mut out, &mut [0; 24]).unwrap();
    let mut peak = 0;
    until("it tells how much it has", || {
        let status = fs::read_to_string(format!("/proc/{}/status", job.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
        peak = line
            .and_then(|it| it.trim().strip_suffix(" kB")?.parse().ok())
            .unwrap_or(0);
        peak > 0
    });
    drop(feed);
    job.end().code();
    peak
}

/// A command that may have so many MiB more than it needs to be there at all.
fn with_mib(dir: &Dir, more: u64, line: &str) -> Fetool {
    let most = base() + more * 1024;
    let script = format!(r#"ulimit -v {most}; exec "$FETOOL" "$@""#);
    shell(&script, words(line)).within(dir)
}

/// Status 1, and for how much there is no memory.
#[track_caller]
fn has_none(ended: &Ended, wanted: RangeInclusive<usize>) {
    let stderr = ended.stderr();
    let said = stderr.strip_prefix("fetool: cannot allocate ");
    let bytes = said.and_then(|said| said.strip_suffix(" bytes\n")?.parse().ok());
    let bytes = bytes.unwrap_or_else(|| panic!("{stderr} {:?}", ended.output.status));
    assert!(wanted.contains(&bytes), "{bytes}");
    assert_eq!(ended.code(), Some(1));
}

#[test]
fn for_large_chunks() {
    let dir = Dir::new();
    let plain = data(12 * MIB);
    dir.write("plain", &plain);
    let seal = "seal -k env:TEST_KEY -c 10MiB";
    fetool(words(seal))
        .within(&dir)
        .args(["plain", "-o", "sealed"])
        .run()
        .succeeds();
    // From a file and as a stream: the buffer grows with the bytes that arrive.
    has_none(
        &with_mib(&dir, 5, &format!("{seal} plain")).run(),
        4 * MIB..=11 * MIB,
    );
    has_none(
        &with_mib(&dir, 5, seal).input(plain).run(),
        4 * MIB..=11 * MIB,
    );
    // The first chunk is looked at as a part of the input.
    let open = "open -k env:TEST_KEY sealed";
    for line in [open.to_owned(), format!("{open} -o new")] {
        with_mib(&dir, 5, &line)
            .run()
            .fails(1, "fetool: sealed: out of memory\n");
    }
    dir.holds_only(&["plain", "sealed"]);
}

#[test]
fn for_key_derivations() {
    let dir = Dir::new();
    dir.write("plain", "text");
    dir.write("pass", "a passphrase");
    dir.write("salt", "0123456789abcdef");
    let argon2id = "seal -f gfe -p=@pass --salt @salt plain -o new";
    has_none(&with_mib(&dir, 20, argon2id).run(), 64 * MIB..=64 * MIB);
    let balloon = "seal -f dexios -k @pass --kdf balloon plain -o new";
    has_none(&with_mib(&dir, 5, balloon).run(), 8 * MIB..=9 * MIB);
    dir.holds_only(&["pass", "plain", "salt"]);
}

/// Not enough for all the workers: some of them do it, or it says so.
#[test]
fn for_some_of_the_workers() {
    let dir = Dir::new();
    let plain = data(64 * MIB);
    dir.write("plain", &plain);
    for more in [25, 60, 100] {
        let line = "seal -k env:TEST_KEY -c 10MiB -j 4 plain -o new";
        let ended = with_mib(&dir, more, line).run();
        if ended.code() == Some(0) {
            super::opens_to(&dir, "new", &plain);
            fs::remove_file(dir.path("new")).unwrap();
        } else {
            let stderr = ended.stderr();
            let memory = stderr.starts_with("fetool: cannot allocate ");
            let thread = stderr.starts_with("fetool: cannot start a thread: ");
            assert!(memory || thread, "{stderr}");
            assert_eq!(ended.code(), Some(1));
        }
        dir.holds_only(&["plain"]);
    }
}
