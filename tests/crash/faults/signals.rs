//! Processes that are stopped and go on, or do not; and what a kill leaves.

use super::{both, opens_to, words};
use crate::cli_common::{Dir, Job, K, MIB, data, fetool, opened, until};
use nix::sys::signal::Signal;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::Duration;

/// Stops it, and returns when it stands still.
fn stop(job: &Job) {
    job.signal(Signal::SIGSTOP);
    until("it stands still", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", job.pid())).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        // Or it had ended before.
        fields.starts_with(['T', 'Z'])
    });
}

fn go_on(job: &Job) {
    job.signal(Signal::SIGCONT);
}

#[test]
fn stopped_and_continued_it_does_the_same() {
    let plain = data(4 * MIB);
    let dir = both(plain.len());
    for (verb, input) in [("seal", "plain"), ("open", "sealed")] {
        let input = dir.read(input);
        let (stdin, mut feed) = io::pipe().unwrap();
        let (mut out, stdout) = io::pipe().unwrap();
        let job = fetool([verb, "-k", K]).stdin(stdin).stdout(stdout).start();
        // Where it waits for its input, works, and waits for its reader.
        stop(&job);
        go_on(&job);
        let feeding = thread::spawn(move || {
            feed.write_all(&input).unwrap();
        });
        let mut found = vec![0; 24];
        out.read_exact(&mut found).unwrap();
        for _ in 0..3 {
            stop(&job);
            thread::sleep(Duration::from_millis(2));
            go_on(&job);
            let mut some = vec![0; MIB / 2];
            out.read_exact(&mut some).unwrap();
            found.extend(some);
        }
        out.read_to_end(&mut found).unwrap();
        job.end().succeeds();
        feeding.join().unwrap();
        let found = if verb == "seal" { opened(found) } else { found };
        assert!(found == plain, "{verb}: other bytes");
    }
}

#[test]
fn stopped_and_continued_from_file_to_file() {
    let plain = data(24 * MIB);
    let dir = both(plain.len());
    for line in ["seal -k env:TEST_KEY plain", "open -k env:TEST_KEY sealed"] {
        let job = fetool(words(line)).within(&dir).args(["-o", "new"]).start();
        until("the output is open", || {
            dir.temporary().is_some() || dir.path("new").exists()
        });
        for _ in 0..3 {
            stop(&job);
            assert!(
                dir.path("new").exists() != dir.temporary().is_some(),
                "either, never both"
            );
            go_on(&job);
            thread::sleep(Duration::from_micros(500));
        }
        job.end().succeeds();
        if line.starts_with("seal") {
            opens_to(&dir, "new", &plain);
        } else {
            assert!(dir.read("new") == plain);
        }
        fs::remove_file(dir.path("new")).unwrap();
        dir.holds_only(&["plain", "sealed"]);
    }
}

/// A signal that comes while it stands still ends it when it goes on.
#[test]
fn ended_while_it_stands_still() {
    let dir = Dir::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let (stdin, mut feed) = io::pipe().unwrap();
        let job = fetool(["seal", "-k", K, "-o", "new"])
            .within(&dir)
            .stdin(stdin)
            .start();
        feed.write_all(&data(2 * MIB)).unwrap();
        until("the first chunks are written", || {
            dir.temporary().is_some_and(|len| len > 0)
        });
        stop(&job);
        job.signal(signal);
        assert!(dir.temporary().is_some());
        go_on(&job);
        job.end().dies_of(signal);
        dir.holds_only(&[]);
    }
}

/// Nothing can be done against a kill; but what has the final name is whole, whenever it comes.
#[test]
fn killed_at_any_moment() {
    // So much that it is still at work when the last of the kills comes.
    let plain = data(64 * MIB);
    let dir = both(plain.len());
    dir.write("old", "old");
    for line in ["seal -k env:TEST_KEY plain", "open -k env:TEST_KEY sealed"] {
        let mut killed = 0;
        for moment in 0..8 {
            let job = fetool(words(line))
                .within(&dir)
                .args(["--force", "-o", "old"])
                .start();
            until("the output is open", || {
                dir.temporary().is_some() || dir.read("old") != b"old"
            });
            thread::sleep(Duration::from_millis(moment));
            job.signal(Signal::SIGKILL);
            let ended = job.end();
            let is_killed = ended.output.status.signal() == Some(Signal::SIGKILL as i32);
            assert!(is_killed || ended.code() == Some(0));
            killed += u32::from(is_killed);
            if dir.read("old") != b"old" {
                if line.starts_with("seal") {
                    opens_to(&dir, "old", &plain);
                } else {
                    assert!(dir.read("old") == plain);
                }
            }
            // What is left has a name that says what it is, and is in nobody's way.
            for name in dir.names() {
                if name.as_encoded_bytes().starts_with(b".fetool-") {
                    assert!(name.as_encoded_bytes().ends_with(b".tmp"));
                    assert_eq!(dir.mode(name.to_str().unwrap()) & 0o077, 0);
                    fs::remove_file(dir.path(name)).unwrap();
                }
            }
            dir.holds_only(&["old", "plain", "sealed"]);
            dir.write("old", "old");
        }
        assert!(killed > 0, "{line}: it was never killed in the middle");
    }
}
