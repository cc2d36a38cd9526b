//! Inputs: standard input or a file, and what is known of them before reading.

use super::file_at::FileAt;
use super::uncached::is_bulk;
use super::{FileId, standard, widen_pipe};
use fetool::CancelToken;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{self, IsTerminal, PipeReader, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// An open input.
pub struct Input {
    file: File,
    kind: Kind,
}

enum Kind {
    /// A regular file: reads do not block for long.
    Regular {
        id: FileId,
        /// The start of the input in the file.
        position: u64,
        size: u64,
        /// The same file, bypassing the page cache, if it is large compared with memory.
        bulk: Option<FileAt>,
    },
    /// A pipe, a terminal or a device: a read can block for ever. The pipe becomes readable when the work is cancelled.
    Stream { woken: Option<PipeReader> },
}

impl Input {
    /// Opens standard input, from its current position on.
    ///
    /// # Errors
    /// Those of the system, and an error if it was closed.
    pub fn stdin() -> io::Result<Self> {
        standard::check_stdin()?;
        Self::new(io::stdin().as_fd().try_clone_to_owned()?.into(), is_bulk)
    }

    /// Opens a file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::new(File::open(path)?, is_bulk)
    }

    /// Wraps a file; `is_bulk` says which lengths are large compared with memory.
    fn new(mut file: File, is_bulk: fn(u64) -> bool) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        let kind = match FileId::of(&metadata) {
            Some(id) => {
                let position = file.stream_position()?;
                let size = metadata.len().saturating_sub(position);
                let bulk = match is_bulk(size) {
                    true => Some(FileAt::new(&file, position, true)?),
                    false => None,
                };
                Kind::Regular {
                    id,
                    position,
                    size,
                    bulk,
                }
            }
            None => Kind::Stream { woken: None },
        };
        if metadata.file_type().is_fifo() {
            widen_pipe(&file);
        }
        Ok(Self { file, kind })
    }

    /// Returns the identity of a regular file.
    pub fn id(&self) -> Option<FileId> {
        match self.kind {
            Kind::Regular { id, .. } => Some(id),
            Kind::Stream { .. } => None,
        }
    }

    /// Returns the number of bytes, if known. Some files that the kernel generates (in /proc) have length 0 but are not
    /// empty, so 0 counts as unknown.
    pub fn size(&self) -> Option<u64> {
        match self.kind {
            Kind::Regular { size, .. } if size > 0 => Some(size),
            _ => None,
        }
    }

    pub fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// Returns the file if it can be read twice and skipped over. Generated files of the kernel have no end to seek to.
    pub fn as_seekable(&self) -> Option<&File> {
        self.size().map(|_| &self.file)
    }

    /// Returns the file if it is a regular one, at its current position.
    pub fn as_regular(&self) -> Option<&File> {
        matches!(self.kind, Kind::Regular { .. }).then_some(&self.file)
    }

    /// Returns whether it is a file so large compared with memory that its bytes bypass the page cache.
    pub fn is_bulk(&self) -> bool {
        matches!(self.kind, Kind::Regular { bulk: Some(_), .. })
    }

    /// Returns the file from the start of the input, if any of its bytes can be read at any time.
    pub fn as_file_at(&self) -> io::Result<Option<FileAt>> {
        match self.kind {
            Kind::Regular { position, size, .. } if size > 0 => {
                FileAt::new(&self.file, position, self.is_bulk()).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Makes blocked reads end when `stop` is cancelled.
    pub fn ends_with(&mut self, stop: &CancelToken) -> io::Result<()> {
        if let Kind::Stream { woken } = &mut self.kind {
            let (reader, writer) = io::pipe()?;
            *woken = Some(reader);
            stop.on_stop(move || {
                // There is room for one byte: nothing was written to it before.
                let _ = (&writer).write(&[0]);
            });
        }
        Ok(())
    }

    /// Waits until there is something to read; fails if the work was cancelled.
    fn wait(&self) -> io::Result<()> {
        let Kind::Stream { woken: Some(woken) } = &self.kind else {
            return Ok(());
        };
        let mut waiting = [
            PollFd::new(self.file.as_fd(), PollFlags::POLLIN),
            PollFd::new(woken.as_fd(), PollFlags::POLLIN),
        ];
        poll(&mut waiting, PollTimeout::NONE)?;
        match waiting[1].any() {
            Some(true) => Err(io::Error::other("stopped")),
            _ => Ok(()),
        }
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Kind::Regular {
            bulk: Some(file), ..
        } = &mut self.kind
        {
            return file.read(into);
        }
        loop {
            self.wait()?;
            match self.file.read(into) {
                // A pipe that another process made non-blocking.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    let mut waiting = [PollFd::new(self.file.as_fd(), PollFlags::POLLIN)];
                    poll(&mut waiting, PollTimeout::from(100u8))?;
                }
                read => return read,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::SeekFrom;

    #[test]
    fn a_large_file_is_read_from_the_shared_position_on_and_moves_it() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
        file.write_all(&bytes).unwrap();
        for (is_bulk, large) in [
            ((|len| len > 90_000) as fn(u64) -> bool, true),
            (|_| false, false),
        ] {
            file.seek(SeekFrom::Start(7)).unwrap();
            let mut input = Input::new(file.try_clone().unwrap(), is_bulk).unwrap();
            assert_eq!(input.is_bulk(), large);
            let mut first = [0; 5_000];
            input.read_exact(&mut first).unwrap();
            assert!(first[..] == bytes[7..5_007]);
            assert_eq!(file.stream_position().unwrap(), 5_007);
            let mut rest = Vec::new();
            input.read_to_end(&mut rest).unwrap();
            assert!(rest == bytes[5_007..]);
            assert_eq!(file.stream_position().unwrap(), 100_000);
        }
    }
}
