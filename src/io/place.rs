//! Files of which parts are read and written in any order.

use super::input::Input;
use super::output::Output;
use fetool::{At, Error};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};

/// Less than this goes as fast in its order.
const LEAST: u64 = 4 << 20;

/// A file, from a position on.
pub struct Place {
    file: File,
    position: u64,
}

/// Where the input is and where the output goes, when both are files and there is much to do.
pub struct Places {
    input: Place,
    output: Place,
}

impl Places {
    pub fn of(input: &Input, output: &Output) -> io::Result<Option<Self>> {
        if input.size().is_none_or(|size| size < LEAST) {
            return Ok(None);
        }
        let places = input.as_place()?.zip(output.as_place()?);
        Ok(places.map(|(input, output)| Self { input, output }))
    }

    /// Does the work from the one to the other. Behind it the positions are where they would be
    /// had everything gone in its order: others may share them.
    pub fn work<T>(
        self,
        work: impl FnOnce(At<'_, File>, At<'_, File>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let done = work(self.input.at(), self.output.at());
        self.input.pass().map_err(Error::Read)?;
        self.output.pass().map_err(Error::Write)?;
        done
    }
}

impl Place {
    pub fn new(file: &File, position: u64) -> io::Result<Self> {
        let file = file.try_clone()?;
        Ok(Self { file, position })
    }

    /// The file's bytes from the position on. Reading them moves no position that others share.
    pub fn at(&self) -> At<'_, File> {
        At {
            file: &self.file,
            position: self.position,
        }
    }

    fn pass(mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::End(0)).map(drop)
    }
}
