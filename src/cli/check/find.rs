//! The files to check, and their order.

use super::Args;
use super::compare::Lists;
use super::one::{Outcome, What};
use crate::cli::failure::{Failure, shown};
use crate::cli::tree::{Counters, Found, TreeEntry, Wanted, named_entry};
use crate::cli::work::{EVERY_FILE, Source};
use crate::io::stat::Stat;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// An input to check.
pub enum Job {
    /// A regular file, and its length.
    File(TreeEntry, u64),
    /// Standard input, a FIFO or a device.
    Stream(Source),
}

impl Job {
    /// The path of a regular file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(entry, _) => Some(&entry.source),
            Self::Stream(_) => None,
        }
    }

    /// Returns whether the input can be read a second time.
    pub fn can_be_repeated(&self) -> bool {
        matches!(self, Self::File(..))
    }
}

/// A result of the walk.
pub enum Item {
    Job(Job),
    /// The result of a file that is not checked: skipped or unreadable.
    Outcome(Outcome),
}

/// Receives each item, and returns whether to continue.
pub type Take<'t> = &'t mut dyn FnMut(Item) -> ControlFlow<()>;

pub struct Finder<'a> {
    args: &'a Args,
    wanted: Wanted<'a>,
    lists: &'a Lists,
    counters: &'a Counters,
}

impl<'a> Finder<'a> {
    pub fn new(args: &'a Args, lists: &'a Lists, counters: &'a Counters) -> Result<Self, Failure> {
        Ok(Self {
            args,
            wanted: Wanted::new(&args.walk, None)?,
            lists,
            counters,
        })
    }

    /// Passes all files to `take`. With --for, files that were never checked come first, then those that were checked
    /// longest ago.
    pub fn find(&self, sources: &[Source], take: Take<'_>) {
        if self.args.time.is_none() {
            let _ = self.in_order(sources, take);
            self.counters.found_all();
            return;
        }
        let mut jobs = Vec::new();
        let found = self.in_order(sources, &mut |item| match item {
            Item::Job(Job::File(entry, len)) => {
                jobs.push((self.lists.last_checked(&entry.source), entry, len));
                ControlFlow::Continue(())
            }
            item => take(item),
        });
        self.counters.found_all();
        jobs.sort_by_key(|(checked, ..)| *checked);
        let mut jobs = jobs.into_iter();
        if found.is_continue() {
            let _ = jobs.try_for_each(|(_, entry, len)| take(Item::Job(Job::File(entry, len))));
        }
    }

    fn in_order(&self, sources: &[Source], take: Take<'_>) -> ControlFlow<()> {
        for source in sources {
            take(Self::named(source, self.counters))?;
        }
        if !self.args.walk.wanted() {
            return ControlFlow::Continue(());
        }
        let mut flow = ControlFlow::Continue(());
        let found = self.wanted.find(&self.args.paths, &mut |found| {
            let item = match found {
                Found::File(entry, len) => {
                    self.counters.found(len);
                    Item::Job(Job::File(entry, len))
                }
                Found::Skipped(path, skip, named) => Item::Outcome(Outcome {
                    path,
                    named,
                    what: What::Skipped(skip),
                }),
                Found::Failed(path, failure) => failed(path, failure),
                Found::Extra(_) => return ControlFlow::Continue(()),
            };
            flow = take(item);
            flow
        });
        if let Err(failure) = found {
            // The list of files itself cannot be read.
            let list = self.args.walk.files0_from.clone().unwrap_or_default();
            return take(failed(list, failure));
        }
        flow
    }

    /// Returns the item for a file that the user named directly.
    pub fn named(source: &Source, counters: &Counters) -> Item {
        let Some(path) = source.path() else {
            counters.found(0);
            return Item::Job(Job::Stream(source.clone()));
        };
        let system = |error: &io::Error| Failure::system(shown(path), error);
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return failed(path.to_owned(), system(&error)),
        };
        if metadata.is_dir() {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            return failed(path.to_owned(), system(&error).hint(EVERY_FILE));
        }
        match named_entry(path, Stat::from(&metadata)) {
            Some(entry) if metadata.is_file() => {
                counters.found(metadata.len());
                // Symbolic links that the user names are followed.
                let entry = TreeEntry {
                    link: true,
                    ..entry
                };
                Item::Job(Job::File(entry, metadata.len()))
            }
            _ => {
                counters.found(0);
                Item::Job(Job::Stream(source.clone()))
            }
        }
    }
}

fn failed(path: PathBuf, failure: Failure) -> Item {
    Item::Outcome(Outcome {
        path,
        named: false,
        what: What::Failed(failure),
    })
}
