//! The threads: producer, workers, and the ordered writer, which is the calling one.

use super::Run;
use super::alone::Begun;
use super::slab::Slab;
use super::steps::{Done, Produce, Totals, Work, fill, or_stop, slabs, work, write};
use super::sync::{Receiver, Sender, bounded, thread};
use crate::{Error, Meter, Stop};
use std::io::{self, Write};

/// Runs everything to the end.
pub(super) fn threads(
    mut producer: impl Produce,
    worker: &impl Work,
    output: &mut dyn Write,
    frame: u64,
    begun: Begun,
    totals: &mut Totals,
    run: &Run<'_>,
) -> Result<(), Error> {
    let Begun {
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
    // Where the first worker or the producer cannot be started, the other finds its channels closed.
    thread::scope(|scope| {
        let new_done_tx = done_tx.clone();
        let hire = move || {
            let (work_rx, done_tx) = (work_rx.clone(), new_done_tx.clone());
            thread::Builder::new()
                .name("worker".to_owned())
                .spawn_scoped(scope, move || work_all(worker, work_rx, done_tx, run.meter))
                .map(drop)
        };
        hire().map_err(Error::Thread)?;
        let more = Crew {
            missing: jobs - 1,
            hire,
        };
        thread::Builder::new()
            .name("producer".to_owned())
            .spawn_scoped(scope, move || {
                produce_all(
                    &mut producer,
                    next,
                    free_rx,
                    work_tx,
                    done_tx,
                    more,
                    run.stop,
                )
            })
            .map_err(Error::Thread)?;
        or_stop(run.stop, || {
            write_all(done_rx, free_tx, output, pool, first, totals)
        })
    })
}

/// The workers that are not there yet. They come one by one, whenever a slab has to wait: where the
/// input or the output is slower than a worker, a second one would only take turns with it, and the
/// data would go from core to core.
struct Crew<H> {
    missing: usize,
    hire: H,
}

impl<H: Fn() -> io::Result<()>> Crew<H> {
    fn keep_up(&mut self, waiting: usize) {
        if self.missing > 0 && waiting > 0 {
            // Those that cannot be started are not missed: there is one.
            self.missing = match (self.hire)() {
                Ok(()) => self.missing - 1,
                Err(_) => 0,
            };
        }
    }
}

fn produce_all(
    producer: &mut dyn Produce,
    next: u64,
    free: Receiver<Slab>,
    work: Sender<Slab>,
    done: Sender<Done>,
    mut more: Crew<impl Fn() -> io::Result<()>>,
    stop: &Stop,
) {
    // That `free` is closed means that the writer has returned with an error: then there is nothing to
    // do.
    for (number, mut slab) in (next..).zip(free) {
        if let Err(error) = fill(producer, &mut slab, number, stop) {
            let _ = done.send(Done::failed(slab, error));
            return;
        }
        let last = slab.last;
        more.keep_up(work.len());
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
    output: &mut dyn Write,
    pool: usize,
    mut next: u64,
    totals: &mut Totals,
) -> Result<(), Error> {
    // At most `pool` slabs exist, so two that wait can never have the same place.
    let mut early: Vec<Option<Done>> = (0..pool).map(|_| None).collect();
    let place = |number: u64| (number % pool as u64) as usize;
    for message in done {
        let arrived = place(message.slab.number);
        early[arrived] = Some(message);
        while let Some(message) = early[place(next)].take() {
            let slab = write(message, output, totals)?;
            next += 1;
            // The producer may have ended already and need no more slabs.
            let _ = free.send(slab);
        }
    }
    Ok(())
}
