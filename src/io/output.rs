//! Outputs: standard output, or a file that appears whole or not at all.
//!
//! fetool writes a file under a temporary name in the same directory (mode 0600), and renames it when it is complete.
//! If the output is dropped before [`Output::commit`], or a signal ends the process, the temporary file is removed and
//! an existing file of the final name stays as it was.

mod named;

use named::{Named, kind, open_device};

use super::access::Access;
use super::dir::{Dir, parent};
use super::file_at::FileAt;
use super::staged::Staged;
use super::terminal_safe::TextOnly;
use super::uncached::{forget, is_bulk};
use super::{FileId, standard, widen_pipe};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::SFlag;
use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The target of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output. With `any`, even a terminal gets any content.
    Stdout { any: bool },
    /// A file.
    File {
        path: PathBuf,
        force: bool,
        sync: bool,
    },
}

/// The kind of content, which decides what may go to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Sealed,
    Opened,
}

/// Why an output was refused.
#[derive(Debug)]
pub enum Refused {
    /// It is a terminal, and the content is sealed.
    Terminal,
    /// The file exists, and must not be overwritten.
    Exists,
    /// It is also an input.
    SameFile,
    /// A FIFO, socket or device of another user, in a directory where others can create one.
    Foreign(&'static str),
    /// A symbolic link of another user.
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
    /// The number of bytes written in order.
    written: u64,
    /// Whether that is so much compared with memory that the next bytes bypass the page cache,
    is_bulk: fn(u64) -> bool,
    /// which this then does.
    bulk: Option<FileAt>,
}

enum Sink {
    Plain(Descriptor),
    Terminal(TextOnly<Descriptor>),
    /// A file that gets its name when it is complete.
    New(NewFile),
}

struct NewFile {
    staged: Staged,
    /// Its name in its directory; never a symbolic link.
    name: OsString,
    /// Whether it may replace a file of that name.
    force: bool,
    /// What it copies from the file that it replaces.
    access: Option<Access>,
    /// Whether it replaces one.
    replaces: bool,
}

impl Output {
    /// Opens the target, unless it is one of the files in `read`.
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

    /// Creates an output without a temporary file.
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
            // An open file of this process, given by its name in /dev/fd or /proc.
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

    /// Gives a new file the mode of ordinary new files instead of 0600.
    pub fn with_mode_of_new_files(mut self) -> Self {
        if let Sink::New(new) = &mut self.sink
            && !new.replaces
        {
            new.access = Some(Access::of_new_file());
        }
        self
    }

    /// Returns whether it is a terminal that accepts only text.
    pub fn is_text_terminal(&self) -> bool {
        matches!(self.sink, Sink::Terminal(_))
    }

    /// Returns the file from its end on, if it can be written at any position behind that. With `uncached`, the bytes
    /// bypass the page cache.
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
        // What is behind the position, as with `1<>FILE`, must not be truncated after an error.
        let ours = position == metadata.len() && !flags.contains(OFlag::O_APPEND);
        ours.then(|| FileAt::new(file, position, uncached))
            .transpose()
    }

    /// Returns the file that bytes go to unchanged, at its current position.
    pub fn as_file(&self) -> Option<&File> {
        match &self.sink {
            Sink::Plain(descriptor) => Some(&descriptor.file),
            Sink::New(new) => Some(&new.staged.file),
            Sink::Terminal(_) => None,
        }
    }

    /// Returns whether it will become the file `path`, which need not exist yet.
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

    /// Drops the pages that a large file left in the page cache before it was that large. Pages that are still dirty
    /// are dropped by the next call.
    fn forget_bulk(&self) {
        if self.bulk.is_some()
            && let Some(file) = self.as_file()
        {
            forget(file);
        }
    }

    /// Completes the output: writes everything, closes the file and gives it its name. Only then does the file appear.
    pub fn commit(self) -> io::Result<()> {
        self.prepare()?;
        self.place()?.sync()
    }

    /// Does the first part of [`commit`](Self::commit): all that can fail because of the data.
    pub fn prepare(&self) -> io::Result<()> {
        self.forget_bulk();
        let Sink::New(new) = &self.sink else {
            return Ok(());
        };
        if let Some(access) = &new.access {
            access.give(&new.staged.file)?;
        }
        if self.sync {
            new.staged.file.sync_all()?;
        }
        new.staged.close_once()
    }

    /// Does the second part, after [`prepare`](Self::prepare): gives the file its name.
    pub fn place(self) -> io::Result<Placed> {
        let mut placed = Placed(None);
        match self.sink {
            // Some file systems (NFS) report only now that there was no room.
            Sink::Plain(descriptor) => nix::unistd::close(descriptor.file)?,
            Sink::Terminal(text) => nix::unistd::close(text.finish()?.file)?,
            Sink::New(new) => {
                let dir = new.staged.dir().clone();
                new.staged.give_name(&new.name, new.force)?;
                placed = Placed(self.sync.then_some(dir));
            }
        }
        Ok(placed)
    }
}

/// A complete output whose name may not be on the disk yet.
#[must_use]
pub struct Placed(Option<Arc<Dir>>);

impl Placed {
    /// Does the last part of [`Output::commit`]: fsyncs the directory, if that is wanted.
    pub fn sync(self) -> io::Result<()> {
        self.0.map_or(Ok(()), |dir| dir.sync())
    }
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
        // Nothing is buffered: every write goes to the system.
        Ok(())
    }
}

/// Creates a new file with mode 0600 and fsyncs it: for keys.
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
                // A pipe that another process made non-blocking.
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
        // The file ends behind the bytes written in order.
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
