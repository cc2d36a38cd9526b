//! Changing the first bytes of a file where it lies, so that neither a crash nor a failing disk
//! loses both the old and the new ones.
//!
//! 1. The old bytes go to a recovery file beside the file, and both it and its name to the disk.
//! 2. The new bytes are written over the old with one call, and to the disk. All of them are in the
//!    first 512 bytes, one sector, which disks write whole; should one not, the recovery file has
//!    the old ones.
//! 3. They are read back and compared.
//! 4. The recovery file is removed.
//!
//! When a step fails, the old bytes are put back. SIGINT, SIGTERM and SIGHUP wait until the end. A
//! recovery file that is still there tells the next run that the last one was killed.

use super::cleanup;
use super::output::folder;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The recovery file of a file: `.NAME.fetool-header` in the same folder.
pub fn recovery_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".fetool-header");
    folder(path).join(name)
}

/// Writes `new` over the first bytes of `file`, which is open for reading and writing. `old` is what
/// should be there, and is put back when that fails.
pub fn replace_start(path: &Path, file: &File, old: &[u8], new: &[u8]) -> Result<(), Failed> {
    assert_eq!(old.len(), new.len(), "the data behind must not move");
    let recovery = recovery_path(path);
    cleanup::uninterrupted(|| {
        save(&recovery, old).map_err(Failed::Before)?;
        let written = write(file, new);
        let kept = match written {
            Ok(()) => Ok(()),
            Err(error) => Err(match write(file, old) {
                Ok(()) => Failed::Undone(error),
                Err(_) => return Err(Failed::Damaged(error)),
            }),
        };
        forget(&recovery).map_err(Failed::Leftover)?;
        kept
    })
}

/// What went wrong, and what is left.
#[derive(Debug)]
pub enum Failed {
    /// Nothing was changed.
    Before(io::Error),
    /// The old bytes are there again.
    Undone(io::Error),
    /// The first bytes may be damaged; the recovery file has the old ones.
    Damaged(io::Error),
    /// Everything was done, but the recovery file with the old bytes is still there.
    Leftover(io::Error),
}

fn save(recovery: &Path, old: &[u8]) -> io::Result<()> {
    if fs::read(recovery).is_ok_and(|saved| saved == old) {
        // An earlier run was killed; its copy may be the only good one, so it stays untouched.
        return Ok(());
    }
    let saved = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(recovery)
        .and_then(|mut file| {
            file.write_all(old)?;
            file.sync_all()
        })
        .and_then(|()| File::open(folder(recovery))?.sync_all());
    if saved.is_err() {
        let _ = fs::remove_file(recovery);
    }
    saved
}

fn write(file: &File, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, 0)?;
    file.sync_all()?;
    let mut back = vec![0; bytes.len()];
    file.read_exact_at(&mut back, 0)?;
    if back == bytes {
        Ok(())
    } else {
        Err(io::Error::other("what was written did not read back"))
    }
}

fn forget(recovery: &Path) -> io::Result<()> {
    fs::remove_file(recovery)?;
    File::open(folder(recovery))?.sync_all()
}
