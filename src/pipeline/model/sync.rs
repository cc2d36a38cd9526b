//! What the modules build on here: shuttle's threads and locks, and bounded channels made of them that behave as
//! crossbeam's.

pub use shuttle::sync::atomic::{AtomicBool, AtomicU64, Ordering};
pub use shuttle::sync::{Condvar, Mutex, MutexGuard};
pub use std::sync::PoisonError;

use std::collections::VecDeque;
use std::sync::Arc;

struct Channel<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    queue: VecDeque<T>,
    room: usize,
    senders: usize,
    receivers: usize,
}

pub struct Sender<T>(Arc<Channel<T>>);
pub struct Receiver<T>(Arc<Channel<T>>);

/// Holds what could not be sent.
pub struct SendError<T>(pub T);

impl<T> std::fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nobody will receive it")
    }
}

pub fn bounded<T>(room: usize) -> (Sender<T>, Receiver<T>) {
    assert!(room > 0, "a channel without room is another kind");
    let channel = Arc::new(Channel {
        state: Mutex::new(State {
            queue: VecDeque::new(),
            room,
            senders: 1,
            receivers: 1,
        }),
        changed: Condvar::new(),
    });
    (Sender(channel.clone()), Receiver(channel))
}

impl<T> Sender<T> {
    /// Waits for room; fails if all receivers have gone.
    pub fn send(&self, it: T) -> Result<(), SendError<T>> {
        let mut state = self.0.state.lock().unwrap();
        while state.receivers > 0 && state.queue.len() == state.room {
            state = self.0.changed.wait(state).unwrap();
        }
        if state.receivers == 0 {
            return Err(SendError(it));
        }
        state.queue.push_back(it);
        drop(state);
        self.0.changed.notify_all();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// Waits for a message; returns `None` if there is none and all senders have gone.
    pub fn recv(&self) -> Option<T> {
        let mut state = self.0.state.lock().unwrap();
        loop {
            if let Some(it) = state.queue.pop_front() {
                drop(state);
                self.0.changed.notify_all();
                return Some(it);
            }
            if state.senders == 0 {
                return None;
            }
            state = self.0.changed.wait(state).unwrap();
        }
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = Received<T>;

    fn into_iter(self) -> Received<T> {
        Received(self)
    }
}

pub struct Received<T>(Receiver<T>);

impl<T> Iterator for Received<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().unwrap().senders += 1;
        Self(self.0.clone())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().unwrap().receivers += 1;
        Self(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().senders -= 1;
        self.0.changed.notify_all();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap();
        state.receivers -= 1;
        let left = if state.receivers == 0 {
            std::mem::take(&mut state.queue)
        } else {
            VecDeque::new()
        };
        drop(state);
        drop(left);
        self.0.changed.notify_all();
    }
}

pub mod thread {
    pub use shuttle::thread::{Scope, ScopedJoinHandle, scope, spawn};
    use std::cell::Cell;
    use std::io;

    thread_local! {
        /// How many more threads can be started. Shuttle runs all of them on one real thread.
        static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    /// Sets how many more threads can be started.
    pub fn limit(threads: usize) {
        LEFT.set(threads);
    }

    pub struct Builder;

    impl Builder {
        #[expect(clippy::new_without_default, reason = "std has it so")]
        pub fn new() -> Self {
            Self
        }

        pub fn name(self, _: String) -> Self {
            self
        }

        pub fn spawn_scoped<'scope, 'env, T: Send + 'scope>(
            self,
            scope: &'scope Scope<'scope, 'env>,
            work: impl FnOnce() -> T + Send + 'scope,
        ) -> io::Result<ScopedJoinHandle<'scope, T>> {
            let Some(left) = LEFT.get().checked_sub(1) else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            LEFT.set(left);
            Ok(scope.spawn(work))
        }
    }
}
