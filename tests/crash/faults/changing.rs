//! Files that change while they are read, in the middle of the work.

use super::{both, opens_to, words};
use crate::cli_common::{Dir, Ended, MIB, fetool, until};
use nix::sys::signal::Signal;
use std::fs::{self, OpenOptions};
use std::thread;
use std::time::Duration;

const LEN: usize = 24 * MIB;

/// Starts a command that goes from file to file, lets it stand still somewhere in the middle while
/// the input gets another length, and tells how it ended.
fn changed(dir: &Dir, line: &str, input: &str, len: u64, moment: u64) -> Ended {
    let job = fetool(words(line))
        .within(dir)
        .args([input, "-o", "new"])
        .start();
    until("the output is open", || {
        dir.temporary().is_some() || dir.path("new").exists()
    });
    thread::sleep(Duration::from_millis(moment));
    job.signal(Signal::SIGSTOP);
    let file = OpenOptions::new()
        .write(true)
        .open(dir.path(input))
        .unwrap();
    file.set_len(len).unwrap();
    job.signal(Signal::SIGCONT);
    job.end()
}

/// Either it was done with the input before, and all is there; or it says what it found, and
/// nothing is there.
#[test]
fn a_file_that_changes_under_the_workers() {
    let dir = both(LEN);
    let plain = dir.read("plain");
    let whole = dir.read("sealed");
    let mut noticed = 0;
    for (moment, change) in [
        (0, -1),
        (0, 1),
        (1, -(20 << 20)),
        (2, -(3 << 20)),
        (3, 1 << 20),
        (8, -(1 << 20)),
    ] {
        for (line, input, len) in [
            ("seal -k env:TEST_KEY", "plain", LEN),
            ("open -k env:TEST_KEY", "sealed", whole.len()),
        ] {
            let now = (len as i64 + change) as u64;
            let what = format!("{line}, {change} bytes after {moment} ms");
            let ended = changed(&dir, line, input, now, moment);
            let stderr = ended.stderr();
            if ended.code() == Some(0) {
                assert_eq!(stderr, "", "{what}");
                match input {
                    "plain" => opens_to(&dir, "new", &plain),
                    _ => assert!(dir.read("new") == plain, "{what}"),
                }
                fs::remove_file(dir.path("new")).unwrap();
            } else {
                noticed += 1;
                let (status, said, rest) = match (input, change < 0) {
                    ("plain", true) => (
                        1,
                        "the input ended after ",
                        format!(" bytes, but {len} were announced\n"),
                    ),
                    ("plain", false) => (
                        1,
                        "the input is longer than the ",
                        " bytes announced\n".to_owned(),
                    ),
                    (_, true) => (5, "unexpected EOF: the ", ")\n".to_owned()),
                    (_, false) => (4, "data after the last chunk (at offset ", ")\n".to_owned()),
                };
                assert_eq!(ended.code(), Some(status), "{what}: {stderr}");
                let said = stderr.strip_prefix(&format!("fetool: {input}: {said}"));
                let number = said.and_then(|said| said.strip_suffix(&rest));
                let number = number.unwrap_or_else(|| panic!("{what}: {stderr}"));
                // More than there is now may have been read before.
                let found = number.rsplit(' ').next().and_then(|it| it.parse().ok());
                let least = now.min(len as u64);
                assert!(
                    found.is_some_and(|it| (least..=len as u64).contains(&it)),
                    "{what}: {stderr}"
                );
            }
            dir.holds_only(&["plain", "sealed"]);
            dir.write("plain", &plain);
            dir.write("sealed", &whole);
        }
    }
    assert!(noticed > 0, "it was always too late");
}
