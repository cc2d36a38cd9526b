//! What must happen in the order of the data, while workers run side by side.
//!
//! Each layer has one ordered state. The worker of slab *i* takes it, and passes it on to slab *i* + 1. It holds the
//! state only to split its bytes, not while it seals or opens them, so workers follow each other through the layers
//! closely.
//!
//! Nobody waits for ever. Slabs are claimed in order, so every slab before a waiting one has a worker, and that worker
//! passes the state on, or breaks the chain when it fails. A broken chain stops only the slabs behind the failure.

use crate::pipeline::sync::{Condvar, Mutex, PoisonError};

/// A state that is handed from slab to slab.
pub struct OrderedState<T> {
    turn: Mutex<Turn<T>>,
    changed: Condvar,
}

struct Turn<T> {
    /// The slab whose turn it is.
    number: u64,
    /// `None` while a worker holds it.
    state: Option<T>,
    /// This slab and all behind it do not get the state.
    broken_from: u64,
}

impl<T> OrderedState<T> {
    pub fn new(state: T) -> Self {
        Self {
            turn: Mutex::new(Turn {
                number: 0,
                state: Some(state),
                broken_from: u64::MAX,
            }),
            changed: Condvar::new(),
        }
    }

    /// Waits for the turn of slab `number`. Returns `None` if an earlier slab failed.
    fn take(&self, number: u64) -> Option<T> {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if number >= turn.broken_from {
                return None;
            }
            if turn.number == number {
                return turn.state.take();
            }
            turn = self
                .changed
                .wait(turn)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn pass(&self, number: u64, state: T) {
        self.change(|turn| {
            turn.number = number + 1;
            turn.state = Some(state);
        });
    }

    fn break_behind(&self, number: u64) {
        self.change(|turn| turn.broken_from = turn.broken_from.min(number + 1));
    }

    fn change(&self, change: impl FnOnce(&mut Turn<T>)) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut turn);
        drop(turn);
        self.changed.notify_all();
    }
}

/// One slab's way through all states. On drop, it breaks the states that it has not passed on, since the slab failed or
/// panicked.
pub struct SlabTurn<'a, T> {
    states: &'a [OrderedState<T>],
    number: u64,
    passed: usize,
}

impl<'a, T> SlabTurn<'a, T> {
    pub fn new(states: &'a [OrderedState<T>], number: u64) -> Self {
        Self {
            states,
            number,
            passed: 0,
        }
    }

    /// Waits for the state of `layer`. Returns `None` if an earlier slab failed.
    pub fn take(&self, layer: usize) -> Option<T> {
        self.states[layer].take(self.number)
    }

    /// Passes the state on. If one layer's state was not passed on, those of the later layers must not be either.
    pub fn pass(&mut self, layer: usize, state: T) {
        debug_assert_eq!(layer, self.passed);
        self.states[layer].pass(self.number, state);
        self.passed += 1;
    }
}

impl<T> Drop for SlabTurn<'_, T> {
    fn drop(&mut self) {
        for state in &self.states[self.passed..] {
            state.break_behind(self.number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn the_state_goes_from_slab_to_slab_in_their_order() {
        let states = [OrderedState::new(Vec::new())];
        thread::scope(|scope| {
            for number in [3, 1, 2, 0] {
                let states = &states;
                scope.spawn(move || {
                    let mut turn = SlabTurn::new(states, number);
                    let mut state: Vec<u64> = turn.take(0).unwrap();
                    state.push(number);
                    turn.pass(0, state);
                });
            }
        });
        assert_eq!(states[0].take(4), Some(vec![0, 1, 2, 3]));
    }

    #[test]
    fn a_failure_stops_those_behind_it_and_none_before() {
        let states = [OrderedState::new('a'), OrderedState::new('b')];
        let mut second = SlabTurn::new(&states, 1);
        thread::scope(|scope| {
            let behind = scope.spawn(|| SlabTurn::new(&states, 2).take(1));
            // The slab behind the first fails in the second layer before the first gets there.
            let mut first = SlabTurn::new(&states, 0);
            assert_eq!(first.take(0), Some('a'));
            first.pass(0, 'A');
            assert_eq!(second.take(0), Some('A'));
            second.pass(0, 'x');
            drop(second);
            assert_eq!(first.take(1), Some('b'));
            first.pass(1, 'B');
            assert_eq!(behind.join().unwrap(), None);
        });
        assert_eq!(states[0].take(2), Some('x'));
    }
}
