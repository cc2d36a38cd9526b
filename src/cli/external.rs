//! Subcommands of other programs: `fetool x` runs `fetool-x` from PATH, as git and cargo do.

use super::failure::{Failure, shown};
use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const PREFIX: &str = "fetool-";

/// Replaces this process with the program for `args`, the subcommand first. Returns only if that fails; `None` if there
/// is no such program.
pub fn run(args: &[OsString]) -> Option<Failure> {
    let (name, rest) = args.split_first()?;
    if name.as_bytes().contains(&b'/') {
        return Some(
            Failure::usage(format!("'{}' is no subcommand", shown(Path::new(name))))
                .hint("a subcommand's name has no path separator"),
        );
    }
    let program = find(name)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "it takes the place of this process, which has read no secret"
    )]
    let error = Command::new(&program).args(rest).exec();
    Some(Failure::system(shown(&program), &error))
}

/// Finds the program of a subcommand.
pub fn find(name: &OsStr) -> Option<PathBuf> {
    if name.as_bytes().contains(&b'/') {
        return None;
    }
    let mut file = OsString::from(PREFIX);
    file.push(name);
    directories()
        .map(|dir| dir.join(&file))
        .find(|path| is_executable(path))
}

/// Returns the names of all subcommands with programs in PATH, sorted.
pub fn names() -> BTreeSet<OsString> {
    directories()
        .filter_map(|dir| dir.read_dir().ok())
        .flat_map(|entries| entries.flatten())
        .filter_map(|entry| {
            let file = entry.file_name();
            let name = file.as_bytes().strip_prefix(PREFIX.as_bytes())?;
            (!name.is_empty() && is_executable(&entry.path()))
                .then(|| OsStr::from_bytes(name).to_owned())
        })
        .collect()
}

/// Returns the directories of PATH. Relative ones, such as the current directory, are skipped: they could contain
/// anybody's programs.
fn directories() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .collect::<Vec<_>>()
        .into_iter()
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}
