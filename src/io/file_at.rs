//! Files from a position on, of which parts are read and written in any order.

use fetool::Positioned;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};

/// A file, from a position on.
pub struct FileAt {
    file: File,
    position: u64,
}

impl FileAt {
    pub fn new(file: &File, position: u64) -> io::Result<Self> {
        let file = file.try_clone()?;
        Ok(Self { file, position })
    }

    /// The file's bytes from the position on. Reading them moves no position that others share.
    pub fn at(&self) -> Positioned<'_, File> {
        Positioned {
            file: &self.file,
            position: self.position,
        }
    }

    /// Moves the position that others share to the file's end.
    pub fn seek_to_end(mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0)).map(drop)
    }
}
