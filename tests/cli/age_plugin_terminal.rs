//! Plugins that ask on the terminal, and signals meanwhile.

use crate::age_plugin::{dir, install, run, with_plugin};
use crate::cli_common::screen::Screen;
use crate::cli_common::{Dir, fetool, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

/// A directory with a plugin that does what the script says, and with sealed files.
fn scripted(then: &str) -> Dir {
    let dir = dir();
    install(&dir, "scripted", "scripted");
    dir.write("bin/first", "");
    let started = "echo $$ > \"$here/starting\" && mv \"$here/starting\" \"$here/pid\"\n";
    dir.write("bin/then", format!("{started}{then}"));
    run(&dir, "seal --to @me plain -o tree/f.age").succeeds();
    dir
}

fn on_terminal(dir: &Dir, line: &str) -> Screen {
    let fetool = with_plugin(fetool(line.split(' ')), dir);
    fetool
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .on_terminal()
}

/// Waits until the plugin has ended.
#[track_caller]
fn is_gone(dir: &Dir) {
    let pid = String::from_utf8(dir.read("bin/pid")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap());
    until("the plugin has ended", || kill(pid, None).is_err());
    fs::remove_file(dir.path("bin/pid")).unwrap();
}

const ONE: &str = "open --plugin scripted tree/f.age";
const TREE: &str = "open -r --plugin scripted tree -O out";

#[test]
fn a_signal_at_a_plugins_question_gives_the_terminal_back() {
    let dir = scripted("ask '-> request-secret' UElO\n");
    for line in [ONE, TREE] {
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            let screen = on_terminal(&dir, line);
            screen.answers("age-plugin-scripted: PIN ", "");
            screen.job.signal(signal);
            until("the echo is back", || screen.echoes());
            let (ended, _) = screen.end();
            assert_eq!(ended.output.status.signal(), Some(signal as i32));
            is_gone(&dir);
        }
        // Which the plugin gets as well. What was typed before it comes to the terminal in this order, and so is not
        // echoed.
        let screen = on_terminal(&dir, line);
        screen.answers("age-plugin-scripted: PIN ", "12\x03");
        until("the echo is back", || screen.echoes());
        let (ended, seen) = screen.end();
        assert_eq!(ended.output.status.signal(), Some(Signal::SIGINT as i32));
        assert!(!seen.contains("12"), "{seen:?}");
        is_gone(&dir);
    }
    assert!(!dir.path("out/tree/f").exists());
    // One whose answer is shown, in a tree, which would otherwise wait for it.
    let dir = scripted("ask '-> confirm WWVz Tm8' U3VyZT8\n");
    let screen = on_terminal(&dir, TREE);
    screen.shows("age-plugin-scripted: Sure? (y for Yes, n for No): ");
    screen.types("perhaps\n");
    let question = "n for No): perhaps\r\nage-plugin-scripted: Sure?";
    screen.shows(question);
    screen.job.signal(Signal::SIGTERM);
    assert_eq!(
        screen.end().0.output.status.signal(),
        Some(Signal::SIGTERM as i32)
    );
    is_gone(&dir);
}

#[test]
fn a_tree_that_waits_for_a_plugin_is_terminated() {
    let dir = scripted("exec sleep 60\n");
    let job = with_plugin(fetool(TREE.split(' ')), &dir).start();
    until("the plugin is started", || dir.path("bin/pid").exists());
    job.signal(Signal::SIGTERM);
    let ended = job.end();
    let said = ended.stderr();
    let first = "fetool: ending after the files in work; a second SIGTERM ends at once\n";
    assert!(said.starts_with(first), "{said}");
    is_gone(&dir);
    assert!(!dir.path("out/tree/f").exists());
}

/// Each has the terminal for itself, whichever thread it asks from.
#[test]
fn questions_come_one_after_the_other() {
    let dir = scripted("ask '-> request-secret' UElO\n");
    install(&dir, "scripted", "other");
    let line = "open -r -j 2 --plugin scripted --plugin other tree -O out";
    let screen = on_terminal(&dir, line);
    screen.answers("age-plugin-other: PIN ", "1\n");
    screen.answers("age-plugin-scripted: PIN ", "2\n");
    until("the echo is back", || screen.echoes());
    assert_eq!(screen.end().0.code(), Some(3));
    let log = String::from_utf8(dir.read("bin/log")).unwrap();
    assert!(
        log.contains("-> ok\nMQ\n") && log.contains("-> ok\nMg\n"),
        "{log}"
    );
}
