//! Counting the files ahead of the work: the thread that finds files for the workers waits for them.
//!
//! It is a second walk, for the progress of a run that takes long.

use super::sources::{Extra, Extras, Found, Wanted};
use super::task::Task;
use crate::cli::failure::Failure;
use crossbeam::channel::{Receiver, RecvTimeoutError, TryRecvError};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

/// Shorter runs need no estimate.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts files and their bytes, until the other walk has ended: then `walked` is disconnected. `wanted` is that of the
/// other walk, since lists of patterns may come from pipes.
///
/// # Errors
/// Those that the other walk finds as well.
pub fn count_all(
    task: &Task<'_>,
    wanted: &Wanted<'_>,
    paths: &[PathBuf],
    walked: &Receiver<()>,
) -> Result<(), Failure> {
    if walked.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return Ok(());
    }
    let wanted = wanted.with(Extras {
        links: task.tree.links,
        // With few wanted files, directories are where the end is noticed.
        directories: true,
        ..Extras::default()
    });
    let mut is_whole = true;
    wanted.find(paths, &mut |found| {
        match found {
            Found::File(_, len) => task.counters.count(len),
            Found::Extra(Extra::Link(_)) => task.counters.count(0),
            Found::Extra(_) | Found::Skipped(..) | Found::Failed(..) => {}
        }
        is_whole = walked.try_recv() == Err(TryRecvError::Empty) && !task.is_ended();
        match is_whole {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    })?;
    if is_whole {
        task.counters.counted_all();
    }
    Ok(())
}
