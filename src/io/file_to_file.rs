//! Work from one file to another, in any order.

use super::file_at::FileAt;
use super::input::Input;
use super::output::Output;
use fetool::{Error, Positioned};
use std::fs::File;
use std::io;

/// Less than this goes as fast in its order.
const LEAST: u64 = 4 << 20;

/// Where the input is and where the output goes, when both are files and there is much to do.
pub struct FileToFile {
    input: FileAt,
    output: FileAt,
}

impl FileToFile {
    pub fn of(input: &Input, output: &Output) -> io::Result<Option<Self>> {
        if input.size().is_none_or(|size| size < LEAST) {
            return Ok(None);
        }
        let files = input.as_file_at()?.zip(output.as_file_at()?);
        Ok(files.map(|(input, output)| Self { input, output }))
    }

    /// Does the work from the one to the other. Behind it the positions are where they would be
    /// had everything gone in its order: others may share them.
    pub fn work<T>(
        self,
        work: impl FnOnce(Positioned<'_, File>, Positioned<'_, File>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let done = work(self.input.at(), self.output.at());
        self.input.seek_to_end().map_err(Error::Read)?;
        self.output.seek_to_end().map_err(Error::Write)?;
        done
    }
}
