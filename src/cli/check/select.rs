//! Whether to check a file: by its name, and by how it begins.

use super::one::Checker;
use crate::cli::failure::{Failure, shown};
use crate::cli::tree::{Skip, TreeEntry, has_magic, is_marked, of_suffix};
use crate::io::uncached::BulkFile;
use fetool::PeekReader;
use fetool::format::Format;
use std::fs::File;
use std::io;
use std::path::Path;

/// Whether to check a file of a tree.
pub enum Select {
    Take,
    Skip(Skip),
    /// Its name is that of a sealed file, but its content is not.
    Damaged(Failure),
}

impl Checker<'_> {
    /// Returns whether to check a file. Without -r, every file is checked, unless its suffix is wrong.
    pub fn select(&self, entry: &TreeEntry, file: &File) -> io::Result<Select> {
        let name = entry.source.file_name().unwrap_or_default();
        let given = self.args.read.format();
        let is_wanted =
            |format: &dyn Format| given.is_none_or(|given| given.suffix() == format.suffix());
        let suffix = of_suffix(name);
        let is_tree = self.args.walk.wanted();
        if self.header.is_some() || (!is_tree && suffix.is_none()) {
            return Ok(Select::Take);
        }
        let marked = is_marked(file)?;
        Ok(match suffix {
            None if !marked => Select::Skip(Skip::NotSealed),
            None if is_tree && given.is_some_and(|given| !begins(given, file)) => {
                Select::Skip(Skip::OtherFormat)
            }
            None => Select::Take,
            Some(format) if is_tree && !is_wanted(format) => Select::Skip(Skip::OtherFormat),
            // The suffix is that of a format with a magic number, and the file has none. Formats without one are not
            // tried: that would derive keys for each damaged file.
            Some(format) if given.is_none() && has_magic(format) && !marked => {
                Select::damaged(&entry.source, file)
            }
            Some(_) => Select::Take,
        })
    }
}

impl Select {
    fn damaged(path: &Path, file: &File) -> Self {
        let file = BulkFile::new(file, false);
        let mut input = PeekReader::new(file.start());
        match fetool::look_at_header(None, &mut input) {
            Ok(_) => Self::Take,
            Err(error) => Self::Damaged(Failure::damaged_start(shown(path), &error)),
        }
    }
}

/// Returns whether a file begins with a header of this format.
fn begins(format: &dyn Format, file: &File) -> bool {
    let file = BulkFile::new(file, false);
    let mut input = PeekReader::new(file.start());
    fetool::look_at_header(Some(format), &mut input).is_ok()
}
