//! The progress line at the bottom of the terminal, and what is printed above it.
//!
//! One lock orders drawing, printing and the end of the process, so that no message is written into the line and
//! nothing of the line is left behind.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::{getpgrp, tcgetpgrp};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Moves to the first column, and erases the line.
const ERASE: &str = "\r\x1b[2K";

/// Whether the line is on the terminal.
static DRAWN: Mutex<bool> = Mutex::new(false);

fn lock() -> MutexGuard<'static, bool> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether standard error is a terminal on which a line can be redrawn.
pub fn is_possible() -> bool {
    let term = std::env::var_os("TERM").unwrap_or_default();
    io::stderr().is_terminal() && !term.is_empty() && term != "dumb"
}

/// Returns the number of columns without wrapping. The last one stays empty: after it, some terminals move to the next
/// line.
pub fn columns() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    let columns = size.map_or(0, |(width, _)| usize::from(width.0));
    if columns == 0 { 79 } else { columns - 1 }
}

/// Redraws the line, which `compose` makes for a number of columns. Nothing is drawn while another program uses the
/// terminal.
pub fn draw(compose: impl FnOnce(usize) -> String) {
    let mut drawn = lock();
    if !is_ours() {
        // That program has drawn over the line.
        *drawn = false;
        return;
    }
    let line = compose(columns());
    let _ = io::stderr().write_all(format!("{ERASE}{line}").as_bytes());
    *drawn = true;
}

/// Erases the line.
pub fn erase() {
    erase_locked(&mut lock());
}

fn erase_locked(drawn: &mut bool) {
    if std::mem::take(drawn) && is_ours() {
        let _ = io::stderr().write_all(ERASE.as_bytes());
    }
}

/// Erases the line, and draws none until `then` returns.
pub fn without<T>(then: impl FnOnce() -> T) -> T {
    let mut drawn = lock();
    erase_locked(&mut drawn);
    then()
}

/// Prints on standard error, above the line. Errors are ignored.
pub fn print(text: &str) {
    let mut drawn = lock();
    erase_locked(&mut drawn);
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Erases the line and prints for the last time: the process ends. It waits neither for a stopped terminal nor for a
/// pipe that nobody reads.
pub fn end_with(text: &str) {
    for _ in 0..10 {
        let locked = match DRAWN.try_lock() {
            Ok(drawn) => Some(drawn),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        };
        if let Some(mut drawn) = locked {
            if can_write() {
                erase_locked(&mut drawn);
                let _ = io::stderr().write_all(text.as_bytes());
            }
            // Nothing is drawn from now on.
            std::mem::forget(drawn);
            return;
        }
        // Another thread is drawing, which is quick unless the terminal was stopped.
        thread::sleep(Duration::from_millis(10));
    }
}

/// Returns whether standard error accepts a few lines at once.
fn can_write() -> bool {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
        && fds[0]
            .revents()
            .is_some_and(|events| events.contains(PollFlags::POLLOUT))
}

/// Returns whether no other program uses the terminal: a pager or an editor that reads single keys, a prompt without
/// echo, or a foreground job while this one is in the background.
fn is_ours() -> bool {
    let stderr = io::stderr();
    let lines = LocalFlags::ICANON | LocalFlags::ECHO;
    let plain = tcgetattr(&stderr).is_ok_and(|settings| settings.local_flags.contains(lines));
    // A terminal that is not the controlling one has no foreground job.
    let foreground = tcgetpgrp(&stderr).map_or(true, |group| group == getpgrp());
    plain && foreground
}
