//! Files that are read and written at any position behind a start.

use super::uncached::BulkFile;
use fetool::{Positioned, ReadAt, WriteAt};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A file, from a position on.
pub struct FileAt {
    file: BulkFile<File>,
    position: u64,
}

impl FileAt {
    /// Creates it; with `uncached`, its bytes bypass the page cache.
    pub fn new(file: &File, position: u64, uncached: bool) -> io::Result<Self> {
        let file = BulkFile::new(file.try_clone()?, uncached);
        Ok(Self { file, position })
    }

    /// Returns the file's bytes from the position on. Reading them does not move a file offset that others share.
    pub fn at(&self) -> Positioned<'_, BulkFile<File>> {
        Positioned {
            file: &self.file,
            position: self.position,
        }
    }

    /// Moves the shared file offset to the file's end.
    pub fn seek_to_end(self) -> io::Result<()> {
        self.file.file().seek(SeekFrom::End(0)).map(drop)
    }

    /// Runs `work` at the shared file offset, and moves that behind the bytes used.
    fn in_order(
        &self,
        work: impl FnOnce(&BulkFile<File>, u64) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut shared = self.file.file();
        let position = shared.stream_position()?;
        let bytes = work(&self.file, position)?;
        shared.seek(SeekFrom::Start(position + bytes as u64))?;
        Ok(bytes)
    }
}

/// Reads in order, from the shared file offset on.
impl Read for FileAt {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.in_order(|file, position| file.read_at(into, position))
    }
}

impl Write for FileAt {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.in_order(|file, position| file.write_at(bytes, position))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
