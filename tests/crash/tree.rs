//! Runs over whole trees that are killed at any moment: no file is lost, and the next run makes the
//! tree whole.

use crate::cli_common::{Dir, data, fetool};
use crate::tree_common::*;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How often a run is killed.
fn kills() -> u32 {
    if big() { 50 } else { 10 }
}

/// Files of many sizes in several folders.
fn many(dir: &Dir) {
    let bytes = data(9 << 20);
    for number in 0..60_usize {
        let len = match number % 10 {
            9 => (1 << 20) + number * 100_000,
            8 => 100_000,
            7 => 0,
            _ => number * 37,
        };
        let name = format!("t/{}/{}/{number}", number % 3, number % 7);
        put(dir, name, &bytes[number..number + len]);
    }
}

/// A random number below `end`.
fn random(end: u64) -> u64 {
    let mut bytes = [0; 8];
    fetool::random(&mut bytes).unwrap();
    u64::from_le_bytes(bytes) % end
}

/// How long a whole run takes, roughly.
#[track_caller]
fn timed(work: impl FnOnce() -> crate::cli_common::Ended) -> Duration {
    let start = Instant::now();
    let ended = work();
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr());
    start.elapsed()
}

fn is_temporary(name: &Path) -> bool {
    let name = name.file_name().unwrap().to_string_lossy();
    name.starts_with(".fetool-") && name.ends_with(".tmp")
}

/// The files of a tree by what they hold: without folders and temporary files.
fn holdings(root: &Path) -> BTreeMap<PathBuf, Node> {
    let mut tree = walk(root);
    tree.retain(|name, node| matches!(node, Node::File { .. }) && !is_temporary(name));
    tree
}

/// Opens every sealed file, each by itself, to a folder that is new.
#[track_caller]
fn all_opened(dir: &Dir, sealed: &str) -> BTreeMap<PathBuf, Node> {
    let _ = fs::remove_dir_all(dir.path("check"));
    let source = format!("{sealed}/");
    let ended = open_tree(dir, &["-q", &source, "-O", "check"]).run();
    ended.succeeds();
    holdings(&dir.path("check"))
}

/// Kills a run after a random time, again and again, until it comes to its end by itself; each time
/// `check` looks at what is there. Returns how often it was killed.
fn kill_often(
    limit: Duration,
    start: impl Fn() -> crate::cli_common::Job,
    check: impl Fn(),
) -> u32 {
    let mut killed = 0;
    for _ in 0..8 {
        let job = start();
        thread::sleep(Duration::from_micros(random(limit.as_micros() as u64)));
        job.signal(Signal::SIGKILL);
        let ended = job.end();
        check();
        if ended.code() == Some(0) {
            break;
        }
        assert_eq!(ended.code(), None, "{}", ended.stderr());
        killed += 1;
    }
    killed
}

/// Kills runs of `verb` over fresh trees until there were enough. `make` makes a tree `from`, and the
/// run turns it into one in `to`.
#[track_caller]
fn storm(verb: &str, from: &str, to: Option<&str>, make: impl Fn(&Dir)) {
    let mut killed = 0;
    let mut options = vec![verb, "-q", "-r", "-k", KEY_FILE, "--remove-source"];
    let source = format!("{from}/");
    options.push(&source);
    if let Some(to) = to {
        options.extend(["-O", to]);
    }
    let to = to.unwrap_or(from);
    let sealing = verb == "seal";
    let mut limit = None;
    while killed < kills() {
        let dir = home();
        make(&dir);
        let begin = holdings(&dir.path(from));
        // What the tree holds, opened.
        let plain = if sealing {
            begin.clone()
        } else {
            all_opened(&dir, from)
        };
        let run = || fetool(&options).within(&dir);
        let limit = *limit.get_or_insert_with(|| {
            let whole = home();
            make(&whole);
            timed(|| fetool(&options).within(&whole).run())
        });
        killed += kill_often(
            limit,
            || run().start(),
            || nothing_is_lost(&dir, from, to, sealing, &plain),
        );
        // One more run makes it whole.
        let ended = run().run();
        let stderr = ended.stderr();
        assert_eq!(
            (ended.code(), stderr.as_str()),
            (Some(0), ""),
            "the last run"
        );
        assert!(
            !has_temporary(dir.path(from)),
            "{:?}",
            files(dir.path(from))
        );
        assert!(!has_temporary(dir.path(to)), "{:?}", files(dir.path(to)));
        let end = if sealing {
            all_opened(&dir, to)
        } else {
            holdings(&dir.path(to))
        };
        assert_eq!(end, plain);
        let left = if to == from { plain.len() } else { 0 };
        assert_eq!(holdings(&dir.path(from)).len(), left, "a source was left");
    }
}

/// Each file is there as a source that nobody touched, or as a replacement that opens to it.
#[track_caller]
fn nothing_is_lost(
    dir: &Dir,
    from: &str,
    to: &str,
    sealing: bool,
    plain: &BTreeMap<PathBuf, Node>,
) {
    let (plains, sealeds) = if sealing { (from, to) } else { (to, from) };
    // The time is the last that a file gets, before its name: what has its name has all.
    let mut there = BTreeMap::new();
    if dir.path(sealeds).exists() {
        there = all_opened(dir, sealeds);
    }
    for (name, node) in &there {
        assert_eq!(plain.get(name), Some(node), "the sealed {name:?}");
    }
    let unsealed = if dir.path(plains).exists() {
        holdings(&dir.path(plains))
    } else {
        BTreeMap::new()
    };
    for (name, node) in plain {
        match unsealed.get(name) {
            Some(found) => assert_eq!(found, node, "{name:?}"),
            None => assert!(there.contains_key(name), "{name:?} is lost"),
        }
    }
}

#[test]
fn sealing_beside_the_sources() {
    storm("seal", "t", None, many);
}

#[test]
fn sealing_to_another_directory() {
    storm("seal", "t", Some("out"), many);
}

#[test]
fn opening_beside_the_sources() {
    storm("open", "t", None, |dir| {
        many(dir);
        let ended = seal_tree(dir, &["-q", "t", "--remove-source"]).run();
        ended.succeeds();
    });
}

#[test]
fn opening_to_another_directory() {
    storm("open", "s", Some("out"), |dir| {
        many(dir);
        let ended = seal_tree(dir, &["-q", "t/", "-O", "s", "--remove-source"]).run();
        ended.succeeds();
    });
}

/// Without --remove-source the next run passes over what is there.
#[test]
fn a_killed_run_is_carried_on() {
    let dir = home();
    many(&dir);
    let before = walk(dir.path("t"));
    let options = ["-q", "t/", "-O", "out", "--skip-existing"];
    let limit = timed(|| seal_tree(&dir, &["-q", "t/", "-O", "whole"]).run());
    for _ in 0..kills() {
        let job = seal_tree(&dir, &options).start();
        thread::sleep(Duration::from_micros(random(limit.as_micros() as u64 / 2)));
        job.signal(Signal::SIGKILL);
        job.end();
        if dir.path("out").exists() {
            for (name, node) in all_opened(&dir, "out") {
                assert_eq!(before.get(&name), Some(&node), "{name:?}");
            }
        }
    }
    seal_tree(&dir, &options).run().succeeds();
    assert!(
        !has_temporary(dir.path("out")),
        "{:?}",
        files(dir.path("out"))
    );
    assert_eq!(all_opened(&dir, "out"), holdings(&dir.path("t")));
    assert_eq!(walk(dir.path("t")), before);
}
