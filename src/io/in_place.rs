//! Replacing the header of a file in place, so that neither a crash nor a failing disk loses both the old and the new
//! one.
//!
//! 1. fetool writes the old and the new header to a recovery file in the same directory, and fsyncs both.
//! 2. It writes the new header over the old one with one call, and fsyncs the file.
//! 3. It reads the header back and compares.
//! 4. It removes the recovery file.
//!
//! If a step fails, it writes the old header back. SIGINT, SIGTERM and SIGHUP wait until the end. A recovery file that
//! is left shows the next run that the last one was killed.
//!
//! Others may write to the directory, so a recovery file is evidence, not proof. [`find`] accepts only a regular file
//! with one link that belongs to the effective user, that nobody else can open, and that names this file by device and
//! inode under a checksum. It changes nothing; the caller restores a torn header only after a secret has opened the
//! file with one of the two headers.
//!
//! The layout of a recovery file, integers in little-endian order:
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 16 | magic `fetool-recovery1` |
//! | 16 | 8 | device of the file |
//! | 24 | 8 | inode of the file |
//! | 32 | 4 | length of the old header, *n* |
//! | 36 | 4 | length of the new header, *m* |
//! | 40 | n | old header |
//! | 40 + n | m | new header |
//! | 40 + n + m | 32 | BLAKE3 of all bytes before |

use super::cleanup;
use super::dir::Dir;
use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

const MAGIC: &[u8; 16] = b"fetool-recovery1";
/// Everything before the old header.
pub const OLD_HEADER_AT: usize = 40;
const CHECKSUM_LEN: usize = 32;
/// The maximum length of a header, and of its text.
const HEADER_MAX: u64 = 2 << 20;
/// Disks write a sector either whole or not at all.
const SECTOR: usize = 512;

/// The result of locking a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// This process has the lock until it closes the file.
    Yes,
    /// Another process has it.
    Busy,
    /// The file system has no locks.
    Unsupported,
}

/// Locks a file against others that change it in place. With `waiting`, it waits for them, and calls `waiting` after a
/// second.
pub fn lock(file: &File, waiting: Option<impl FnOnce()>) -> Locked {
    const STEP: Duration = Duration::from_millis(20);
    const SILENCE: Duration = Duration::from_secs(1);
    let started = Instant::now();
    let may_wait = waiting.is_some();
    let mut waiting = waiting;
    loop {
        match file.try_lock() {
            Ok(()) => return Locked::Yes,
            Err(TryLockError::Error(_)) => return Locked::Unsupported,
            Err(TryLockError::WouldBlock) if !may_wait => return Locked::Busy,
            Err(TryLockError::WouldBlock) => {}
        }
        if started.elapsed() >= SILENCE
            && let Some(waiting) = waiting.take()
        {
            waiting();
        }
        thread::sleep(STEP);
    }
}

/// A credible recovery file of a file.
#[derive(Debug)]
pub struct Recovery {
    name: OsString,
    /// The header before the change.
    pub old: Vec<u8>,
    /// The header after it.
    pub new: Vec<u8>,
}

/// One of the two headers in a recovery file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Old,
    New,
}

/// The state of a file, compared with its recovery file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has the whole old header, or the whole new one.
    Whole,
    /// Its first sectors are those of the new header, the others those of the old one.
    Torn,
    /// It has neither header: something else has changed it since.
    Changed,
}

/// A recovery file that names the file.
#[derive(Debug)]
pub enum Found {
    Recovery(Recovery),
    /// A recovery file that is not credible, and why.
    Doubtful(PathBuf, &'static str),
}

/// Finds the recovery files of `file` among those of its directory ([`Dir::recovery_files`]).
pub fn find(dir: &Dir, names: &[OsString], file: &File) -> io::Result<Vec<Found>> {
    let id = Id::of(file)?;
    let found = names.iter().map(|name| look(dir, name, id));
    found.filter_map(Result::transpose).collect()
}

/// A file's identity.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Id {
    device: u64,
    inode: u64,
}

impl Id {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

fn look(dir: &Dir, name: &OsStr, id: Id) -> io::Result<Option<Found>> {
    // A file that cannot be opened belongs to somebody else, or has gone.
    let Ok(Some(file)) = dir.file(name) else {
        return Ok(None);
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let longest = OLD_HEADER_AT as u64 + 2 * HEADER_MAX + CHECKSUM_LEN as u64;
    let mut bytes = Vec::new();
    (&file).take(longest + 1).read_to_end(&mut bytes)?;
    if !names(&bytes, id) {
        return Ok(None);
    }
    let doubtful = |why| Ok(Some(Found::Doubtful(dir.path_of(name), why)));
    if metadata.uid() != nix::unistd::geteuid().as_raw() {
        return doubtful("it belongs to another user");
    }
    if metadata.mode() & 0o077 != 0 || metadata.nlink() != 1 {
        return doubtful("others can open it, or it has a second name");
    }
    match decode(&bytes) {
        Some((old, new)) => Ok(Some(Found::Recovery(Recovery {
            old: old.to_vec(),
            new: new.to_vec(),
            name: name.to_owned(),
        }))),
        None => doubtful("it is damaged"),
    }
}

/// Returns whether these bytes name the file.
fn names(bytes: &[u8], id: Id) -> bool {
    bytes.len() >= OLD_HEADER_AT
        && bytes.starts_with(MAGIC)
        && bytes[16..24] == id.device.to_le_bytes()
        && bytes[24..32] == id.inode.to_le_bytes()
}

fn encode(id: Id, old: &[u8], new: &[u8]) -> Vec<u8> {
    let len = |header: &[u8]| u32::try_from(header.len()).expect("headers are short");
    let mut bytes = MAGIC.to_vec();
    bytes.extend(id.device.to_le_bytes());
    bytes.extend(id.inode.to_le_bytes());
    bytes.extend(len(old).to_le_bytes());
    bytes.extend(len(new).to_le_bytes());
    bytes.extend(old);
    bytes.extend(new);
    bytes.extend(blake3::hash(&bytes).as_bytes());
    bytes
}

/// Returns both headers; `None` if the lengths or the checksum are wrong.
fn decode(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = |at: usize| -> Option<usize> {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        u32::from_le_bytes(bytes).try_into().ok()
    };
    let (old, new) = (len(32)?, len(36)?);
    let (all, checksum) = bytes.split_last_chunk::<CHECKSUM_LEN>()?;
    let headers = all.get(OLD_HEADER_AT..)?;
    if headers.len() != old.checked_add(new)? || blake3::hash(all) != *checksum {
        return None;
    }
    Some(headers.split_at(old))
}

impl Recovery {
    /// Compares the headers with the current one of the file.
    pub fn state(&self, file: &File) -> io::Result<State> {
        let (old, new) = (&self.old, &self.new);
        let mut now = vec![0; old.len().max(new.len())];
        let there = read_up_to(file, &mut now)?;
        let now = &now[..there];
        if now.starts_with(old) || now.starts_with(new) {
            return Ok(State::Whole);
        }
        let torn = old.len() == new.len()
            && (SECTOR..new.len())
                .step_by(SECTOR)
                .any(|at| now.starts_with(&new[..at]) && now[at..] == old[at..]);
        Ok(if torn { State::Torn } else { State::Changed })
    }

    /// Returns one of the headers.
    pub fn header(&self, side: Side) -> &[u8] {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// Writes one of the headers to the file.
    pub fn restore(&self, file: &File, side: Side) -> io::Result<()> {
        cleanup::uninterrupted(|| write(file, self.header(side)))?
    }

    /// Removes the recovery file.
    pub fn forget(&self, dir: &Dir) -> io::Result<()> {
        dir.remove(&self.name)?;
        dir.sync()
    }

    /// Returns its path, for messages.
    pub fn path(&self, dir: &Dir) -> PathBuf {
        dir.path_of(&self.name)
    }
}

/// Reads from the start, as much as the file has.
fn read_up_to(file: &File, into: &mut [u8]) -> io::Result<usize> {
    let mut there = 0;
    while there < into.len() {
        match file.read_at(&mut into[there..], there as u64) {
            Ok(0) => break,
            Ok(read) => there += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(there)
}

/// Writes `new` over `old`, the first bytes of `file`, which is in `dir` and open for reading and writing.
pub fn replace_start(dir: &Dir, file: &File, old: &[u8], new: &[u8]) -> Result<(), Failed> {
    assert_eq!(old.len(), new.len(), "the data behind must not move");
    let id = Id::of(file).map_err(Failed::Before)?;
    cleanup::uninterrupted(|| {
        let recovery = dir.save_recovery(&encode(id, old, new));
        let recovery = recovery.map_err(Failed::Before)?;
        let path = || dir.path_of(&recovery);
        let kept = match write(file, new) {
            Ok(()) => Ok(()),
            Err(error) => Err(match write(file, old) {
                Ok(()) => Failed::Undone(error),
                Err(_) => return Err(Failed::Damaged(path(), error)),
            }),
        };
        let forgotten = dir.remove(&recovery).and_then(|()| dir.sync());
        forgotten.map_err(|error| Failed::Leftover(path(), error))?;
        kept
    })
    .map_err(Failed::Before)?
}

/// What failed, and the state of the file.
#[derive(Debug)]
pub enum Failed {
    /// Nothing was changed.
    Before(io::Error),
    /// The old header was written back.
    Undone(io::Error),
    /// The header may be damaged; the recovery file at this path has the old one.
    Damaged(PathBuf, io::Error),
    /// Everything was done, but the recovery file at this path could not be removed.
    Leftover(PathBuf, io::Error),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, OpenOptions};

    fn open(path: &std::path::Path) -> File {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .unwrap()
    }

    fn recovery(dir: &Dir, file: &File) -> Recovery {
        let mut found = find(dir, &dir.recovery_files().unwrap(), file).unwrap();
        assert_eq!(found.len(), 1);
        match found.remove(0) {
            Found::Recovery(recovery) => recovery,
            doubtful => panic!("{doubtful:?}"),
        }
    }

    /// A disk that accepts no more writes: the recovery file stays, and the next run finds it.
    #[test]
    fn what_cannot_be_put_back_is_left_to_the_next_run() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let path = temporary.path().join("file");
        let (old, new) = (vec![b'o'; 3 * SECTOR + 7], vec![b'n'; 3 * SECTOR + 7]);
        let after = |at: usize| [&new[..at], &old[at..], b"data"].concat();
        fs::write(&path, after(0)).unwrap();
        let unwritable = File::open(&path).unwrap();
        let failed = replace_start(&dir, &unwritable, &old, &new);
        assert!(matches!(failed, Err(Failed::Damaged(..))), "{failed:?}");

        let file = open(&path);
        for (at, state) in [
            (0, State::Whole),
            (1, State::Changed),
            (SECTOR, State::Torn),
            (SECTOR + 1, State::Changed),
            (3 * SECTOR, State::Torn),
            (new.len(), State::Whole),
        ] {
            fs::write(&path, after(at)).unwrap();
            assert_eq!(recovery(&dir, &file).state(&file).unwrap(), state, "{at}");
        }
        fs::write(&path, after(SECTOR)).unwrap();
        let recovery = recovery(&dir, &file);
        recovery.restore(&file, Side::New).unwrap();
        assert_eq!(fs::read(&path).unwrap(), after(new.len()));
        recovery.restore(&file, Side::Old).unwrap();
        assert_eq!(fs::read(&path).unwrap(), after(0));
        recovery.forget(&dir).unwrap();
        assert!(dir.recovery_files().unwrap().is_empty());
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_whole_records_about_the_file_count() {
        let id = Id {
            device: 5,
            inode: 7,
        };
        let bytes = encode(id, b"old", b"newer");
        assert!(names(&bytes, id));
        assert!(!names(&bytes, Id { inode: 8, ..id }));
        assert!(!names(&bytes, Id { device: 8, ..id }));
        assert_eq!(decode(&bytes), Some((&b"old"[..], &b"newer"[..])));
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len]), None, "{len}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(decode(&changed), None, "{at}");
        }
    }
}
