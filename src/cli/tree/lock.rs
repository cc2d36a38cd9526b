//! One run at a time in a destination.
//!
//! The directory itself is locked (`flock`), so that a run leaves nothing behind. Runs with `--update` exclude all
//! others; its parts (`--shard`), and runs that only add files, share the lock. Files would appear whole without it
//! too: it keeps one run from undoing what another does.

use super::task::Task;
use crate::cli::failure::{Failure, say, shown};
use crate::io::dir::parent;
use fetool::{plain, status};
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// Locked directories, for as long as this lives.
pub struct Lock(#[expect(dead_code, reason = "closing them unlocks")] Vec<File>);

impl Lock {
    /// Locks the directories for the results of a run.
    pub fn of(task: &Task<'_>, paths: &[PathBuf]) -> Result<Self, Failure> {
        let tree = task.tree;
        let dirs: Vec<&Path> = match &tree.output_dir {
            _ if tree.walk.dry_run => Vec::new(),
            Some(dir) => vec![dir],
            None if tree.update => paths.iter().map(|path| directory(path)).collect(),
            None => Vec::new(),
        };
        let is_shared = !tree.update || tree.walk.shard.is_some();
        let mut alone = !is_shared;
        let mut files = Vec::new();
        for dir in dirs {
            // Reading a missing directory reports the error.
            let Ok(file) = File::open(dir) else { continue };
            let found = file.metadata();
            let found = found.map_err(|error| Failure::system(shown(dir), &error))?;
            files.push(((found.dev(), found.ino()), dir, file));
        }
        // In the same order in every run: two that lock their PATHs would wait for each other.
        files.sort_by_key(|(id, ..)| *id);
        // So would two PATHs in one directory.
        files.dedup_by_key(|(id, ..)| *id);
        let mut locked = Vec::new();
        for (_, dir, file) in files {
            alone &= lock(task, dir, &file, is_shared)?;
            locked.push(file);
        }
        task.is_alone.store(alone, Ordering::Relaxed);
        Ok(Self(locked))
    }
}

/// Returns the directory of the results beside a PATH.
fn directory(path: &Path) -> &Path {
    if path.is_dir() { path } else { parent(path) }
}

/// Returns whether the lock is held: some file systems have none.
fn lock(task: &Task<'_>, dir: &Path, file: &File, is_shared: bool) -> Result<bool, Failure> {
    let tried = match is_shared {
        true => file.try_lock_shared(),
        false => file.try_lock(),
    };
    let error = match tried {
        Ok(()) => return Ok(true),
        Err(TryLockError::WouldBlock) if task.tree.wait => {
            if !task.quiet {
                say(Some(&shown(dir)), "waiting for another run to end");
            }
            let waited = match is_shared {
                true => file.lock_shared(),
                false => file.lock(),
            };
            match waited {
                Ok(()) => return Ok(true),
                Err(error) => error,
            }
        }
        Err(TryLockError::WouldBlock) => {
            return Err(Failure::usage("another run of fetool is working here")
                .with_status(status::SYSTEM)
                .about(shown(dir))
                .hint("--wait waits until it has ended"));
        }
        Err(TryLockError::Error(error)) => error,
    };
    if !task.quiet {
        let what = format!(
            "warning: cannot lock the directory ({}): make sure that no other run works in it",
            plain(&error)
        );
        say(Some(&shown(dir)), &what);
    }
    Ok(false)
}
