//! Updates of a tree on a disk that is full, or fails, at any system call: the source stays as it is, each
//! result is of the run before or of this one, the message names the file, and the next run makes up for it.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::cli_common::{Dir, data, hex, program};
use crate::dexios_common::watchdog;
use crate::trace_common::{CHANGES, Call, GROWING, Moment, Then, Traced, WRITES, trace};
use crate::tree_common::*;
use fetool::{Open, Secret};
use nix::errno::Errno;
use nix::sys::wait::WaitStatus;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// What an update of a tree is called with, besides its secret.
const UPDATE: &str = "--update --delete --links -j1 --backup-dir old t/ -O out";

/// A tree that was sealed once and has changed since, in each way that makes work.
struct Changed {
    dir: Dir,
    source: Tree,
    /// The contents that a result may have, by the file's name.
    known: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Changed {
    fn new() -> Self {
        let dir = home();
        let mut known: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        let mut write = |name: &str, bytes: Vec<u8>| {
            put(&dir, format!("t/{name}"), &bytes);
            known.entry(name.to_owned()).or_default().push(bytes);
        };
        for (name, len) in [
            ("changed", 3000),
            ("d/large", 70_000),
            ("gone", 9),
            ("same", 7),
        ] {
            write(name, data(len));
        }
        symlink("same", dir.path("t/link")).unwrap();
        seal_tree(&dir, &["-q", "--links", "t/", "-O", "out"])
            .run()
            .succeeds();
        write("changed", data(2000));
        write("d/large", data(80_000));
        write("new/file", data(5));
        dir.set_mode("t/same", 0o750);
        fs::remove_file(dir.path("t/gone")).unwrap();
        fs::remove_file(dir.path("t/link")).unwrap();
        symlink("changed", dir.path("t/link")).unwrap();
        copy(&dir, "out", "before");
        let source = walk(dir.path("t"));
        Self { dir, source, known }
    }

    /// Runs the update on the results of the first run.
    fn update(&self, decide: impl FnMut(Moment, &Call) -> Then) -> Traced {
        for name in ["out", "old"] {
            let _ = fs::remove_dir_all(self.dir.path(name));
        }
        copy(&self.dir, "before", "out");
        let mut command = Command::new(program());
        let command = command
            .current_dir(self.dir.path(""))
            .args(["seal", "-r", "-k", "@-"])
            .args(UPDATE.split(' '));
        trace(command, hex(&[7; 32]).as_bytes(), decide)
    }

    /// Nothing is lost, and each result is of one of the two runs.
    #[track_caller]
    fn is_safe(&self, what: &str) {
        assert_eq!(walk(self.dir.path("t")), self.source, "{what}");
        let mut there = Vec::new();
        for root in ["out", "old"] {
            if !self.dir.path(root).exists() {
                continue;
            }
            for name in files(self.dir.path(root)) {
                let Some(plain) = name.strip_suffix(".gfe") else {
                    continue;
                };
                let opened = opened(&self.dir.path(root).join(&name));
                assert!(self.known[plain].contains(&opened), "{what}: {root}/{name}");
                there.push(format!("{root}/{plain}"));
            }
        }
        let has = |name: &str| there.iter().any(|it| it == name);
        for name in ["out/changed", "out/d/large", "out/same"] {
            assert!(has(name), "{what}: {name} is gone");
        }
        assert!(has("out/gone") || has("old/gone"), "{what}");
        let link = fs::read_link(self.dir.path("out/link")).expect(what);
        assert!([Path::new("same"), Path::new("changed")].contains(&&*link));
    }

    /// The next run does the rest, and the tree comes back.
    #[track_caller]
    fn is_made_up_for(&self, what: &str) {
        let mut args = vec!["-q"];
        args.extend(UPDATE.split(' '));
        let ended = seal_tree(&self.dir, &args).run();
        assert_eq!(
            (ended.stderr(), ended.code()),
            (String::new(), Some(0)),
            "{what}"
        );
        for root in ["out", "old"] {
            assert!(!has_temporary(self.dir.path(root)), "{what}: {root}");
        }
        let _ = fs::remove_dir_all(self.dir.path("back"));
        open_tree(
            &self.dir,
            &["-q", "--links", "--perms", "out/", "-O", "back"],
        )
        .run()
        .succeeds();
        assert_eq!(walk(self.dir.path("back")), self.source, "{what}");
    }
}

/// Copies a tree with everything.
fn copy(dir: &Dir, from: &str, to: &str) {
    let status = Command::new("cp")
        .args(["-a", from, to])
        .current_dir(dir.path(""))
        .status();
    assert!(status.unwrap().success());
}

/// Opens a sealed file through the library, which costs no process.
fn opened(path: &Path) -> Vec<u8> {
    let mut plain = Vec::new();
    let key = Secret::key([7; 32]);
    let sealed = fs::File::open(path).unwrap();
    Open::new(&key).run(sealed, &mut plain).unwrap();
    plain
}

/// Status 1, and a line with this error that names a file.
#[track_caller]
fn told(traced: &Traced, error: &str, what: &str) {
    let stderr = &traced.stderr;
    assert!(
        matches!(traced.status, WaitStatus::Exited(_, 1)),
        "{what}: {:?} {stderr}",
        traced.status
    );
    let names = |line: &str| {
        let rest = line.strip_prefix("fetool: ")?;
        let (path, said) = rest.split_once(": ")?;
        let starts = ["t", "out", "old"].into_iter().any(|root| {
            path == root
                || path
                    .strip_prefix(root)
                    .is_some_and(|it| it.starts_with('/'))
        });
        (starts && said == error).then_some(())
    };
    assert!(
        stderr.lines().any(|line| names(line).is_some()),
        "{what}: {stderr}"
    );
}

/// Runs the update as often as it makes such calls, and refuses the next one each time; with `lasting`, all
/// behind it, too. Returns how many there are.
fn at_each(
    names: &[&str],
    errno: Errno,
    lasting: bool,
    check: impl Fn(&Changed, &Traced, &str),
) -> usize {
    let changed = Changed::new();
    let mut moment = 0;
    loop {
        let mut count = 0;
        let mut failed = None;
        let traced = changed.update(|at, call| {
            if at == Moment::After || !names.contains(&call.name) {
                return Then::GoOn;
            }
            count += 1;
            if count - 1 == moment || (lasting && count > moment) {
                failed.get_or_insert(call.name);
                return Then::Fail(errno);
            }
            Then::GoOn
        });
        let Some(name) = failed else {
            assert!(
                matches!(traced.status, WaitStatus::Exited(_, 0)),
                "{}",
                traced.stderr
            );
            return moment;
        };
        let what = format!("{name}, {errno} at {moment}");
        changed.is_safe(&what);
        check(&changed, &traced, &what);
        changed.is_made_up_for(&what);
        moment += 1;
    }
}

#[test]
fn a_disk_that_gets_full_at_any_moment() {
    let _dog = watchdog();
    let moments = at_each(&GROWING, Errno::ENOSPC, true, |_, traced, what| {
        told(traced, "no space left on device", what);
    });
    assert!(moments > 15, "{moments}");
}

#[test]
fn a_disk_that_fails_at_any_moment() {
    let _dog = watchdog();
    let names = [&WRITES[..], &CHANGES].concat();
    let moments = at_each(&names, Errno::EIO, false, |_, traced, what| {
        told(traced, "input/output error", what);
    });
    assert!(moments > 20, "{moments}");
}

/// A source that cannot be read to its end, and a directory that cannot be listed.
#[test]
fn a_source_that_cannot_be_read() {
    let _dog = watchdog();
    let changed = Changed::new();
    for (name, path, nth) in [
        ("read", "t/d/large", 0),
        ("read", "t/d/large", 1),
        ("read", "t/new/file", 0),
        ("list", "t/d", 0),
        ("list", "t/", 0),
    ] {
        let file = changed.dir.path(path).canonicalize().unwrap();
        let mut count = 0;
        let traced = changed.update(|at, call| {
            let is_this = call.name == name && call.file.as_ref() == Some(&file);
            if at == Moment::After || !is_this {
                return Then::GoOn;
            }
            count += 1;
            match count - 1 == nth {
                true => Then::Fail(Errno::EIO),
                false => Then::GoOn,
            }
        });
        assert!(count > nth, "{path} is read {count} times");
        let line = format!("fetool: {path}: input/output error");
        let mut said: Vec<_> = traced.stderr.lines().collect();
        let summary = said.pop().unwrap();
        let kept = "fetool: out: nothing was deleted, because of what failed before";
        assert_eq!(said, [line.as_str(), kept], "{}", traced.stderr);
        assert!(
            summary.contains(", 0 deleted, 0 skipped, 2 failed, in "),
            "{summary}"
        );
        assert!(matches!(traced.status, WaitStatus::Exited(_, 1)));
        changed.is_safe(path);
        assert!(changed.dir.path("out/gone.gfe").exists());
        changed.is_made_up_for(path);
    }
}

/// Runs an update of one part (--shard) as often as it makes changes, and that of the other part before the next one each
/// time.
fn at_each_moment_of_a_part(dir: &Dir, check: impl Fn(&str)) {
    let _dog = watchdog();
    copy(dir, "out", "before");
    copy(dir, "old", "before-old");
    let update: Vec<&str> = UPDATE.split(' ').collect();
    let names = [&WRITES[..], &CHANGES].concat();
    let mut moment = 0;
    loop {
        for (from, to) in [("before", "out"), ("before-old", "old")] {
            fs::remove_dir_all(dir.path(to)).unwrap();
            copy(dir, from, to);
        }
        let mut command = Command::new(program());
        let command = command
            .current_dir(dir.path(""))
            .args(["seal", "-r", "-k", "@-", "--shard=0/2"])
            .args(&update);
        let mut count = 0;
        let traced = trace(command, hex(&[7; 32]).as_bytes(), |at, call| {
            if at == Moment::Before && names.contains(&call.name) {
                if count == moment {
                    let other = seal_tree(dir, &["-q", "--shard=1/2"]).args(&update);
                    other.run().succeeds();
                }
                count += 1;
            }
            Then::GoOn
        });
        let what = format!("at {moment}: {}", traced.stderr);
        assert!(matches!(traced.status, WaitStatus::Exited(_, 0)), "{what}");
        if count <= moment {
            break;
        }
        check(&what);
        assert!(!has_temporary(dir.path("old")), "{what}");
        moment += 1;
    }
    assert!(moment > 8, "{moment}");
}

/// Each part has results in a directory that was a link, and makes room for it.
#[test]
fn two_parts_that_replace_one_link() {
    let dir = home();
    put(&dir, "t/keep", "kept");
    symlink("nowhere", dir.path("t/d")).unwrap();
    for name in ["out", "old"] {
        let args = ["-q", "--links", "--update", "t/", "-O", name];
        seal_tree(&dir, &args).run().succeeds();
    }
    fs::remove_file(dir.path("t/d")).unwrap();
    for name in 0..8 {
        put(&dir, format!("t/d/{name}"), "some");
    }
    at_each_moment_of_a_part(&dir, |what| {
        assert_eq!(files(dir.path("out/d")).len(), 8, "{what}");
        assert!(dir.path("old/d").is_symlink(), "{what}");
    });
}

/// And the reverse: each part removes its own results, and the last one makes the link.
#[test]
fn two_parts_that_replace_one_directory() {
    let dir = home();
    put(&dir, "t/keep", "kept");
    for name in 0..8 {
        put(&dir, format!("t/d/{name}"), "some");
    }
    let args = ["-q", "--links", "--update", "t/", "-O", "out"];
    seal_tree(&dir, &args).run().succeeds();
    fs::create_dir(dir.path("old")).unwrap();
    fs::remove_dir_all(dir.path("t/d")).unwrap();
    symlink("nowhere", dir.path("t/d")).unwrap();
    at_each_moment_of_a_part(&dir, |what| {
        assert!(dir.path("out/d").is_symlink(), "{what}");
        assert_eq!(files(dir.path("old/d")).len(), 8, "{what}");
    });
}
