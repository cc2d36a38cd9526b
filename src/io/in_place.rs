//! Changing the first bytes of a file where it lies, so that neither a crash nor a failing disk
//! loses both the old and the new ones.
//!
//! 1. The old bytes and the new ones go to a recovery file beside the file, and both it and its
//!    name to the disk.
//! 2. The new bytes are written over the old with one call, and to the disk. All of them are in the
//!    first 512 bytes, one sector, which disks write whole; should one not, the recovery file tells.
//! 3. They are read back and compared.
//! 4. The recovery file is removed.
//!
//! When a step fails, the old bytes are put back. SIGINT, SIGTERM and SIGHUP wait until the end. A
//! recovery file that is still there tells the next run that the last one was killed; before it
//! does anything else, it finds out how far that came ([`settle`]).

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

/// Writes `new` over `old`, the first bytes of `file`, which is open for reading and writing and has
/// no recovery file any more.
pub fn replace_start(path: &Path, file: &File, old: &[u8], new: &[u8]) -> Result<(), Failed> {
    assert_eq!(old.len(), new.len(), "the data behind must not move");
    let recovery = recovery_path(path);
    cleanup::uninterrupted(|| {
        save(&recovery, &[old, new].concat()).map_err(Failed::Before)?;
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
    .map_err(Failed::Before)?
}

/// What an earlier run left behind, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// No recovery file, or one whose run had changed nothing or everything: it is gone.
    Whole,
    /// Some of the new bytes were there and some of the old: all of the old are there again.
    Restored,
    /// The file's first bytes are neither: the recovery file is not its own, and still there.
    Foreign,
}

/// Settles what an earlier run may have left. A recovery file that was cut short was written before
/// anything was changed, so what it has of the old bytes is what the file has.
pub fn settle(path: &Path, file: &File) -> io::Result<Settled> {
    let recovery = recovery_path(path);
    match fs::symlink_metadata(&recovery) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Settled::Whole),
        Ok(metadata) if !metadata.is_file() || metadata.len() > LONGEST => {
            return Ok(Settled::Foreign);
        }
        metadata => metadata?,
    };
    cleanup::uninterrupted(|| {
        let saved = fs::read(&recovery)?;
        let (old, new) = saved.split_at(saved.len() / 2);
        let mut now = vec![0; old.len()];
        file.read_exact_at(&mut now, 0)?;
        let settled = if now == old || new.starts_with(&now) {
            Settled::Whole
        } else if (0..now.len()).all(|i| now[i] == old[i] || now[i] == new[i]) {
            write(file, old)?;
            Settled::Restored
        } else {
            return Ok(Settled::Foreign);
        };
        forget(&recovery)?;
        Ok(settled)
    })?
}

/// No recovery file is longer: two times the first sector.
const LONGEST: u64 = 1024;

/// What went wrong, and what is left.
#[derive(Debug)]
pub enum Failed {
    /// Nothing was changed.
    Before(io::Error),
    /// The old bytes are there again.
    Undone(io::Error),
    /// The first bytes may be damaged; the next run puts them right.
    Damaged(io::Error),
    /// Everything was done, but the recovery file is still there.
    Leftover(io::Error),
}

fn save(recovery: &Path, bytes: &[u8]) -> io::Result<()> {
    // Never over something that is there.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(recovery)?;
    let saved = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that takes no writes any more: the recovery file stays, and the next run settles it.
    #[test]
    fn what_cannot_be_put_back_is_left_to_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"old header, data").unwrap();
        let unwritable = File::open(&path).unwrap();
        let failed = replace_start(&path, &unwritable, b"old header", b"new header");
        assert!(matches!(failed, Err(Failed::Damaged(_))), "{failed:?}");
        let recovery = recovery_path(&path);
        assert_eq!(fs::read(&recovery).unwrap(), b"old headernew header");

        // Torn, as such a disk may have left it.
        fs::write(&path, b"ned header, data").unwrap();
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.unwrap();
        assert_eq!(settle(&path, &file).unwrap(), Settled::Restored);
        assert_eq!(fs::read(&path).unwrap(), b"old header, data");
        assert!(!recovery.exists());
        assert_eq!(settle(&path, &file).unwrap(), Settled::Whole);
    }
}
