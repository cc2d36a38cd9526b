//! The progress line of a terminal: what it shows, what it leaves behind, and whom it gives way to.

#[cfg(feature = "age-plugin")]
use crate::age_plugin;
use crate::cli_common::screen::Screen;
use crate::cli_common::{Dir, Fetool, K, MIB, data, fetool, shell};
use nix::sys::signal::Signal;
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, PipeWriter, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

const ERASE: &str = "\r\x1b[2K";

/// Seals a file of which half is worked on, on a terminal: the last chunk that is there waits for what
/// follows.
fn half(dir: &Dir, name: &str) -> (Screen, File) {
    let path = dir.fifo(name);
    let screen = fetool(["seal", "-k", K, "--size=4MiB", name])
        .within(dir)
        .stdout(Stdio::null())
        .on_terminal();
    let mut feed = OpenOptions::new().write(true).open(path).unwrap();
    feed.write_all(&data(3 * MIB)).unwrap();
    (screen, feed)
}

/// Seals the files of a list that is not at its end, on a terminal.
fn listed(dir: &Dir, program: Fetool, names: &str) -> (Screen, PipeWriter) {
    let (stdin, mut feed) = io::pipe().unwrap();
    let screen = program.within(dir).stdin(stdin).on_terminal();
    feed.write_all(names.as_bytes()).unwrap();
    (screen, feed)
}

fn list(more: &[&str]) -> Fetool {
    fetool(["seal", "-k", K, "--files0-from=-"]).args(more)
}

#[test]
fn the_line_has_percentage_and_name_and_fits_the_terminal() {
    let dir = Dir::new();
    let name = "a file with a long name, longer than its share of the line.bin";
    let (screen, feed) = half(&dir, name);
    screen.shows("50%, 2.00 MiB of 4.00 MiB");
    screen.shows("share of the line.bin");
    for columns in [30, 12, 140] {
        screen.resize(columns);
        let before = screen.seen().matches(ERASE).count();
        // The first drawing may be of before.
        crate::cli_common::until("it was drawn thrice", || {
            screen.seen().matches(ERASE).count() > before + 3
        });
        let seen = screen.seen();
        let lines: Vec<_> = seen.split(ERASE).collect();
        // The last one may not be whole yet.
        for line in &lines[before + 2..lines.len() - 1] {
            assert!(line.starts_with("50%"), "{line:?}");
            assert!(line.len() < usize::from(columns), "{columns}: {line:?}");
        }
    }
    screen.shows(name);
    drop(feed);
    let (ended, seen) = screen.end();
    assert_eq!(ended.code(), Some(1), "{seen}");
    // The message is not written into the line.
    let (_, message) = seen.rsplit_once(ERASE).unwrap();
    let start = format!("fetool: {name}: ");
    assert!(message.starts_with(&start) || message.is_empty(), "{seen}");
}

#[test]
fn an_interrupt_leaves_no_line() {
    let dir = Dir::new();
    let (screen, _feed) = half(&dir, "x");
    screen.shows("50%");
    screen.types("\x03");
    let (ended, seen) = screen.end();
    assert_eq!(ended.output.status.signal(), Some(Signal::SIGINT as i32));
    assert!(seen.ends_with(ERASE), "{seen:?}");
}

#[test]
fn an_interrupted_run_says_how_far_it_came_and_what_to_do() {
    let cases: [(&[&str], &str); 3] = [
        (
            &[],
            "run the same command again with --skip-existing to do the rest",
        ),
        (
            &["--skip-existing"],
            "run the same command again to do the rest",
        ),
        (
            &["--force"],
            "run the same command again, which does all files anew",
        ),
    ];
    for (options, hint) in cases {
        let dir = Dir::new();
        dir.write("x", "x");
        dir.write("y", "y");
        let (screen, _feed) = listed(&dir, list(options), "x\0y\0");
        screen.shows("2 files, 2 B, ");
        screen.types("\x03");
        let (ended, seen) = screen.end();
        assert_eq!(ended.output.status.signal(), Some(Signal::SIGINT as i32));
        let words =
            format!("{ERASE}fetool: interrupted: sealed 2 files\r\nfetool: hint: {hint}\r\n");
        assert!(seen.ends_with(&words), "{seen:?}");
        dir.holds_only(&["x", "x.gfe", "y", "y.gfe"]);
    }
}

#[test]
fn messages_are_printed_above_the_line() {
    let dir = Dir::new();
    dir.write("x", "x");
    let (screen, mut feed) = listed(&dir, list(&["-v"]), "x\0");
    screen.shows("1 file, 1 B, ");
    feed.write_all(b"nope\0").unwrap();
    let message = format!("{ERASE}fetool: nope: no such file or directory\r\n");
    screen.shows(&message);
    drop(feed);
    let (ended, seen) = screen.end();
    assert_eq!(ended.code(), Some(1));
    let summary = "fetool: sealed 1 file, 1 B, 0 skipped, 1 failed, in ";
    let (before, _) = seen.split_once(summary).unwrap();
    assert!(
        before.ends_with(ERASE) || before.ends_with('\n'),
        "{seen:?}"
    );
}

#[test]
fn a_dumb_terminal_gets_no_escape_sequences() {
    for term in ["dumb", ""] {
        let (dir, other) = (Dir::new(), Dir::new());
        dir.write("x", "x");
        other.write("x", "x");
        // Plain lines are for those who ask for them.
        let program = list(&["--progress=always"]).env("TERM", term);
        let (loud, feed) = listed(&dir, program, "x\0");
        let (quiet, quiet_feed) = listed(&other, list(&[]).env("TERM", term), "x\0");
        loud.shows("fetool: 1 file, 1 B, ");
        drop((feed, quiet_feed));
        let (ended, seen) = loud.end();
        assert_eq!(ended.code(), Some(0), "{seen}");
        assert!(!seen.contains('\x1b'), "{seen:?}");
        let (ended, seen) = quiet.end();
        assert_eq!(ended.code(), Some(0), "{seen}");
        assert_eq!(seen.lines().count(), 1, "{seen:?}");
    }
    for args in [&["--help"][..], &["sael"], &["seal", "--nope"]] {
        let (_, seen) = fetool(args).env("TERM", "dumb").on_terminal().end();
        assert!(!seen.contains('\x1b') && !seen.is_empty(), "{seen:?}");
    }
}

/// As pagers do, which have the terminal for themselves and read single keys from it.
#[test]
fn nothing_is_drawn_while_another_program_has_the_terminal() {
    let script = r#"stty -icanon -echo; exec "$FETOOL" "$@""#;
    let (stdin, mut feed) = io::pipe().unwrap();
    let screen = shell(script, ["seal", "-k", K])
        .stdin(stdin)
        .stdout(Stdio::null())
        .on_terminal();
    // The script has no terminal as standard input.
    let set = |on: bool| {
        let mut settings = tcgetattr(&screen.other_side).unwrap();
        let flags = LocalFlags::ICANON | LocalFlags::ECHO;
        settings.local_flags.set(flags, on);
        tcsetattr(&screen.other_side, SetArg::TCSANOW, &settings).unwrap();
    };
    set(false);
    feed.write_all(&data(2 * MIB)).unwrap();
    // Longer than the patience with which the line waits.
    thread::sleep(Duration::from_millis(800));
    let seen = screen.seen();
    assert!(!seen.contains("MiB"), "{seen:?}");
    set(true);
    screen.shows("1.00 MiB, ");
    // And it is left as it is when the terminal is taken then.
    set(false);
    drop(feed);
    let (ended, seen) = screen.end();
    ended.succeeds();
    let after = seen.rsplit_once("MiB").unwrap().1;
    assert!(!after.contains(ERASE), "{seen:?}");
}

/// In a locale of UTF-8 names are shown as they are, and in others as ASCII.
#[test]
fn names_are_shown_in_the_locale() {
    for (locale, shown) in [("C", ": x?.bin"), ("C.UTF-8", ": xß.bin")] {
        let dir = Dir::new();
        let path = dir.fifo("xß.bin");
        let screen = fetool(["seal", "-k", K, "xß.bin"])
            .env("LC_ALL", locale)
            .within(&dir)
            .stdout(Stdio::null())
            .on_terminal();
        let mut feed = OpenOptions::new().write(true).open(path).unwrap();
        feed.write_all(&data(MIB)).unwrap();
        screen.shows(shown);
        drop(feed);
        screen.end().0.succeeds();
    }
}

/// An output for people on the same terminal is no part of the line.
#[test]
fn lines_of_json_are_not_written_into_the_line() {
    let dir = Dir::new();
    dir.write("x", "x");
    let (screen, mut feed) = listed(&dir, list(&["--json"]), "x\0");
    screen.shows("1 file, 1 B, ");
    feed.write_all(b"x\0").unwrap();
    let json = r#"{"path":"x","#;
    screen.shows(&format!("{ERASE}{json}"));
    drop(feed);
    let (ended, _) = screen.end();
    assert_eq!(ended.code(), Some(1));
}

/// Files, bytes, rate and time left of a whole tree, in one line that is taken away at the end.
#[test]
fn the_bar_of_a_tree() {
    let dir = Dir::new();
    std::fs::create_dir(dir.path("t")).unwrap();
    for name in ["a", "b"] {
        dir.write(format!("t/{name}"), data(MIB));
    }
    // Another run has the directory, so this one waits for as long as it is looked at.
    std::fs::create_dir(dir.path("out")).unwrap();
    let other = dir.open("out");
    other.lock().unwrap();
    let args = [
        "seal", "-r", "--update", "--wait", "-k", K, "t", "-O", "out",
    ];
    let screen = fetool(args).within(&dir).on_terminal();
    screen.shows("fetool: out: waiting for another run to end\r\n");
    other.unlock().unwrap();
    let (ended, seen) = screen.end();
    assert_eq!(ended.code(), Some(0), "{seen}");
    // It was over before anything had to be drawn.
    assert!(!seen.contains(ERASE), "{seen:?}");
    assert!(
        seen.contains("fetool: sealed 2 files, updated 0, 2.00 MiB, "),
        "{seen}"
    );

    let (stdin, mut feed) = io::pipe().unwrap();
    let args = [
        "seal",
        "-k",
        K,
        "--files0-from=-",
        "--update",
        "-O",
        "other",
    ];
    let screen = fetool(args).within(&dir).stdin(stdin).on_terminal();
    feed.write_all(b"t/a\0").unwrap();
    // The list is not at its end, so nobody knows how much there is.
    screen.shows("1 file, 1.00 MiB, ");
    feed.write_all(b"t/b\0").unwrap();
    drop(feed);
    let (ended, seen) = screen.end();
    assert_eq!(ended.code(), Some(0), "{seen}");
    let all = "100%, 2 of 2 files, 2.00 MiB of 2.00 MiB, ";
    assert!(seen.contains(all), "{seen:?}");
    let (_, rest) = seen.rsplit_once(ERASE).expect("it was drawn");
    assert!(
        rest.starts_with("fetool: sealed 2 files, updated 0, 2.00 MiB, "),
        "{seen:?}"
    );
}

/// Seals a tree of 1500 files of 10 bytes, on a terminal. The plugin starts with this line of a script.
#[cfg(feature = "age-plugin")]
fn tree_with_plugin(dir: &Dir, first: &str, more: &[&str]) -> Screen {
    dir.write("bin/first", first);
    for number in 0..1500 {
        dir.write(format!("tree/{number}"), "1234567890");
    }
    let program = fetool(["seal", "-r", "--plugin", "toy", "tree", "-O", "out"]).args(more);
    age_plugin::with_plugin(program, dir).on_terminal()
}

/// How much there is to do is known long before the last file is handed to a worker. This one waits for a
/// plugin, and no worker has a file yet.
#[cfg(feature = "age-plugin")]
#[test]
fn the_total_is_counted_while_work_goes_on() {
    let dir = age_plugin::dir();
    // The second start is for the files.
    let slow = "[ $(wc -l <$here/starts) = 1 ] || sleep 60\n";
    let screen = tree_with_plugin(&dir, slow, &[]);
    screen.shows("0%, 0 of 1500 files, 0 B of 14.65 KiB, 0 B/s");
    screen.types("\x03");
    let (ended, seen) = screen.end();
    let signal = ended.output.status.signal();
    assert_eq!(signal, Some(Signal::SIGINT as i32), "{seen}");
    assert!(seen.contains("+ files, 0 B, 0 B/s"), "{seen}");
}

/// A list of patterns comes from a pipe, which is read once and not again for the total.
#[cfg(feature = "age-plugin")]
#[test]
fn patterns_from_a_pipe() {
    let dir = age_plugin::dir();
    dir.fifo("patterns");
    let writer = {
        let pipe = dir.path("patterns");
        std::thread::spawn(move || std::fs::write(pipe, "9*\n").unwrap())
    };
    let slow = "[ $(wc -l <$here/starts) = 2 ] && sleep 2\n";
    let screen = tree_with_plugin(&dir, slow, &["--exclude-from", "patterns"]);
    screen.shows("of 1389 files");
    let (ended, seen) = screen.end();
    assert_eq!(ended.code(), Some(0), "{seen}");
    assert!(seen.contains("sealed 1389 files"), "{seen}");
    writer.join().unwrap();
}
