//! Pipes that are closed by either side, in every phase of the work.

use super::{both, dexios, words};
use crate::cli_common::{Ended, K, MIB, data, fetool, sealed};
use nix::sys::signal::Signal;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::Duration;

const LEN: usize = 3 * MIB;
const CHUNK: usize = 64 << 10;
const HEADER: usize = 24;
const FRAME: usize = CHUNK + 20;

/// All that a pipe holds, at most.
const PIPE: usize = MIB;

/// In silence, as other filters; or with success, where all was written before.
#[track_caller]
fn ends_quietly(ended: &Ended, may_be_done: bool, what: &str) {
    assert_eq!(ended.stderr(), "", "{what}");
    let killed = ended.output.status.signal() == Some(Signal::SIGPIPE as i32);
    let done = may_be_done && ended.code() == Some(0);
    assert!(killed || done, "{what}: {:?}", ended.output.status);
}

#[test]
fn a_reader_that_takes_some_of_it() {
    let dir = both(LEN);
    // Of a known size, it needs no empty chunk in the end.
    let long = HEADER + LEN / CHUNK * FRAME;
    let header = [0, 10, HEADER];
    let sealing = [
        HEADER + 100,
        HEADER + FRAME,
        HEADER + 5 * FRAME + 7,
        long - 10,
        long,
    ];
    let opening = [0, 1, CHUNK - 1, CHUNK, 5 * CHUNK + 7, LEN - 10, LEN];
    let sealing: Vec<_> = header.into_iter().chain(sealing).collect();
    for (line, all, phases) in [
        ("seal -c 64KiB -k env:TEST_KEY plain", long, &sealing[..]),
        ("open -k env:TEST_KEY sealed", LEN, &opening),
        (
            "rekey --reseal -k env:TEST_KEY --new-key env:OTHER_KEY sealed",
            LEN,
            &header,
        ),
    ] {
        for &taken in phases {
            let (mut out, stdout) = io::pipe().unwrap();
            let job = fetool(words(line)).within(&dir).stdout(stdout).start();
            out.read_exact(&mut vec![0; taken]).unwrap();
            drop(out);
            let rest = all - taken;
            ends_quietly(&job.end(), rest <= PIPE, &format!("{line}: {taken} bytes"));
        }
    }
}

#[test]
fn a_reader_that_is_gone_before_the_start() {
    let dir = both(1000);
    dexios(&dir);
    for line in [
        "seal -k env:TEST_KEY plain",
        "open -k env:TEST_KEY sealed",
        "inspect --verify -k env:TEST_KEY sealed",
        "check -q --json -k env:TEST_KEY sealed sealed",
        "header save sealed",
        "rekey --list f",
        "rekey --reseal -k env:TEST_KEY --new-key env:OTHER_KEY sealed",
    ] {
        let (out, stdout) = io::pipe().unwrap();
        drop(out);
        let job = fetool(words(line)).within(&dir).stdout(stdout);
        job.run().dies_of(Signal::SIGPIPE);
    }
}

/// What feeds it goes away, when it has read so much.
#[test]
fn a_writer_that_goes_away() {
    let plain = data(200_000);
    let whole = sealed(&plain, "64KiB");
    let feed = |line: &str, bytes: &[u8]| {
        let (stdin, mut feed) = io::pipe().unwrap();
        let job = fetool(words(line)).stdin(stdin).start();
        feed.write_all(bytes).unwrap();
        // Now it waits for more.
        thread::sleep(Duration::from_millis(5));
        drop(feed);
        job.end()
    };
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, plain.len()] {
        let ended = feed("seal -c 64KiB -k env:TEST_KEY", &plain[..len]);
        let found = crate::cli_common::opened(ended.succeeds());
        assert!(found == plain[..len], "{len} bytes");
    }
    for len in [
        0,
        2,
        HEADER - 1,
        HEADER,
        HEADER + 3,
        HEADER + 100,
        HEADER + FRAME,
        HEADER + FRAME + 2,
        whole.len() - 1,
    ] {
        let open = feed("open -k env:TEST_KEY", &whole[..len]);
        assert_eq!(open.code(), Some(5), "{len} bytes: {}", open.stderr());
        let chunks = len.saturating_sub(HEADER) / FRAME;
        assert!(open.output.stdout == plain[..chunks * CHUNK], "{len} bytes");
        // The structure is shown as far as it goes.
        for line in ["inspect", "inspect --verify -k env:TEST_KEY"] {
            let inspect = feed(line, &whole[..len]);
            assert_eq!(
                inspect.code(),
                Some(5),
                "{line}, {len} bytes: {}",
                inspect.stderr()
            );
        }
    }
}

/// Both at once: nobody reads any more, and nothing more comes.
#[test]
fn both_sides_at_once() {
    let plain = data(LEN);
    for (verb, input) in [("seal", plain.clone()), ("open", sealed(&plain, "64KiB"))] {
        let (stdin, mut feed) = io::pipe().unwrap();
        let (mut out, stdout) = io::pipe().unwrap();
        let job = fetool([verb, "-k", K]).stdin(stdin).stdout(stdout).start();
        let feeding = thread::spawn(move || drop(feed.write_all(&input[..input.len() - 100])));
        out.read_exact(&mut [0; 24]).unwrap();
        drop(out);
        let ended = job.end();
        feeding.join().unwrap();
        ends_quietly(&ended, false, verb);
    }
}
