//! A list of paths (`--files0-from`).

use super::{Found, Left, Take, Wanted, is_own, skipped};
use crate::cli::failure::{Failure, shown};
use crate::cli::tree::entry::{self, TreeEntry};
use crate::cli::tree::skip::Skip;
use crate::io::input::Input;
use crate::io::stat::Stat;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

impl Wanted<'_> {
    /// Passes on the files of a list.
    pub(super) fn listed(&self, list: &Path, take: Take<'_>) -> Result<(), Failure> {
        let system = |error: io::Error| Failure::system(shown(list), &error);
        let list: Box<dyn BufRead> = if list.as_os_str() == "-" {
            Box::new(BufReader::new(Input::stdin().map_err(system)?))
        } else {
            Box::new(BufReader::new(File::open(list).map_err(system)?))
        };
        for path in list.split(0) {
            let path = PathBuf::from(std::ffi::OsString::from_vec(path.map_err(system)?));
            if let Some(found) = self.one_listed(path)
                && take(found).is_break()
            {
                break;
            }
        }
        Ok(())
    }

    fn one_listed(&self, path: PathBuf) -> Option<Found> {
        let name = path.file_name().unwrap_or_default();
        let included = self.include.is_empty() || self.include.match_(&path);
        if !included || is_own(name) {
            return None;
        }
        if let Some(rule) = self.exclude.rule_for_listed(&path) {
            return self.left_out(&path, Left::Excluded(rule));
        }
        let failed = |failure: Failure| Some(Found::Failed(path.clone(), failure));
        let (metadata, link) = match self.named(&path) {
            Ok(named) => named,
            Err(failure) => {
                let path = path.as_os_str().as_bytes();
                let has_mark = path.starts_with("\u{feff}".as_bytes());
                return failed(if has_mark {
                    failure
                        .hint("the list begins with a byte order mark (BOM); write it without one")
                } else {
                    failure
                });
            }
        };
        match entry::listed(&path, Stat::from(&metadata)) {
            // Only directories have no name, such as "..".
            None => Some(skipped(&path, Skip::of(metadata.file_type()), true)),
            Some((_, Err(why))) if self.placed => failed(Failure::usage(why).about(shown(&path))),
            Some((place, _)) => self.regular(&path, TreeEntry { link, ..place }, &metadata),
        }
    }
}
