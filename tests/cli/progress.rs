//! `--progress`, `--verbose` and `--quiet` where standard error is no terminal.

use crate::cli_common::{
    Dir, Fetool, Job, K, MIB, VECTOR_KEY, data, fetool, opened, sealed, vector,
};
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write};

/// Starts it with a slow input: the first megabytes are there, the rest is not.
fn slow(fetool: Fetool) -> (Job, PipeWriter) {
    let (stdin, mut feed) = io::pipe().unwrap();
    let job = fetool.stdin(stdin).start();
    feed.write_all(&data(2 * MIB)).unwrap();
    (job, feed)
}

/// The same with progress, and the first line of it: by then any work has taken long enough.
fn slow_with_progress(args: &[&str]) -> (Job, PipeWriter, BufReader<PipeReader>, String) {
    let (err, stderr) = io::pipe().unwrap();
    let sealing = fetool(["seal", "-k", K, "--progress=always"]).args(args);
    let (job, feed) = slow(sealing.stderr(stderr));
    let mut err = BufReader::new(err);
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    (job, feed, err, line)
}

#[test]
fn long_work_prints_plain_lines_when_asked_to() {
    for (args, of) in [(&[][..], ""), (&["--size", "2MiB"], " of 2.00 MiB")] {
        let with_size = !of.is_empty();
        let (job, feed, mut err, line) = slow_with_progress(args);
        drop(feed);
        let bytes = job.end().succeeds();
        // Progress is no part of the data.
        assert!(opened(bytes) == data(2 * MIB));
        let mut lines = line;
        io::Read::read_to_string(&mut err, &mut lines).unwrap();
        for line in lines.lines() {
            let text = line.strip_prefix("fetool: ").expect("it says who speaks");
            let text = match text.split_once("%, ") {
                Some((percentage, rest)) => {
                    assert!(
                        ["0", "50", "100"].contains(&percentage) && with_size,
                        "{line}"
                    );
                    rest
                }
                None => text,
            };
            let (done, rest) = text.split_once(", ").expect("two numbers");
            let zero = done.starts_with("0 B");
            assert!(done.ends_with(&format!("iB{of}")) || zero, "{line}");
            let rate = rest.split_once(", ").map_or(rest, |(rate, left)| {
                assert!(left.ends_with(" left") && with_size, "{line}");
                rate
            });
            assert!(rate.ends_with("B/s"), "{line}");
            assert!(!line.contains(['\x1b', '\r']), "{line}");
        }
    }
}

/// The list of files comes slowly, so that there is time to say how far it is.
#[test]
fn a_long_run_over_files_prints_lines_when_asked_to() {
    let dir = Dir::new();
    dir.write("one", "12345");
    let ((names, mut list), (err, stderr)) = (io::pipe().unwrap(), io::pipe().unwrap());
    let job = fetool(["seal", "-k", K, "--progress=always", "--files0-from", "-"])
        .within(&dir)
        .stdin(names)
        .stderr(stderr)
        .start();
    list.write_all(b"one\0").unwrap();
    let mut lines = BufReader::new(err).lines().map(Result::unwrap);
    let line = lines.next().expect("a line");
    assert!(
        line.starts_with("fetool: 1 file, 5 B, ") && line.ends_with("B/s"),
        "{line}"
    );
    drop(list);
    job.end().succeeds();
    assert_eq!(opened(dir.read("one.gfe")), b"12345");
    // The last line says what was done since, and is not waited for.
    let last = lines.next().expect("one more line");
    assert!(
        last.starts_with("fetool: 100%, 1 of 1 file, 5 B of 5 B, "),
        "{last}"
    );
    let summary = lines.next().expect("the summary");
    assert!(
        summary.starts_with("fetool: sealed 1 file, 5 B, "),
        "{summary}"
    );
    assert_eq!(lines.next(), None);
}

#[test]
fn nothing_is_printed_when_not_asked_to() {
    let quiet = [
        slow(fetool(["seal", "-k", K])),
        slow(fetool(["seal", "-k", K, "--progress", "auto"])),
        slow(fetool(["seal", "-k", K, "--progress", "never"])),
    ];
    let (job, feed, _err, line) = slow_with_progress(&[]);
    assert!(!line.is_empty());
    drop(feed);
    job.end().succeeds();
    for (job, feed) in quiet {
        drop(feed);
        job.end().succeeds();
    }
}

/// Nobody waits for the next line at the end, and no thread waits to draw where nothing is drawn.
#[test]
fn the_thread_that_draws() {
    let threads = |job: &Job| -> Vec<String> {
        let all = std::fs::read_dir(format!("/proc/{}/task", job.pid())).unwrap();
        let name = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("comm"));
        all.flatten()
            .filter_map(|thread| name(thread).ok())
            .collect()
    };
    for (option, is_there) in [("auto", false), ("always", true)] {
        let (stdin, mut feed) = io::pipe().unwrap();
        let (mut out, stdout) = io::pipe().unwrap();
        let sealing = fetool(["seal", "-k", K, "--progress", option]);
        let job = sealing.stdin(stdin).stdout(stdout).start();
        feed.write_all(&data(2 * MIB)).unwrap();
        // The header comes out when everything is ready.
        io::Read::read_exact(&mut out, &mut [0; 24]).unwrap();
        let there = threads(&job).iter().any(|name| name == "progress\n");
        assert_eq!(there, is_there, "{option}: {:?}", threads(&job));
        drop((feed, out));
        job.end();
    }
}

#[test]
fn never_and_quiet_draw_no_bar() {
    let start = |option: &str| {
        let (stdin, mut feed) = io::pipe().unwrap();
        let screen = fetool(["seal", "-k", K, option])
            .stdin(stdin)
            .stdout(std::process::Stdio::null())
            .on_terminal();
        feed.write_all(&data(2 * MIB)).unwrap();
        (screen, feed)
    };
    let silent = ["--progress=never", "--quiet"].map(start);
    let (loud, feed) = start("--progress=auto");
    loud.shows("MiB");
    drop(feed);
    loud.end().0.succeeds();
    for (screen, feed) in silent {
        drop(feed);
        let (ended, seen) = screen.end();
        ended.succeeds();
        assert_eq!(seen, "");
    }
}

#[test]
fn short_work_prints_no_progress() {
    // `succeeds` demands that nothing is said.
    let bytes = fetool(["seal", "-k", K, "--progress=always"])
        .input("data")
        .run();
    let opening = fetool(["open", "-k", K, "--progress=always"]);
    assert_eq!(opening.input(bytes.succeeds()).run().succeeds(), b"data");
}

#[test]
fn verbose_says_what_was_done() {
    let ended = fetool(["seal", "-k", K, "-v", "-c", "2"])
        .input("data")
        .run();
    let said = ended.stderr();
    let bytes = ended.succeeds_saying(&said);
    let start = "fetool: stdin: sealed as gfe: 4 B, 3 chunks, in ";
    assert!(said.starts_with(start) && said.ends_with("/s)\n"), "{said}");
    assert_eq!(said.lines().count(), 1);
    let ended = fetool(["open", "-k", K, "--verbose"]).input(bytes).run();
    let said = ended.stderr();
    assert_eq!(ended.succeeds_saying(&said), b"data");
    let start = "fetool: stdin: opened as gfe (counter suffix, the size field is associated data): 4 B, 3 chunks, in ";
    assert!(said.starts_with(start) && said.ends_with("/s)\n"), "{said}");
    assert_eq!(said.lines().count(), 1);
    let ended = fetool(["seal", "-k", K, "-v", "-q"]).run();
    assert_eq!((ended.code(), ended.stdout().as_str()), (Some(2), ""));
}

const UNKNOWN: &str = "the length is not authenticated: a cut between two chunks cannot be noticed";

#[test]
fn quiet_gives_no_warnings() {
    let stream = vector("gfe_stream_5000_c1000.gfe");
    let open = |args: &[&str]| {
        fetool(["open", "-k", VECTOR_KEY])
            .args(args)
            .arg(&stream)
            .run()
    };
    let warning = format!("fetool: {}: warning: {UNKNOWN}\n", stream.display());
    let loud = open(&[]).succeeds_saying(&warning);
    assert_eq!(loud.len(), 5000);
    assert_eq!(open(&["--quiet"]).succeeds(), loud);
    assert_eq!(open(&["--check", "-q"]).succeeds(), b"");
    open(&["--check"]).succeeds_saying(&warning);
}

#[test]
fn strict_refuses_what_is_warned_of() {
    let dir = crate::cli_common::Dir::new();
    let stream = vector("gfe_stream_5000_c1000.gfe");
    let message = format!(
        "fetool: {}: {UNKNOWN}, refused by --strict\n",
        stream.display()
    );
    for args in [&[][..], &["-q"], &["-o", "out"], &["--check"]] {
        fetool(["open", "--strict", "-k", VECTOR_KEY])
            .args(args)
            .arg(&stream)
            .within(&dir)
            .run()
            .fails(4, &message);
    }
    dir.holds_only(&[]);
    // And nothing else.
    let strict = fetool(["open", "--strict", "-k", K]);
    assert_eq!(strict.input(sealed(b"data", "3")).run().succeeds(), b"data");
    let strict = fetool(["open", "--strict", "-k", VECTOR_KEY]).arg(vector("gfe_file_17_c16.gfe"));
    assert_eq!(strict.run().succeeds().len(), 17);
}
