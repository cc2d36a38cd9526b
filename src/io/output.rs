//! Outputs: standard output, or a file that appears whole or not at all.
//!
//! A file is written under a temporary name in the same directory (mode 0600), and renamed when all
//! of it is there. When the output is dropped before [`Output::commit`], or a signal ends the
//! process, the temporary file is removed and a file of the final name is as it was.

use super::access::Access;
use super::dir::{Dir, parent};
use super::file_at::FileAt;
use super::staged::Staged;
use super::terminal_safe::TextOnly;
use super::uncached::{forget, is_bulk};
use super::{FileId, standard, widen_pipe};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{FileStat, Mode, SFlag};
use nix::unistd::geteuid;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output. `any` means that even a terminal gets it, whatever it is.
    Stdout { any: bool },
    /// A file.
    File {
        path: PathBuf,
        force: bool,
        sync: bool,
    },
}

/// What goes out, which decides what a terminal may see of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Sealed,
    Opened,
}

/// Why there is no output.
#[derive(Debug)]
pub enum Refused {
    /// Sealed bytes would go to a terminal.
    Terminal,
    /// The file is there and was not to be overwritten.
    Exists,
    /// It is one of the files that are read.
    SameFile,
    /// Another user's FIFO, socket or device, where others can make one.
    Foreign(&'static str),
    /// A symbolic link of somebody else.
    ForeignLink,
    System(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// An open output.
pub struct Output {
    sink: Sink,
    sync: bool,
    /// Bytes that were written in order.
    written: u64,
    /// Whether these are so many against memory that the next ones go past the page cache,
    is_bulk: fn(u64) -> bool,
    /// which is then done here.
    bulk: Option<FileAt>,
}

enum Sink {
    Plain(Descriptor),
    Terminal(TextOnly<Descriptor>),
    /// A file that has its name only when it is whole.
    New(NewFile),
}

struct NewFile {
    staged: Staged,
    /// Its name in its directory: not a symbolic link.
    name: OsString,
    /// Whether it may replace a file of that name.
    force: bool,
    /// What it takes over from the file that it replaces.
    access: Option<Access>,
    /// Whether it replaces one.
    replaces: bool,
}

impl Output {
    /// Opens the target, unless it is one of the files `read`.
    pub fn open(target: &Target, content: Content, read: &[FileId]) -> Result<Self, Refused> {
        match target {
            Target::Stdout { any } => Self::stdout(*any, content, read),
            Target::File { path, force, sync } => Self::file(path, *force, *sync, content, read),
        }
    }

    fn stdout(any: bool, content: Content, read: &[FileId]) -> Result<Self, Refused> {
        standard::check_stdout()?;
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        refuse_same(&file.metadata()?, read)?;
        Self::straight(file, any, content)
    }

    /// Output without a temporary file.
    fn straight(file: File, any: bool, content: Content) -> Result<Self, Refused> {
        let sink = if any || !file.is_terminal() {
            Sink::Plain(Descriptor::new(file)?)
        } else if content == Content::Opened {
            Sink::Terminal(TextOnly::new(Descriptor::new(file)?))
        } else {
            return Err(Refused::Terminal);
        };
        Ok(Self::of(sink, false))
    }

    fn file(
        path: &Path,
        force: bool,
        sync: bool,
        content: Content,
        read: &[FileId],
    ) -> Result<Self, Refused> {
        let Named {
            dir,
            name,
            existing,
            open,
        } = Named::find(path)?;
        if let Some(descriptor) = open {
            // An open file of this process, by its name in /dev/fd or /proc.
            refuse_same(&descriptor.metadata()?, read)?;
            if !descriptor.metadata()?.is_file() {
                return Self::straight(descriptor, false, content);
            }
            return Err(Refused::Exists);
        }
        let mut access = None;
        let replaces = existing.is_some();
        if let Some(stat) = existing {
            match kind(&stat) {
                SFlag::S_IFDIR => return Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
                SFlag::S_IFREG => {
                    refuse_id(FileId::of_stat(&stat), read)?;
                    if !force {
                        return Err(Refused::Exists);
                    }
                    let limited = content == Content::Opened;
                    let open = || dir.file(&name).ok().flatten();
                    access = Access::of_replaced(&stat, limited, open);
                }
                kind => {
                    let device = open_device(&dir, &name, kind, &stat)?;
                    return Self::straight(device, false, content);
                }
            }
        }
        let new = NewFile {
            staged: Staged::new(&Arc::new(dir))?,
            name,
            force,
            access,
            replaces,
        };
        Ok(Self::of(Sink::New(new), sync))
    }

    fn of(sink: Sink, sync: bool) -> Self {
        Self {
            sink,
            sync,
            written: 0,
            is_bulk,
            bulk: None,
        }
    }

    /// Gives a file that was not there before the mode of any other new file, in place of 0600.
    pub fn with_mode_of_new_files(mut self) -> Self {
        if let Sink::New(new) = &mut self.sink
            && !new.replaces
        {
            new.access = Some(Access::of_new_file());
        }
        self
    }

    /// Whether it is a terminal, which gets text only.
    pub fn is_text_terminal(&self) -> bool {
        matches!(self.sink, Sink::Terminal(_))
    }

    /// The file from its end on, where it can be written at any position behind that. `uncached` is for bytes
    /// that go past the page cache.
    pub fn as_file_at(&self, uncached: bool) -> io::Result<Option<FileAt>> {
        let file = match &self.sink {
            Sink::Plain(Descriptor { file }) => file,
            Sink::New(new) => &new.staged.file,
            Sink::Terminal(_) => return Ok(None),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let flags = OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL)?);
        let position = (&mut &*file).stream_position()?;
        // What is behind the position, as with `1<>FILE`, is not ours to cut off after an error.
        let ours = position == metadata.len() && !flags.contains(OFlag::O_APPEND);
        ours.then(|| FileAt::new(file, position, uncached))
            .transpose()
    }

    /// What bytes are written to as they are, at the place where they are written.
    pub fn as_file(&self) -> Option<&File> {
        match &self.sink {
            Sink::Plain(descriptor) => Some(&descriptor.file),
            Sink::New(new) => Some(&new.staged.file),
            Sink::Terminal(_) => None,
        }
    }

    /// Whether it will be the file `path`, which need not be there yet.
    pub fn goes_to(&self, path: &Path) -> bool {
        let (Sink::New(new), Ok(other)) = (&self.sink, Named::find(path)) else {
            return false;
        };
        let id = |dir: &Dir| {
            let stat = dir.stat().ok();
            stat.map(|stat| (stat.st_dev, stat.st_ino))
        };
        new.name == other.name && id(new.staged.dir()) == id(&other.dir)
    }

    /// Drops what a large file left in the page cache before it was that large. What is not on the disk yet goes
    /// when this is called next.
    fn forget_bulk(&self) {
        if self.bulk.is_some()
            && let Some(file) = self.as_file()
        {
            forget(file);
        }
    }

    /// Makes the output complete: everything is written, the file is closed and has its name.
    /// Only now is it there.
    pub fn commit(self) -> io::Result<()> {
        self.forget_bulk();
        match self.sink {
            // Some file systems (NFS) say only now that there was no room.
            Sink::Plain(descriptor) => Ok(nix::unistd::close(descriptor.file)?),
            Sink::Terminal(text) => Ok(nix::unistd::close(text.finish()?.file)?),
            Sink::New(new) => new.commit(self.sync),
        }
    }
}

impl NewFile {
    fn commit(self, sync: bool) -> io::Result<()> {
        let file = &self.staged.file;
        if let Some(access) = &self.access {
            access.give(file)?;
        }
        if sync {
            file.sync_all()?;
        }
        let dir = self.staged.dir().clone();
        self.staged.place(&self.name, self.force)?;
        if sync {
            dir.sync()?;
        }
        Ok(())
    }
}

/// A path that was looked up: its directory, its name there, and what has that name.
struct Named {
    dir: Dir,
    name: OsString,
    /// Never a symbolic link: those were followed.
    existing: Option<FileStat>,
    /// What the path means where it names an open file of this process.
    open: Option<File>,
}

impl Named {
    /// Follows symbolic links to the file that they mean, whether it is there already or not, so that
    /// the links stay and the file is replaced.
    ///
    /// Links are followed that belong to the user, to root or to the owner of their directory. Others
    /// were put there by somebody who may write to the directory, and could lead anywhere.
    fn find(path: &Path) -> Result<Self, Refused> {
        const MOST: usize = 40; // as the Linux kernel has it
        let mut path = path.to_owned();
        for _ in 0..MOST {
            let name = match path.file_name() {
                Some(name) if !path.as_os_str().as_bytes().ends_with(b"/") => name.to_owned(),
                _ if path.is_dir() => {
                    return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
                }
                _ => return Err(io::Error::from(io::ErrorKind::InvalidFilename).into()),
            };
            let dir = Dir::open(parent(&path))?;
            let existing = dir.look(&name)?;
            let is_link = existing.filter(|stat| kind(stat) == SFlag::S_IFLNK);
            let Some(link) = is_link else {
                return Ok(Self {
                    dir,
                    name,
                    existing,
                    open: None,
                });
            };
            #[cfg(target_os = "linux")]
            if dir.is_proc()? {
                return Ok(Self {
                    open: Some(OpenOptions::new().write(true).open(&path)?),
                    existing: None,
                    dir,
                    name,
                });
            }
            if !is_trusted(link.st_uid) && link.st_uid != dir.stat()?.st_uid {
                return Err(Refused::ForeignLink);
            }
            // A relative link starts where the link is; an absolute one replaces everything.
            path = dir.path_of(OsStr::new("")).join(dir.read_link(&name)?);
        }
        Err(io::Error::other("too many levels of symbolic links").into())
    }
}

fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

/// Whether what a user owns cannot be a trap: it is the effective user, or root.
fn is_trusted(user: u32) -> bool {
    user == geteuid().as_raw() || user == 0
}

/// Opens a FIFO or a device. One of another user is opened only in a directory where nobody else could
/// have put it: what is written there may be read by its owner.
fn open_device(
    dir: &Dir,
    name: &OsStr,
    kind_before: SFlag,
    before: &FileStat,
) -> Result<File, Refused> {
    let parent = dir.stat()?;
    let others_write = Mode::S_IWGRP | Mode::S_IWOTH;
    let is_private = is_trusted(parent.st_uid)
        && !Mode::from_bits_truncate(parent.st_mode).intersects(others_write);
    if !is_trusted(before.st_uid) && !is_private {
        return Err(Refused::Foreign(match kind_before {
            SFlag::S_IFIFO => "FIFO",
            SFlag::S_IFSOCK => "socket",
            _ => "device",
        }));
    }
    let file = dir.device(name)?;
    let now = nix::sys::stat::fstat(&file).map_err(io::Error::from)?;
    if (now.st_dev, now.st_ino, kind(&now)) != (before.st_dev, before.st_ino, kind_before) {
        return Err(io::Error::other("another file has taken its place").into());
    }
    Ok(file)
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bulk.is_none() && (self.is_bulk)(self.written) {
            self.bulk = self.as_file_at(true)?;
            self.forget_bulk();
        }
        if let Some(file) = &mut self.bulk {
            return file.write(bytes);
        }
        let written = match &mut self.sink {
            Sink::Plain(descriptor) => descriptor.write(bytes),
            Sink::Terminal(text) => text.write(bytes),
            Sink::New(new) => (&new.staged.file).write(bytes),
        }?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing is buffered: bytes go to the system as they come.
        Ok(())
    }
}

/// Makes a file that was not there before, with mode 0600, and puts it safely on disk: for keys.
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| File::open(parent(path))?.sync_all());
    if written.is_err() {
        // Half a key is worse than none.
        let _ = fs::remove_file(path);
    }
    written
}

/// A file descriptor, written without a buffer.
struct Descriptor {
    file: File,
}

impl Descriptor {
    fn new(file: File) -> io::Result<Self> {
        if file.metadata()?.file_type().is_fifo() {
            widen_pipe(&file);
        }
        Ok(Self { file })
    }
}

impl Write for Descriptor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.file.write(bytes) {
                // A pipe that somebody else made non-blocking.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let mut waiting = [PollFd::new(self.file.as_fd(), PollFlags::POLLOUT)];
                    poll(&mut waiting, PollTimeout::NONE)?;
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refuse_same(output: &Metadata, read: &[FileId]) -> Result<(), Refused> {
    refuse_id(FileId::of(output), read)
}

fn refuse_id(output: Option<FileId>, read: &[FileId]) -> Result<(), Refused> {
    match output {
        Some(id) if read.contains(&id) => Err(Refused::SameFile),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_large_is_written_past_the_page_cache() {
        let dir = tempfile::tempdir().unwrap();
        let target = Target::File {
            path: dir.path().join("out"),
            force: false,
            sync: false,
        };
        let mut output = Output::open(&target, Content::Sealed, &[]).unwrap();
        output.is_bulk = |len| len > 10_000;
        for (piece, is_bulk) in [(b'a', false), (b'b', false), (b'c', false), (b'd', true)] {
            output.write_all(&[piece; 5_000]).unwrap();
            assert_eq!(output.bulk.is_some(), is_bulk);
        }
        // Behind the bytes in order, the file has its end.
        let position = output.as_file().unwrap().stream_position().unwrap();
        assert_eq!(position, 20_000);
        output.commit().unwrap();
        let read = fs::read(dir.path().join("out")).unwrap();
        let pieces: Vec<_> = read
            .chunks(5_000)
            .map(|piece| (piece[0], piece.len()))
            .collect();
        assert_eq!(
            pieces,
            [(b'a', 5_000), (b'b', 5_000), (b'c', 5_000), (b'd', 5_000)]
        );
    }
}
