//! Passing on the files that are found: to the workers, or to the threads that compare them with their results.

use super::counters::Counters;
use super::directories::{Directories, Directory};
use super::entry::{SourceDir, TreeEntry};
use super::outcome::Outcome;
use super::sources::{Extra, Found, Wanted};
use super::task::Task;
use super::update::{BATCH, Candidate, Siblings};
use super::worker::link_of_other;
use crossbeam::channel::Sender;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

/// A file that waits for a worker.
pub struct Item<'t> {
    pub place: TreeEntry,
    pub len: u64,
    pub kind: Kind,
    /// The directory that is completed when everything in it is done.
    #[expect(dead_code, reason = "letting go of it finishes the directory")]
    pub directory: Option<Arc<Directory<'t>>>,
}

/// What waits for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    /// A symbolic link, which is made anew.
    Link,
}

/// The receivers of found files.
pub enum Items<'t> {
    /// The workers.
    All(Sender<Item<'t>>),
    /// The threads that compare files with their results, in batches.
    Checked(Batch<'t>, Sender<Vec<Candidate<'t>>>),
}

/// Files that are passed on together.
#[derive(Default)]
pub struct Batch<'t> {
    candidates: Vec<Candidate<'t>>,
    files: usize,
}

impl<'t> Items<'t> {
    /// Returns whether somebody receives files.
    fn send(&mut self, item: Item<'t>) -> bool {
        match self {
            Self::All(files) => files.send(item).is_ok(),
            Self::Checked(batch, batches) => {
                batch.candidates.push(Candidate::Seen(item));
                // The next name of a list may take long to arrive.
                let is_idle = batches.is_empty();
                self.one_more() && (!is_idle || self.flush())
            }
        }
    }

    /// Does the same for a file whose status is not known yet.
    fn send_unseen(
        &mut self,
        path: PathBuf,
        dir: Arc<SourceDir>,
        directories: &mut Directories<'t>,
    ) -> bool {
        let Self::Checked(batch, _) = self else {
            return true;
        };
        match batch.candidates.last_mut() {
            Some(Candidate::Unseen(last)) if Arc::ptr_eq(&last.dir, &dir) => last.files.push(path),
            _ => {
                let directory = directories.of(&path, false);
                let files = vec![path];
                let siblings = Siblings {
                    dir,
                    directory,
                    files,
                };
                batch.candidates.push(Candidate::Unseen(siblings));
            }
        }
        self.one_more()
    }

    fn one_more(&mut self) -> bool {
        match self {
            Self::All(_) => true,
            Self::Checked(batch, _) => {
                batch.files += 1;
                batch.files < BATCH || self.flush()
            }
        }
    }

    fn flush(&mut self) -> bool {
        match self {
            Self::All(_) => true,
            Self::Checked(batch, _) if batch.files == 0 => true,
            Self::Checked(batch, batches) => batches.send(std::mem::take(batch).candidates).is_ok(),
        }
    }
}

/// Held by all threads that find files or their lengths. When the last one drops it, all were found.
pub struct Finding(pub Counters);

impl Drop for Finding {
    fn drop(&mut self) {
        self.0.found_all();
    }
}

/// Finds files until there are no more, or nobody receives them.
pub fn find_all<'t>(
    task: &'t Task<'t>,
    wanted: &Wanted<'_>,
    paths: &[PathBuf],
    mut files: Items<'t>,
    outcomes: Sender<Outcome>,
) {
    let mut directories = Directories::new(task, outcomes.clone());
    let found = wanted.find(paths, &mut |found| {
        let sent = match found {
            Found::File(place, len) => {
                task.counters.found(len);
                task.count_oddities(&place.source, &place.found);
                files.send(Item {
                    directory: directories.of(&place.source, place.named),
                    kind: Kind::File,
                    place,
                    len,
                })
            }
            Found::Extra(Extra::Link(place)) => {
                task.counters.found(0);
                files.send(Item {
                    directory: directories.of(&place.source, place.named),
                    kind: Kind::Link,
                    place,
                    len: 0,
                })
            }
            Found::Extra(Extra::LinkOfOther(place)) => {
                link_of_other(task, place);
                true
            }
            Found::Extra(Extra::Unseen(path, dir)) => {
                task.counters.found_name();
                files.send_unseen(path, dir, &mut directories)
            }
            Found::Extra(Extra::Directory(entry)) => {
                directories.enter(entry);
                true
            }
            Found::Extra(extra) => {
                let outcome = Outcome::excluded(extra);
                outcome.is_none_or(|outcome| outcomes.send(outcome).is_ok())
            }
            Found::Skipped(path, skip, named) => {
                outcomes.send(Outcome::skipped(&path, skip, named)).is_ok()
            }
            Found::Failed(path, failure) => outcomes.send(Outcome::failed(&path, failure)).is_ok(),
        };
        if sent && !task.is_ended() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    drop(directories);
    files.flush();
    if let Err(failure) = found {
        // The list of files itself.
        let list = task.tree.walk.files0_from.clone().unwrap_or_default();
        let _ = outcomes.send(Outcome::failed(&list, failure));
    }
}
