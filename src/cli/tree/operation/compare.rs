//! Whether one file was made from the other.

use super::{Operation, start_of};
use fetool::format::Format;
use fetool::{Error, FileKey, Inspect, Inspected, Positioned};
use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;

impl Operation<'_> {
    /// Returns whether one file was made from the other, and is authentic.
    ///
    /// # Errors
    /// Also if the sealed one does not open, with `file_key` if known.
    pub fn are_same(
        &self,
        source: &File,
        output: &File,
        jobs: NonZeroUsize,
        file_key: Option<&FileKey>,
    ) -> Result<bool, Error> {
        let (sealed, plain) = self.sides(source, output);
        let len = sealed.metadata().map_err(Error::Read)?.len();
        let mut compare = Compare {
            plain: start_of(plain),
            buffer: Vec::new(),
            differs: false,
        };
        let Some(open) = self.opener(len, file_key) else {
            return Err(Error::usage(
                "the sealed file is there already, and nothing opens it here to compare it",
            ));
        };
        let opened = open
            // Anyone can make a sealed file without a chunk, so it proves nothing about a plaintext. One that this run
            // has just sealed is trusted.
            .authenticated(matches!(self, Self::Open { .. }))
            .jobs(jobs)
            .start(start_of(sealed))
            .and_then(|opening| opening.run(&mut compare));
        if compare.differs {
            return Ok(false);
        }
        let len = opened?.plaintext_len;
        Ok(plain.metadata().map_err(Error::Read)?.len() == len)
    }

    /// Inspects the structure of a sealed file.
    pub fn inspect(&self, sealed: &File) -> Result<Inspected, Error> {
        Inspect::new()
            .format(match self {
                Self::Seal { format, .. } => Some(*format as &dyn Format),
                Self::Open { format, .. } => format.map(|format| format as &dyn Format),
            })
            .run_seekable(sealed)
    }

    /// Returns whether the output exists and is intact, as far as its structure shows.
    pub fn is_sound(&self, source: &File, output: &File) -> Result<bool, Error> {
        let (sealed, plain) = self.sides(source, output);
        let report = self.inspect(sealed);
        let len = plain.metadata().map_err(Error::Read)?.len();
        Ok(match report {
            Ok(report) => report.fault.is_none() && report.plaintext_len == len,
            // Only the secret shows its format, which costs as much as opening it.
            Err(Error::UnknownFormat(_)) => {
                self.are_same(source, output, NonZeroUsize::MIN, None)?
            }
            Err(Error::Read(error)) => return Err(Error::Read(error)),
            Err(_) => false,
        })
    }

    /// Returns the sealed one of two files, and the other.
    pub fn sides<'f, T>(&self, source: &'f T, output: &'f T) -> (&'f T, &'f T) {
        match self {
            Self::Seal { .. } => (output, source),
            Self::Open { .. } => (source, output),
        }
    }
}

/// Compares what is opened with a file.
struct Compare<'f> {
    plain: Positioned<'f, File>,
    buffer: Vec<u8>,
    differs: bool,
}

impl Write for Compare<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.clear();
        (&mut self.plain)
            .take(bytes.len() as u64)
            .read_to_end(&mut self.buffer)?;
        if self.buffer != bytes {
            self.differs = true;
            return Err(io::Error::other("the files differ"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
