//! Work from one file to another, in any order.

use super::file_at::FileAt;
use super::input::Input;
use super::output::Output;
use super::uncached::BulkFile;
use fetool::{Error, Positioned};
use std::fs::File;
use std::io;

/// With less than this, working in order is as fast.
const LEAST: u64 = 4 << 20;

/// The input and the output, if both are files and there is much to do.
pub struct FileToFile {
    input: FileAt,
    output: FileAt,
}

impl FileToFile {
    pub fn of(input: &Input, output: &Output) -> io::Result<Option<Self>> {
        if input.size().is_none_or(|size| size < LEAST) {
            return Ok(None);
        }
        let files = input.as_file_at()?.zip(output.as_file_at(input.is_bulk())?);
        Ok(files.map(|(input, output)| Self { input, output }))
    }

    /// Runs `work` from one file to the other. Afterwards the file offsets, which others may share, are as if
    /// everything had happened in order.
    pub fn work<T>(
        self,
        work: impl FnOnce(
            Positioned<'_, BulkFile<File>>,
            Positioned<'_, BulkFile<File>>,
        ) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let done = work(self.input.at(), self.output.at());
        self.input.seek_to_end().map_err(Error::Read)?;
        self.output.seek_to_end().map_err(Error::Write)?;
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fetool::{Open, Seal, Secret};
    use std::io::Read;

    /// Bypassing the page cache, with slabs that end inside pages.
    #[test]
    fn large_files_are_sealed_and_opened_as_others() {
        let bytes: Vec<u8> = (0..9_000_005_u32).map(|i| (i % 251) as u8).collect();
        let file_with = |bytes: &[u8]| {
            let file = BulkFile::new(tempfile::tempfile().unwrap(), true);
            io::Write::write_all(&mut file.start(), bytes).unwrap();
            file
        };
        let key = Secret::key([7; 32]);
        for chunk_size in [None, Some(64 << 10), Some(1000)] {
            let seal = Seal::new(&key)
                .chunk_size(chunk_size)
                .size(Some(bytes.len() as u64));
            let (plain, sealed, opened) = (file_with(&bytes), file_with(&[]), file_with(&[]));
            let sealing = seal.start().unwrap();
            sealing.run_at(plain.start(), sealed.start()).unwrap();
            let opening = Open::new(&key).start(sealed.start()).unwrap();
            opening.run_at(sealed.start(), opened.start()).unwrap();
            let mut read = Vec::new();
            opened.start().read_to_end(&mut read).unwrap();
            assert!(read == bytes, "{chunk_size:?}");
        }
    }
}
