//! Outputs: standard output, or a file that appears whole or not at all.
//!
//! A file is written under a temporary name in the same folder (mode 0600), and renamed when all
//! of it is there. When the output is dropped before [`Output::commit`], or a signal ends the
//! process, the temporary file is removed and a file of the final name is as it was.

use super::cleanup::Temporary;
use super::place::Place;
use super::text::TextOnly;
use super::{FileId, widen_pipe};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, IsTerminal, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

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
    /// What commit does with a file of our own; standard output and devices have none.
    staged: Option<Staged>,
}

enum Sink {
    Plain(Descriptor),
    Terminal(TextOnly<Descriptor>),
}

struct Staged {
    temporary: TempPath,
    /// Forgets the temporary file after the rename.
    _undo: Temporary,
    /// Where it goes: not a symbolic link.
    path: PathBuf,
    replaced: Option<Permissions>,
    force: bool,
    sync: bool,
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
        Ok(Self { sink, staged: None })
    }

    fn file(
        path: &Path,
        force: bool,
        sync: bool,
        content: Content,
        read: &[FileId],
    ) -> Result<Self, Refused> {
        let existing = match fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        if let Some(metadata) = &existing {
            if metadata.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
            }
            refuse_same(metadata, read)?;
            if !metadata.is_file() {
                let device = OpenOptions::new().write(true).open(path)?;
                return Self::straight(device, false, content);
            }
            if !force {
                return Err(Refused::Exists);
            }
        }
        let path = resolve_links(path)?;
        if path.file_name().is_none() || path.as_os_str().as_bytes().ends_with(b"/") {
            return Err(io::Error::from(io::ErrorKind::InvalidFilename).into());
        }
        let (named, undo) = Temporary::make(
            || {
                tempfile::Builder::new()
                    .prefix(TEMPORARY_PREFIX)
                    .suffix(".tmp")
                    .tempfile_in(folder(&path))
            },
            NamedTempFile::path,
        )?;
        let (file, temporary) = named.into_parts();
        Ok(Self {
            sink: Sink::Plain(Descriptor::new(file)?),
            staged: Some(Staged {
                temporary,
                _undo: undo,
                path,
                replaced: existing.map(|metadata| metadata.permissions()),
                force,
                sync,
            }),
        })
    }

    /// Whether it may have to wait until somebody takes what was written.
    pub fn may_wait(&self) -> bool {
        match &self.sink {
            Sink::Plain(descriptor) => !descriptor.regular,
            Sink::Terminal(_) => true,
        }
    }

    /// The file from its end on, where it can be written at any position behind that.
    pub fn as_place(&self) -> io::Result<Option<Place>> {
        let Sink::Plain(Descriptor { file, .. }) = &self.sink else {
            return Ok(None);
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let flags = OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL)?);
        let position = (&mut &*file).stream_position()?;
        // What is behind the position, as with `1<>FILE`, is not ours to cut off after an error.
        let ours = position == metadata.len() && !flags.contains(OFlag::O_APPEND);
        ours.then(|| Place::new(file, position)).transpose()
    }

    /// Whether it will be the file `path`, which need not be there yet.
    pub fn goes_to(&self, path: &Path) -> bool {
        let place = |path: &Path| {
            Some((
                folder(path).canonicalize().ok()?,
                path.file_name()?.to_owned(),
            ))
        };
        let path = resolve_links(path).ok();
        let (Some(staged), Some(path)) = (&self.staged, path) else {
            return false;
        };
        place(&path).is_some_and(|it| Some(it) == place(&staged.path))
    }

    /// Makes the output complete: everything is written, the file is closed and has its name.
    /// Only now is it there.
    pub fn commit(self) -> io::Result<()> {
        let file = match self.sink {
            Sink::Plain(descriptor) => descriptor.file,
            Sink::Terminal(text) => text.finish()?.file,
        };
        if let Some(staged) = &self.staged {
            if let Some(permissions) = &staged.replaced {
                let mode = permissions.mode() & 0o777;
                file.set_permissions(Permissions::from_mode(mode))?;
            }
            if staged.sync {
                file.sync_all()?;
            }
        }
        // Some file systems (NFS) say only now that there was no room.
        nix::unistd::close(file)?;
        self.staged.map_or(Ok(()), Staged::rename)
    }
}

const TEMPORARY_PREFIX: &str = ".fetool-";

impl Staged {
    fn rename(self) -> io::Result<()> {
        let renamed = if self.force {
            self.temporary.persist(&self.path)
        } else {
            // A file that came into being in the meantime stays as it is.
            self.temporary.persist_noclobber(&self.path)
        };
        renamed.map_err(|failed| failed.error)?;
        if self.sync {
            File::open(folder(&self.path))?.sync_all()?;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Plain(descriptor) => descriptor.write(bytes),
            Sink::Terminal(text) => text.write(bytes),
        }
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
        .and_then(|()| File::open(folder(path))?.sync_all());
    if written.is_err() {
        // Half a key is worse than none.
        let _ = fs::remove_file(path);
    }
    written
}

/// A file descriptor, written without a buffer.
struct Descriptor {
    file: File,
    regular: bool,
}

impl Descriptor {
    fn new(file: File) -> io::Result<Self> {
        let kind = file.metadata()?.file_type();
        if kind.is_fifo() {
            widen_pipe(&file);
        }
        let regular = kind.is_file();
        Ok(Self { file, regular })
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
    match FileId::of(output) {
        Some(id) if read.contains(&id) => Err(Refused::SameFile),
        _ => Ok(()),
    }
}

/// The folder that a file is in.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Follows symbolic links to the file that they mean, whether it is there already or not, so that
/// the links stay and the file is replaced.
fn resolve_links(path: &Path) -> io::Result<PathBuf> {
    const MOST: usize = 40; // as the Linux kernel has it
    let mut path = path.to_owned();
    for _ in 0..MOST {
        match fs::read_link(&path) {
            // A relative link starts where the link is; an absolute one replaces everything.
            Ok(link) => path = folder(&path).join(link),
            // Not a link, or not there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}
