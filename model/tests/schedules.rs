//! Every case under schedules taken at random, under those that are most likely to show a fault with
//! few preemptions, and, where a case is small, under all there are.
//!
//! `FETOOL_SCHEDULES` is how many of each; a failure prints the schedule that shows it.

use fetool_model::model::threads::{self, Case, Fault};
use fetool_model::model::sync::{Mutex, bounded, thread};
use fetool_model::model::{SlabTurn, OrderedState, parallel_io};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner, check_dfs};

fn schedules() -> usize {
    let wanted = std::env::var("FETOOL_SCHEDULES");
    wanted.map_or(300, |many| many.parse().expect("a number"))
}

fn explore(check: impl Fn() + Send + Sync + Clone + 'static) {
    let random = RandomScheduler::new(schedules());
    Runner::new(random, Config::default()).run(check.clone());
    for preemptions in [2, 4] {
        let scheduler = PctScheduler::new(preemptions, schedules());
        Runner::new(scheduler, Config::default()).run(check.clone());
    }
}

#[test]
fn what_is_handed_over_comes_out_in_order() {
    for jobs in 1..=3 {
        for pool in [1, 2, 3, 100] {
            for slabs in [1, 2, 5] {
                for filled in [false, true] {
                    let fault = None;
                    let case = Case {
                        jobs,
                        slabs,
                        pool,
                        filled: filled && slabs > 1,
                        fault,
                    };
                    explore(move || threads::check(case));
                }
            }
        }
    }
}

#[test]
fn the_first_fault_is_told_wherever_it_is() {
    let slabs = 4;
    for jobs in 1..=3 {
        for pool in [1, 2, 100] {
            let mut faults = vec![Fault::Stopped];
            for at in 0..slabs {
                faults.extend([
                    Fault::Input(at),
                    Fault::InputPanics(at),
                    Fault::Worker(at),
                    Fault::WorkerPanics(at),
                    Fault::Output(at),
                ]);
                faults.extend((0..slabs).filter(|b| *b != at).map(|b| Fault::Two(at, b)));
            }
            faults.extend((1..=jobs + 1).map(Fault::Threads));
            for fault in faults {
                let fault = Some(fault);
                let case = Case {
                    jobs,
                    slabs,
                    pool,
                    filled: false,
                    fault,
                };
                explore(move || threads::check(case));
            }
        }
    }
}

/// All schedules of the smallest cases, as far as the number goes.
#[test]
fn small_cases_under_every_schedule() {
    for fault in [
        None,
        Some(Fault::Input(1)),
        Some(Fault::Worker(0)),
        Some(Fault::Output(0)),
    ] {
        let case = Case {
            jobs: 1,
            slabs: 2,
            pool: 1,
            filled: false,
            fault,
        };
        check_dfs(move || threads::check(case), Some(100 * schedules()));
    }
    check_dfs(|| parallel_io::check(2, 2, None), Some(100 * schedules()));
}

#[test]
fn from_file_to_file_nothing_is_behind_a_fault() {
    let slabs = 5;
    for jobs in 2..=3 {
        explore(move || parallel_io::check(jobs, slabs, None));
        for at in 0..slabs {
            explore(move || parallel_io::check(jobs, slabs, Some(parallel_io::Fault::Panics(at))));
            explore(move || parallel_io::check(jobs, slabs, Some(parallel_io::Fault::Output(at))));
            for other in 0..slabs {
                let fault = parallel_io::Fault::Left(at, other);
                explore(move || parallel_io::check(jobs, slabs, Some(fault)));
            }
        }
    }
}

/// Workers take slabs in their order and run through two states, and one of the slabs fails.
fn states(jobs: usize, slabs: u64, fails: Option<(u64, usize)>) {
    let states = [OrderedState::new(0), OrderedState::new(0)];
    let through = Mutex::new([0; 2]);
    let (give, take) = bounded(slabs as usize);
    for number in 0..slabs {
        give.send(number).unwrap();
    }
    drop(give);
    let run = |number| {
        let mut turn = SlabTurn::new(&states, number);
        for layer in 0..2 {
            let Some(state) = turn.take(layer) else {
                assert!(fails.is_some_and(|(at, of)| at < number && of <= layer));
                return;
            };
            assert_eq!(state, number, "each slab has its turn once");
            if fails == Some((number, layer)) {
                return;
            }
            turn.pass(layer, state + 1);
            through.lock().unwrap()[layer] += 1;
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs {
            let take = take.clone();
            scope.spawn(move || {
                for number in take {
                    run(number);
                }
            });
        }
    });
    let expected = match fails {
        None => [slabs; 2],
        Some((at, 0)) => [at; 2],
        Some((at, _)) => [slabs, at],
    };
    assert_eq!(*through.lock().unwrap(), expected);
}

#[test]
fn relays_stop_only_what_is_behind_a_failure() {
    for jobs in 2..=3 {
        explore(move || states(jobs, 4, None));
        for at in 0..4 {
            for layer in 0..2 {
                explore(move || states(jobs, 4, Some((at, layer))));
            }
        }
    }
}
