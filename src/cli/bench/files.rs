//! Files for measuring, of which none stays: they go away when they are dropped, and when a signal
//! ends the process.

use super::ways::{Move, failed, timed};
use crate::cli::failure::{Failure, shown};
use crate::cli::work::{Source, subjects};
use crate::io::cleanup::Temporary;
use crate::io::folder::{Folder, Staged};
use crate::io::output::{Content, Output, Target};
use fetool::Stop;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A file to read from.
pub struct Scratch(Staged);

impl Scratch {
    pub fn new(dir: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Folder::open(dir)?).stage()?))
    }

    /// With these bytes.
    pub fn holding(dir: &Path, bytes: &[u8]) -> Result<Self, Failure> {
        let make = || {
            let mut scratch = Self::new(dir)?;
            scratch.0.file.write_all(bytes)?;
            Ok(scratch)
        };
        make().map_err(|error| Failure::system(shown(dir), &error))
    }

    /// Moves all of it to a new file beside it, which is removed when the time was taken.
    pub fn to_file(&self, mover: &Move) -> Result<Duration, Failure> {
        let path = self.0.path();
        let source = Source::Path(path.clone());
        let path = path.with_extension("out");
        let target = Target::File {
            path: path.clone(),
            force: false,
            sync: false,
        };
        let subjects = subjects(&source, &target);
        let stop = Stop::new();
        let start = Instant::now();
        let input = source.open(&stop)?;
        let output =
            Output::open(&target, Content::Sealed, &[]).map_err(|e| subjects.refused(e))?;
        // A signal removes the output's temporary file first, and then this: it cannot get its name
        // in between.
        let _made = Made::new(self.0.folder(), &path).map_err(Failure::from_system)?;
        timed(start, || mover(input, output)).map_err(|error| failed(&subjects, &error))
    }
}

/// A file that will be made, and is removed.
struct Made(Temporary);

impl Made {
    fn new(folder: &Arc<Folder>, path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default();
        let ((), undo) = Temporary::make(folder, name, || Ok(()))?;
        Ok(Self(undo))
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // It is not there where an error came before.
        let _ = self.0.folder().remove(self.0.name());
    }
}
