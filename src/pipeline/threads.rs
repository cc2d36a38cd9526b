//! The threads: producer, workers, and the ordered writer, which is the calling thread.

use super::Run;
use super::inline::InlineState;
use super::slab::Slab;
use super::stages::{Done, Produce, Sink, Totals, Work, fill, or_stop, slabs, work, write};
use super::sync::{Receiver, Sender, bounded, thread};
use crate::{CancelToken, Error, Meter};

/// Runs everything to the end.
pub(super) fn threads(
    mut producer: impl Produce,
    worker: &impl Work,
    output: &mut dyn Sink,
    frame: u64,
    begun: InlineState,
    totals: &mut Totals,
    run: &Run<'_>,
) -> Result<(), Error> {
    let InlineState {
        slab: used,
        filled,
        mut next,
    } = begun;
    let first = next;
    let jobs = run.jobs();
    let pool = slabs(run, jobs, frame);
    let (free_tx, free_rx) = bounded(pool);
    let (work_tx, work_rx) = bounded(pool);
    let (done_tx, done_rx) = bounded(pool);
    let channel = if filled { &work_tx } else { &free_tx };
    channel.send(used).expect("we hold the receiver");
    next += u64::from(filled);
    for _ in 1..pool {
        free_tx.send(Slab::default()).expect("we hold the receiver");
    }
    // A thread that cannot be started ends the others too: their channels close.
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (work_rx, done_tx) = (work_rx.clone(), done_tx.clone());
            thread::Builder::new()
                .name("worker".to_owned())
                .spawn_scoped(scope, move || work_all(worker, work_rx, done_tx, run.meter))
                .map_err(Error::Thread)?;
        }
        thread::Builder::new()
            .name("producer".to_owned())
            .spawn_scoped(scope, move || {
                produce_all(&mut producer, next, free_rx, work_tx, done_tx, run.stop)
            })
            .map_err(Error::Thread)?;
        drop(work_rx);
        or_stop(run.stop, || {
            write_all(done_rx, free_tx, output, pool, first, totals)
        })
    })
}

fn produce_all(
    producer: &mut dyn Produce,
    next: u64,
    free: Receiver<Slab>,
    work: Sender<Slab>,
    done: Sender<Done>,
    stop: &CancelToken,
) {
    // Closed channels mean that the writer has returned with an error: nothing is left to do.
    for (number, mut slab) in (next..).zip(free) {
        if let Err(error) = fill(producer, &mut slab, number, stop) {
            let _ = done.send(Done::failed(slab, error));
            return;
        }
        let last = slab.last;
        if work.send(slab).is_err() || last {
            return;
        }
    }
}

fn work_all(worker: &impl Work, slabs: Receiver<Slab>, done: Sender<Done>, meter: &Meter) {
    for slab in slabs {
        if done.send(work(worker, slab, meter)).is_err() {
            return;
        }
    }
}

fn write_all(
    done: Receiver<Done>,
    free: Sender<Slab>,
    output: &mut dyn Sink,
    pool: usize,
    mut next: u64,
    totals: &mut Totals,
) -> Result<(), Error> {
    // At most `pool` slabs exist, so two that wait never share an index.
    let mut early: Vec<Option<Done>> = (0..pool).map(|_| None).collect();
    let place = |number: u64| (number % pool as u64) as usize;
    for message in done {
        let arrived = place(message.slab.number);
        early[arrived] = Some(message);
        while let Some(message) = early[place(next)].take() {
            let slab = write(message, output, totals)?;
            next += 1;
            // The producer may have ended and need no more slabs.
            let _ = free.send(slab);
        }
    }
    Ok(())
}
