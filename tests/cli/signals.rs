//! Signals in mid-work.

use crate::cli_common::{Dir, Fetool, Job, K, MIB, data, fetool, opened, sealed, shell, until};
use nix::sys::signal::Signal;
use std::io::{self, PipeWriter, Read, Write};

const ALL: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// The others that end a process and can be caught, but those that a fault raises.
const OTHERS: [Signal; 12] = [
    Signal::SIGABRT,
    Signal::SIGALRM,
    Signal::SIGIO,
    Signal::SIGPROF,
    Signal::SIGQUIT,
    Signal::SIGSTKFLT,
    Signal::SIGPWR,
    Signal::SIGTRAP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGVTALRM,
    Signal::SIGXCPU,
];

/// Ends it with the status that shells give such a death.
const NOT_RAISED: [Signal; 3] = [Signal::SIGIO, Signal::SIGPWR, Signal::SIGSTKFLT];

/// Starts it, and gives it some megabytes from a pipe that stays open; returns when some of its
/// output is in the temporary file.
fn in_mid_work(fetool: Fetool, dir: &Dir, input: &[u8]) -> (Job, PipeWriter) {
    let (stdin, mut feed) = io::pipe().unwrap();
    let job = fetool.within(dir).stdin(stdin).start();
    feed.write_all(input).unwrap();
    until("the first chunks are written", || {
        dir.temporary().is_some_and(|len| len >= MIB as u64)
    });
    (job, feed)
}

#[test]
fn a_signal_leaves_nothing_behind() {
    let dir = Dir::new();
    dir.write("old", "old");
    let plain = data(4 * MIB);
    let sealed = sealed(&plain, "64KiB");
    for (command, input) in [("seal", &plain), ("open", &sealed)] {
        for signal in ALL.into_iter().chain(OTHERS) {
            for output in [&["-o", "new"][..], &["-o", "old", "--force"]] {
                let started = fetool([command, "-k", K]).args(output);
                // Without the end, so that it waits for more.
                let (job, feed) = in_mid_work(started, &dir, &input[..4 * MIB]);
                job.signal(signal);
                let ended = job.end();
                if NOT_RAISED.contains(&signal) {
                    assert_eq!(ended.code(), Some(128 + signal as i32));
                } else {
                    ended.dies_of(signal);
                }
                dir.holds_only(&["old"]);
                assert_eq!(dir.read("old"), b"old");
                drop(feed);
            }
        }
    }
}

/// It is found where its directory is now, and so is its name when it is whole.
#[test]
fn a_directory_that_is_renamed_in_mid_work() {
    let plain = data(4 * MIB);
    for signal in [Some(Signal::SIGTERM), None] {
        let dir = Dir::new();
        std::fs::create_dir(dir.path("d")).unwrap();
        let (stdin, mut feed) = io::pipe().unwrap();
        let job = fetool(["seal", "-k", K, "-o", "d/new"])
            .within(&dir)
            .stdin(stdin)
            .start();
        feed.write_all(&plain).unwrap();
        std::fs::rename(dir.path("d"), dir.path("e")).unwrap();
        // Somebody else's directory has the name now.
        std::fs::create_dir(dir.path("d")).unwrap();
        match signal {
            Some(signal) => {
                job.signal(signal);
                job.end().dies_of(signal);
            }
            None => {
                drop(feed);
                job.end().succeeds();
                assert!(opened(dir.read("e/new")) == plain);
                std::fs::remove_file(dir.path("e/new")).unwrap();
            }
        }
        for name in ["d", "e"] {
            assert_eq!(std::fs::read_dir(dir.path(name)).unwrap().count(), 0);
        }
    }
}

#[test]
fn a_signal_ends_a_blocked_write() {
    for signal in ALL {
        let (mut out, stdout) = io::pipe().unwrap();
        let job = fetool(["seal", "-k", K])
            .input(data(6 * MIB))
            .stdout(stdout)
            .start();
        // It has started to write, and nobody reads on.
        out.read_exact(&mut [0; 24]).unwrap();
        job.signal(signal);
        job.end().dies_of(signal);
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_fifo() {
    let dir = Dir::new();
    dir.fifo("fifo");
    for args in [
        &["-k", K, "fifo"][..],
        &["-k", K, "-o", "fifo"],
        &["-k", "@fifo", "-o", "new"],
    ] {
        let job = fetool(["seal"]).args(args).within(&dir).start();
        if args.contains(&"new") {
            until("the output is open", || dir.temporary().is_some());
        }
        job.signal(Signal::SIGTERM);
        job.end().dies_of(Signal::SIGTERM);
        dir.holds_only(&["fifo"]);
    }
}

#[test]
fn a_signal_that_was_ignored_stays_so() {
    let dir = Dir::new();
    let plain = data(4 * MIB);
    let script = r#"trap '' HUP INT TERM; exec "$FETOOL" "$@""#;
    let (job, feed) = in_mid_work(shell(script, ["seal", "-k", K, "-o", "out"]), &dir, &plain);
    for signal in ALL {
        job.signal(signal);
    }
    drop(feed);
    job.end().succeeds();
    assert!(opened(dir.read("out")) == plain);
    dir.holds_only(&["out"]);
}

#[test]
fn only_what_was_ignored_is() {
    let dir = Dir::new();
    let plain = data(4 * MIB);
    let script = r#"trap '' HUP; exec "$FETOOL" "$@""#;
    let (job, _feed) = in_mid_work(shell(script, ["seal", "-k", K, "-o", "out"]), &dir, &plain);
    job.signal(Signal::SIGHUP);
    job.signal(Signal::SIGTERM);
    job.end().dies_of(Signal::SIGTERM);
    dir.holds_only(&[]);
}
