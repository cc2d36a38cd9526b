//! Counting what there is to do, ahead of the work: those who find files for the workers wait for them.
//!
//! It is a walk of its own, for whoever looks at the progress of a run that takes its time.

use super::sources::{Extra, Extras, Found, Wanted};
use super::task::Task;
use crate::cli::failure::Failure;
use crossbeam::channel::{Receiver, RecvTimeoutError, TryRecvError};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

/// Shorter runs need no estimate.
const PATIENCE: Duration = Duration::from_secs(1);

/// Counts files and their bytes, until the other walk is at its end: then `walked` is disconnected. `wanted` is that
/// of the other walk, since lists of patterns may come from pipes.
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
        // Where few files are wanted, it is asked there whether to go on.
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
