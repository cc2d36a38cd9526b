//! Pipes whose other end goes away, stays silent or does not block.

use crate::cli_common::{Dir, K, KEY, MIB, data, fetool, opened, sealed, until};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

/// A pipe that holds these bytes and stays open without more of them.
fn idle_after(bytes: &[u8]) -> (io::PipeReader, thread::JoinHandle<PipeWriter>) {
    let (reader, mut writer) = io::pipe().unwrap();
    let bytes = bytes.to_vec();
    let feeding = thread::spawn(move || {
        // It may end before it has read all.
        let _ = writer.write_all(&bytes);
        writer
    });
    (reader, feeding)
}

fn unblock(pipe: impl AsFd) {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
}

#[test]
fn a_reader_that_goes_away_ends_it_in_silence() {
    let dir = Dir::new();
    let plain = data(4 * MIB);
    dir.write("plain", &plain);
    dir.write("sealed", sealed(&plain, "64KiB"));
    for (command, input) in [("seal", "plain"), ("open", "sealed")] {
        for wanted in [0, 1, 100_000] {
            let (mut out, stdout) = io::pipe().unwrap();
            let job = fetool([command, "-k", K, input])
                .within(&dir)
                .stdout(stdout)
                .start();
            out.read_exact(&mut vec![0; wanted]).unwrap();
            drop(out);
            job.end().dies_of(Signal::SIGPIPE);
        }
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_while_the_input_is_idle() {
    let plain = data(5 * MIB);
    let sealed = sealed(&plain, "64KiB");
    for (command, input) in [("seal", &plain), ("open", &sealed)] {
        for wanted in [0, 24, MIB] {
            // Without the end, so that more could come.
            let (stdin, feeding) = idle_after(&input[..5 * MIB]);
            let (mut out, stdout) = io::pipe().unwrap();
            let job = fetool([command, "-k", K])
                .stdin(stdin)
                .stdout(stdout)
                .start();
            out.read_exact(&mut vec![0; wanted]).unwrap();
            drop(out);
            job.end().dies_of(Signal::SIGPIPE);
            // The input was open all the time.
            drop(feeding.join().unwrap());
        }
    }
}

#[test]
fn a_reader_of_what_is_printed_goes_away() {
    for args in [
        &["keygen"][..],
        &["help"],
        &["help", "open"],
        &["--help"],
        &["--version"],
        &["generate", "bash"],
        &["generate", "man"],
        &["inspect", "tests/vectors/gfe_file_17_c16.gfe"],
        &["inspect", "--json", "tests/vectors/gfe_file_17_c16.gfe"],
    ] {
        let (out, stdout) = io::pipe().unwrap();
        drop(out);
        fetool(args).stdout(stdout).run().dies_of(Signal::SIGPIPE);
    }
}

#[test]
fn a_reader_of_messages_goes_away() {
    let (err, stderr) = io::pipe().unwrap();
    drop(err);
    let ended = fetool(["open", "-k", K])
        .input("garbage")
        .stderr(stderr)
        .run();
    assert_eq!(ended.code(), Some(4));
}

#[test]
fn a_failure_at_the_beginning_ends_opening_while_the_input_is_idle() {
    let dir = Dir::new();
    let plain = data(5 * MIB);
    let good = sealed(&plain, "1MiB");
    let frame = |i: usize| 24 + i * (MIB + 20);
    let mut garbage = good.clone();
    garbage[0] = b'X';
    // As the chunk size of a format without a magic number this is too much to wait for.
    garbage[8] = 0xff;
    let tampered = |i: usize| {
        let mut bytes = good.clone();
        bytes[frame(i) + 4] ^= 1;
        bytes
    };
    let mut malformed = good.clone();
    malformed[frame(1)..][..4].copy_from_slice(&7_u32.to_be_bytes());
    for (bytes, status, chunks) in [
        (tampered(0), 3, 0),
        (tampered(1), 3, 1),
        (tampered(2), 3, 2),
        (malformed, 4, 1),
        (garbage, 4, 0),
    ] {
        let start = |args: &[&str]| {
            let (stdin, feeding) = idle_after(&bytes[..frame(4)]);
            let ended = fetool(["open", "-k", K])
                .args(args)
                .within(&dir)
                .stdin(stdin)
                .run();
            drop(feeding.join().unwrap());
            let stderr = ended.stderr();
            assert!(stderr.starts_with("fetool: stdin: "), "{stderr}");
            ended.fails_after_output(status, &stderr)
        };
        assert!(start(&[]) == plain[..chunks * MIB]);
        assert_eq!(start(&["-o", "out"]), b"");
        dir.holds_only(&[]);
    }
}

#[test]
fn a_wrong_key_ends_opening_as_soon_as_a_chunk_is_there() {
    let (stdin, feeding) = idle_after(&sealed(&data(70_000), "64KiB")[..66_000]);
    let ended = fetool(["open", "-k", crate::cli_common::OTHER])
        .stdin(stdin)
        .run();
    drop(feeding.join().unwrap());
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(3), ""));
}

#[test]
fn a_full_disk_ends_it_while_the_input_is_idle() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let (stdin, feeding) = idle_after(&data(5 * MIB));
    fetool(["seal", "-k", K])
        .stdin(stdin)
        .stdout(full)
        .run()
        .fails(1, "fetool: stdout: no space left on device\n");
    drop(feeding.join().unwrap());
}

#[test]
fn pipes_that_do_not_block() {
    let plain = data(3 * MIB + 1);
    let (stdin, mut feed) = io::pipe().unwrap();
    let (mut out, stdout) = io::pipe().unwrap();
    unblock(&stdin);
    unblock(&stdout);
    let job = fetool(["seal", "-k", K, "-c", "64KiB"])
        .stdin(stdin)
        .stdout(stdout)
        .start();
    // The header is there before any data, which is then waited for.
    let mut bytes = vec![0; 24];
    out.read_exact(&mut bytes).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for part in plain.chunks(10_000) {
                feed.write_all(part).unwrap();
            }
            drop(feed);
        });
        out.read_to_end(&mut bytes).unwrap();
    });
    job.end().succeeds();

    let (stdin, feeding) = idle_after(&bytes);
    unblock(&stdin);
    let (mut out, stdout) = io::pipe().unwrap();
    unblock(&stdout);
    let job = fetool(["open", "-k", K])
        .stdin(stdin)
        .stdout(stdout)
        .start();
    drop(feeding.join().unwrap());
    let mut back = Vec::new();
    out.read_to_end(&mut back).unwrap();
    job.end().succeeds();
    assert!(back == plain);
}

#[test]
fn a_key_from_a_pipe_that_does_not_block() {
    let dir = Dir::new();
    dir.write("in", "data");
    let (stdin, mut feed) = io::pipe().unwrap();
    unblock(&stdin);
    let mut job = fetool(["seal", "-k", "@-", "in", "-o", "out"])
        .within(&dir)
        .stdin(stdin)
        .start();
    // Now it waits for the key, or has failed for want of it.
    until("the output is open", || {
        dir.temporary().is_some() || !job.runs()
    });
    for byte in KEY {
        let _ = feed.write_all(&[byte]);
    }
    drop(feed);
    job.end().succeeds();
    assert_eq!(opened(dir.read("out")), b"data");
}

#[test]
fn what_is_printed_to_a_pipe_that_does_not_block() {
    let vector = crate::cli_common::vector("gfe_file_17_c16.gfe");
    let paths = vec![vector; 200];
    let (mut out, stdout) = io::pipe().unwrap();
    unblock(&stdout);
    let full = stdout.try_clone().unwrap();
    let mut job = fetool(["inspect", "--json"])
        .args(&paths)
        .stdout(stdout)
        .start();
    until("the pipe is full", || {
        let mut writable = [PollFd::new(full.as_fd(), PollFlags::POLLOUT)];
        poll(&mut writable, PollTimeout::ZERO).unwrap() == 0 || !job.runs()
    });
    drop(full);
    let mut text = String::new();
    out.read_to_string(&mut text).unwrap();
    job.end().succeeds();
    assert_eq!(text.lines().count(), 200);
}

/// A reader that leaves ends the run, however many files wait to be told of.
#[test]
fn a_reader_of_check_leaves() {
    let dir = Dir::new();
    let file = sealed(b"text", "64KiB");
    std::fs::create_dir(dir.path("t")).unwrap();
    // Long lines: fetool makes the pipe as wide as it may be.
    let long = "l".repeat(230);
    for number in 0..5000 {
        dir.write(format!("t/{long}{number}.gfe"), &file);
    }
    let (mut out, stdout) = io::pipe().unwrap();
    let job = fetool(["check", "-r", "-q", "--json", "--jobs", "2", "t"])
        .within(&dir)
        .stdout(stdout)
        .start();
    // Until the pipe is full, and everybody waits.
    out.read_exact(&mut [0]).unwrap();
    thread::sleep(Duration::from_millis(500));
    drop(out);
    job.end().dies_of(Signal::SIGPIPE);
}
