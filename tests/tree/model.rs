//! A tree that changes at random between runs of `--update --delete --links`, some of which are killed at a
//! system call that writes, or find the disk full or failing from there on: after a run that ends with 0,
//! opening gives the tree of that moment, and after any other each result is of some moment of its file. The
//! source is never touched.
#![cfg(target_os = "linux")]

use crate::cli_common::{Dir, fetool, hex, program};
use crate::trace_common::{CHANGES, GROWING, Moment, Then, Traced, WRITES, trace};
use crate::tree_common::*;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Paths that are files at some times, directories with files at others, and gone at others still.
const PATHS: [&str; 8] = ["a", "b", "d", "d/a", "d/b", "d/e/a", "f/a", "f/a/b"];
/// Some of them take the places of directories.
const LINKS: [&str; 4] = ["link", "d/link", "f", "d/e"];

#[derive(Clone, Debug)]
enum Edit {
    Write {
        path: usize,
        len: usize,
    },
    /// As many other bytes, and a time that the file never had.
    SameLength {
        path: usize,
    },
    Rename {
        from: usize,
        to: usize,
    },
    Remove {
        path: usize,
    },
    Mode {
        path: usize,
        mode: usize,
    },
    EmptyDirectory {
        path: usize,
    },
    Link {
        link: usize,
        to: usize,
    },
    Unlink {
        link: usize,
    },
}

#[derive(Clone, Debug)]
struct Round {
    edits: Vec<Edit>,
    /// What happens at which of the calls that write, if there are so many.
    fault: Option<(usize, Fault)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Kill,
    /// Nothing can be written from there on.
    Full,
    /// One call fails.
    Error,
}

fn edit() -> impl Strategy<Value = Edit> {
    let path = || 0..PATHS.len();
    let link = || 0..LINKS.len();
    prop_oneof![
        4 => (path(), prop_oneof![0..40usize, 65_000..200_000usize])
            .prop_map(|(path, len)| Edit::Write { path, len }),
        2 => path().prop_map(|path| Edit::SameLength { path }),
        2 => (path(), path()).prop_map(|(from, to)| Edit::Rename { from, to }),
        2 => path().prop_map(|path| Edit::Remove { path }),
        1 => (path(), 0..4usize).prop_map(|(path, mode)| Edit::Mode { path, mode }),
        1 => path().prop_map(|path| Edit::EmptyDirectory { path }),
        1 => (link(), path()).prop_map(|(link, to)| Edit::Link { link, to }),
        1 => link().prop_map(|link| Edit::Unlink { link }),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    // Calls can be made to fail where the registers of the processor are known.
    let faults = match cfg!(target_arch = "x86_64") {
        true => vec![Fault::Kill, Fault::Full, Fault::Error],
        false => vec![Fault::Kill],
    };
    proptest::sample::select(faults)
}

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let round = (
        proptest::collection::vec(edit(), 1..6),
        proptest::option::weighted(0.5, (0..60usize, fault())),
    );
    let round = round.prop_map(|(edits, fault)| Round { edits, fault });
    proptest::collection::vec(round, 2..7)
}

/// Removes what is at a path, whatever it is.
fn clear(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

/// Makes the directories above a path, in the place of files where need be.
fn make_room(root: &Path, path: &Path) {
    let mut above = root.to_owned();
    for part in path.strip_prefix(root).unwrap().parent().unwrap() {
        above.push(part);
        if !fs::symlink_metadata(&above).is_ok_and(|found| found.is_dir()) {
            clear(&above);
            fs::create_dir(&above).unwrap();
        }
    }
    clear(path);
}

/// Applies an edit; `step` makes each content and each time another one.
fn apply(root: &Path, edit: &Edit, step: u32) {
    let at = |path: usize| root.join(PATHS[path]);
    let bytes = |len: usize| {
        (0..len)
            .map(|i| (i as u32 ^ (step * 31)) as u8)
            .collect::<Vec<_>>()
    };
    match *edit {
        Edit::Write { path, len } => {
            make_room(root, &at(path));
            fs::write(at(path), bytes(len)).unwrap();
        }
        Edit::SameLength { path } => {
            if let Ok(found) = fs::metadata(at(path))
                && found.is_file()
            {
                fs::write(at(path), bytes(found.len() as usize)).unwrap();
                set_time(&at(path), step * 1000);
            }
        }
        Edit::Rename { from, to } => {
            let is_inside =
                PATHS[to].starts_with(PATHS[from]) || PATHS[from].starts_with(PATHS[to]);
            if at(from).exists() && !is_inside {
                make_room(root, &at(to));
                // Through a link it may be the very directory that was made for it.
                let _ = fs::rename(at(from), at(to));
            }
        }
        Edit::Remove { path } => clear(&at(path)),
        Edit::Mode { path, mode } => {
            if at(path).exists() {
                let mode = [0o755, 0o700, 0o750, 0o711][mode];
                fs::set_permissions(at(path), Permissions::from_mode(mode)).unwrap();
            }
        }
        Edit::EmptyDirectory { path } => {
            make_room(root, &at(path));
            fs::create_dir(at(path)).unwrap();
        }
        Edit::Link { link, to } => {
            make_room(root, &root.join(LINKS[link]));
            symlink(PATHS[to], root.join(LINKS[link])).unwrap();
        }
        Edit::Unlink { link } => clear(&root.join(LINKS[link])),
    }
}

/// What each file held at some time.
type Known = BTreeMap<PathBuf, BTreeSet<String>>;

fn remember(tree: &Tree, known: &mut Known) {
    for (path, node) in tree {
        if let Node::File { hash, .. } = node {
            known.entry(path.clone()).or_default().insert(hash.clone());
        }
    }
}

/// Opens all results to a directory that is new.
fn opened(dir: &Dir) -> Tree {
    let _ = fs::remove_dir_all(dir.path("back"));
    open_tree(dir, &["-q", "--links", "--perms", "out/", "-O", "back"])
        .run()
        .succeeds();
    walk(dir.path("back"))
}

const UPDATE: [&str; 7] = ["-q", "--update", "--delete", "--links", "t/", "-O", "out"];

/// Runs the update with a fault at one of the calls that write.
fn update_with(dir: &Dir, wanted: usize, fault: Fault) -> Traced {
    let mut command = Command::new(program());
    let command = command
        .current_dir(dir.path(""))
        .args(["seal", "-r", "-k", "@-"])
        .args(UPDATE);
    let mut moment = 0;
    trace(command, hex(&[7; 32]).as_bytes(), |at, call| {
        let writes = WRITES.contains(&call.name) || CHANGES.contains(&call.name);
        if at == Moment::After || !writes {
            return Then::GoOn;
        }
        moment += 1;
        match fault {
            Fault::Kill if moment - 1 == wanted => Then::Signal(Signal::SIGKILL),
            Fault::Full if moment > wanted && GROWING.contains(&call.name) => {
                Then::Fail(Errno::ENOSPC)
            }
            Fault::Error if moment - 1 == wanted => Then::Fail(Errno::EIO),
            _ => Then::GoOn,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if big() { 600 } else { 12 },
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn results_follow_the_tree(rounds in rounds()) {
        let dir = home();
        let root = dir.path("t");
        // A PATH that is empty would be taken for a disk that is missing.
        put(&dir, "t/keep", "kept");
        fs::create_dir(dir.path("out")).unwrap();
        let mut known = Known::new();
        let mut step = 0;
        for round in &rounds {
            for edit in &round.edits {
                step += 1;
                apply(&root, edit, step);
            }
            let before = walk(&root);
            remember(&before, &mut known);
            if let Some((moment, fault)) = round.fault {
                let traced = update_with(&dir, moment, fault);
                let (status, said) = (traced.status, &traced.stderr);
                match (fault, status) {
                    // It was over before.
                    (_, WaitStatus::Exited(_, 0)) => prop_assert_eq!(said, ""),
                    (Fault::Kill, WaitStatus::Signaled(_, Signal::SIGKILL, _)) => {}
                    (Fault::Full, WaitStatus::Exited(_, 1)) => {
                        prop_assert!(said.contains(": no space left on device\n"), "{}", said);
                    }
                    (Fault::Error, WaitStatus::Exited(_, 1)) => {
                        prop_assert!(said.contains(": input/output error\n"), "{}", said);
                    }
                    _ => prop_assert!(false, "{:?}: {}", status, said),
                }
                prop_assert_eq!(&walk(&root), &before, "the source");
                // One by one: a file and a directory that took its place may both have results.
                for name in files(dir.path("out")) {
                    let Some(path) = name.strip_suffix(".gfe") else { continue };
                    let result = format!("out/{name}");
                    let opened = fetool(["open", "-k", KEY_FILE, &result]).within(&dir).run();
                    let hash = blake3::hash(&opened.succeeds()).to_string();
                    let of_path = known.get(Path::new(path));
                    prop_assert!(of_path.is_some_and(|all| all.contains(&hash)), "{}", name);
                }
            } else {
                let ended = seal_tree(&dir, &UPDATE).run();
                prop_assert_eq!(ended.code(), Some(0), "{}", ended.stderr());
                prop_assert_eq!(&walk(&root), &before, "the source");
                prop_assert_eq!(opened(&dir), before);
                prop_assert!(!has_temporary(dir.path("out")));
            }
        }
    }
}
