//! What the tests of whole trees share: making trees, looking at them without any of `fetool`'s own
//! code, and what is said at the end.

#![allow(dead_code, reason = "every test binary uses some of it")]

use crate::cli_common::{Dir, Ended, Fetool, data, fetool, hex, shell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Permissions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The key file that `K` names, in the directory of each test.
pub const KEY_FILE: &str = "@key";

/// The hint for a result that is there already.
pub const OVERWRITE: &str =
    "fetool: hint: overwrite it with --force, or skip it with --skip-existing";

/// Whether everything is done in full, which takes long.
pub fn big() -> bool {
    std::env::var_os("FETOOL_BIG").is_some_and(|value| value == "1")
}

/// A directory with a key file.
pub fn home() -> Dir {
    let dir = Dir::new();
    dir.write("key", hex(&[7; 32]));
    dir
}

/// `fetool seal -r -k @key ARGS`, in the directory.
pub fn seal_tree(dir: &Dir, args: &[&str]) -> Fetool {
    fetool(["seal", "-r", "-k", KEY_FILE])
        .args(args)
        .within(dir)
}

pub fn open_tree(dir: &Dir, args: &[&str]) -> Fetool {
    fetool(["open", "-r", "-k", KEY_FILE])
        .args(args)
        .within(dir)
}

/// `fetool seal --files0-from=- ARGS`, with these names on standard input.
pub fn seal_list(dir: &Dir, args: &[&str], names: &[&str]) -> Fetool {
    let list: String = names.iter().map(|name| format!("{name}\0")).collect();
    fetool(["seal", "-k", KEY_FILE, "--files0-from=-"])
        .args(args)
        .within(dir)
        .input(list)
}

/// Writes a file, and the directories above it, with a mode and a time of its own.
pub fn put(dir: &Dir, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
    let path = dir.path(name.as_ref());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    let name = name.as_ref().as_os_str().as_bytes();
    let number = name.iter().fold(7_u32, |number, byte| {
        number.wrapping_mul(31).wrapping_add(u32::from(*byte))
    });
    let modes = [0o600, 0o644, 0o640, 0o755, 0o400];
    set_time(&path, number);
    let mode = modes[number as usize % modes.len()];
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
}

/// Makes a directory.
pub fn dir_of(dir: &Dir, name: &str) -> PathBuf {
    let path = dir.path(name);
    fs::create_dir_all(&path).unwrap();
    path
}

/// A time in the past, down to the nanosecond.
pub fn set_time(path: &Path, number: u32) {
    let time = SystemTime::UNIX_EPOCH + Duration::new(u64::from(number / 4), number % 999_999_937);
    let file = File::open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

/// A small tree named `photos`: directories, an empty file, one of several chunks.
pub fn photos(dir: &Dir) {
    put(dir, "photos/empty", "");
    put(dir, "photos/2024/a.jpg", data(1000));
    put(dir, "photos/2024/b.jpg", data(3 << 20 | 17));
    put(dir, "photos/2024/deep/er/c.txt", "text");
    put(dir, "photos/z.txt", data(1 << 20));
}

/// What is at a place in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    File {
        len: u64,
        hash: String,
        mode: u32,
        modified: SystemTime,
    },
    Directory {
        mode: u32,
    },
    Link(PathBuf),
    Other,
}

/// All that is below a directory, by relative path.
pub type Tree = BTreeMap<PathBuf, Node>;

/// Looks at everything below a directory, with the standard library alone.
#[track_caller]
pub fn walk(root: impl AsRef<Path>) -> Tree {
    let mut tree = Tree::new();
    walk_into(root.as_ref(), Path::new(""), &mut tree);
    tree
}

fn walk_into(root: &Path, below: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        let metadata = fs::symlink_metadata(entry.path()).unwrap();
        let kind = metadata.file_type();
        let mode = metadata.permissions().mode() & 0o7777;
        let node = if kind.is_symlink() {
            Node::Link(fs::read_link(entry.path()).unwrap())
        } else if kind.is_dir() {
            walk_into(root, &path, tree);
            Node::Directory { mode }
        } else if kind.is_file() {
            Node::File {
                len: metadata.len(),
                hash: hash(&entry.path()),
                mode,
                modified: metadata.modified().unwrap(),
            }
        } else {
            assert!(kind.is_fifo() || kind.is_socket() || kind.is_char_device());
            Node::Other
        };
        tree.insert(path, node);
    }
}

fn hash(path: &Path) -> String {
    let mut file = File::open(path).unwrap();
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).unwrap() {
            0 => return hasher.finalize().to_string(),
            read => hasher.update(&buffer[..read]),
        };
    }
}

/// The relative paths of everything but directories, sorted, each in a line.
#[track_caller]
pub fn files(root: impl AsRef<Path>) -> Vec<String> {
    let tree = walk(root);
    tree.iter()
        .filter(|(_, node)| !matches!(node, Node::Directory { .. }))
        .map(|(path, _)| path.to_string_lossy().into_owned())
        .collect()
}

/// Whether there is any temporary file in the tree.
pub fn has_temporary(root: impl AsRef<Path>) -> bool {
    let names = files(root);
    names.iter().any(|name| name.contains(".fetool-"))
}

/// The length of the one temporary file in a directory, if there is one.
pub fn temporary(dir: &Path) -> Option<u64> {
    let entries = fs::read_dir(dir).ok()?;
    entries
        .flatten()
        .find_map(|entry| {
            let ours = entry.file_name().as_bytes().starts_with(b".fetool-");
            ours.then(|| entry.metadata().ok()).flatten()
        })
        .map(|metadata| metadata.len())
}

/// Renames a file to what it becomes when it is sealed.
pub fn plus(name: &Path, suffix: &str) -> PathBuf {
    let mut name = name.as_os_str().to_owned();
    name.push(OsStr::new(suffix));
    name.into()
}

/// This status, and these lines on standard error, in any order but for the summary: the last one,
/// without time and rate. Standard output.
#[track_caller]
pub fn tells(ended: &Ended, status: i32, lines: &[&str], summary: &str) -> String {
    let stderr = ended.stderr();
    let mut said: Vec<&str> = stderr.lines().collect();
    let last = said.pop().unwrap_or_default();
    said.sort_unstable();
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    assert_eq!(said, lines, "all of it: {stderr}");
    assert_eq!(untimed(last), format!("fetool: {summary}"));
    assert_eq!(ended.code(), Some(status));
    ended.stdout()
}

/// The same for `--dry-run`, whose summary has neither time nor rate.
#[track_caller]
pub fn planned(ended: &Ended, status: i32, lines: &[&str], summary: &str) -> String {
    let stderr = ended.stderr();
    let mut said: Vec<&str> = stderr.lines().collect();
    let last = said.pop().unwrap_or_default();
    assert_eq!(said, lines, "all of it: {stderr}");
    assert_eq!(last, format!("fetool: {summary}"));
    assert_eq!(ended.code(), Some(status));
    ended.stdout()
}

/// A summary without its time and rate, which are as they should be.
#[track_caller]
pub fn untimed(summary: &str) -> &str {
    let (counts, time) = summary.rsplit_once(", in ").expect("it tells the time");
    let (seconds, rate) = time.split_once(" s (").expect("in seconds");
    let (whole, cents) = seconds.split_once('.').expect("with hundredths");
    assert!(
        whole.parse::<u64>().is_ok() && cents.len() == 2,
        "{seconds}"
    );
    let (number, unit) = rate.split_once(' ').expect("number and unit");
    assert!(number.parse::<f64>().is_ok(), "{rate}");
    let units = ["B/s)", "KiB/s)", "MiB/s)", "GiB/s)"];
    assert!(units.contains(&unit), "{rate}");
    counts
}

/// Runs `"$FETOOL" ARGS` as somebody for whom modes count, which they do not for root.
pub fn unprivileged(dir: &Dir, args: &[&str]) -> Fetool {
    let script = if nix::unistd::geteuid().is_root() {
        r#"exec setpriv --bounding-set=-dac_override,-dac_read_search "$FETOOL" "$@""#
    } else {
        r#"exec "$FETOOL" "$@""#
    };
    shell(script, args).within(dir)
}

/// Runs a script that may mount what nobody else sees.
pub fn mounting(dir: &Dir, script: &str, args: &[&str]) -> Fetool {
    let who = if nix::unistd::geteuid().is_root() {
        "-m"
    } else {
        "-rm"
    };
    let script = format!("exec unshare {who} sh -c '{script}' sh \"$@\"");
    shell(&script, args).within(dir)
}
