//! Progress on standard error. It takes what the workers report when it has time, and never makes
//! them wait.

use clap::ValueEnum;
use fetool::{Meter, Reports};
use indicatif::{
    BinaryBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Short work shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two looks at the reports.
const BAR_PAUSE: Duration = Duration::from_millis(100);
/// Between two lines, where there is no terminal.
const LINE_PAUSE: Duration = Duration::from_secs(1);

/// When to show progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// When standard error is a terminal that gets no data, and the work takes longer than half a second
    Auto,
    /// Always; as plain lines where standard error is no terminal
    Always,
    /// Never
    Never,
}

impl When {
    fn is_shown(self, terminal: bool, quiet: bool) -> bool {
        match self {
            Self::Auto => terminal && !quiet,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Shows progress until it is dropped.
pub struct Progress {
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// A meter for the work, and its display. `total` is the number of plaintext bytes to come,
    /// where that is known.
    pub fn start(when: When, quiet: bool, total: Option<u64>) -> (Meter, Self) {
        let terminal = io::stderr().is_terminal();
        if !when.is_shown(terminal, quiet) {
            return (Meter::unwatched(), Self { thread: None });
        }
        let (meter, reports) = Meter::watched();
        let display = move || {
            if terminal {
                bar(&reports, total);
            } else {
                lines(&reports, total);
            }
        };
        // Without a thread to spare there is nothing to see.
        let thread = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(display)
            .ok();
        (meter, Self { thread })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // The meter is gone by now, so the thread ends when it looks next.
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// How far the work on many files is.
pub struct State {
    pub files: u64,
    pub bytes: u64,
    /// How many files and bytes there are, once that is known.
    pub total: Option<(u64, u64)>,
    /// The files in work.
    pub current: String,
}

/// Shows the work on many files until it is dropped.
pub struct Display {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Display {
    pub fn start(when: When, quiet: bool, state: impl Fn() -> State + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let mut display = Self {
            ended: ended.clone(),
            thread: None,
        };
        let terminal = io::stderr().is_terminal();
        if when.is_shown(terminal, quiet) {
            display.thread = thread::Builder::new()
                .name("progress".to_owned())
                .spawn(move || files(terminal, &ended, state))
                .ok();
        }
        display
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn files(terminal: bool, ended: &AtomicBool, state: impl Fn() -> State) {
    let started = Instant::now();
    let ended = || ended.load(Ordering::Relaxed);
    while let Some(left) = PATIENCE.checked_sub(started.elapsed()) {
        if ended() {
            return;
        }
        thread::park_timeout(left);
    }
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        .with_style(ProgressStyle::with_template("{wide_msg}").expect("the template is constant"));
    while !ended() {
        let line = describe(&state(), started.elapsed());
        if terminal {
            spinner.set_message(line);
            spinner.tick();
            thread::park_timeout(BAR_PAUSE);
        } else {
            let _ = io::stderr()
                .lock()
                .write_all(format!("fetool: {line}\n").as_bytes());
            thread::park_timeout(LINE_PAUSE);
        }
    }
    spinner.finish_and_clear();
}

fn describe(state: &State, elapsed: Duration) -> String {
    let rate = state.bytes as f64 / elapsed.as_secs_f64();
    let of = |total: Option<String>| total.map_or(String::new(), |total| format!(" of {total}"));
    let files = state.total.map_or(state.files, |(files, _)| files);
    let mut line = format!(
        "{}{} file{}, {}{}, {}/s",
        state.files,
        of(state.total.map(|(files, _)| files.to_string())),
        if files == 1 { "" } else { "s" },
        BinaryBytes(state.bytes),
        of(state.total.map(|(_, bytes)| BinaryBytes(bytes).to_string())),
        BinaryBytes(rate as u64),
    );
    if !state.current.is_empty() {
        line = format!("{line}: {}", state.current);
    }
    line
}

/// Waits until there is something to show. `None` when the work ended before.
fn wait(reports: &Reports, started: Instant) -> Option<u64> {
    let mut done = 0;
    while let Some(left) = PATIENCE.checked_sub(started.elapsed()) {
        thread::park_timeout(left);
        done = reports.latest(done)?;
    }
    Some(done)
}

fn bar(reports: &Reports, total: Option<u64>) {
    let Some(mut done) = wait(reports, Instant::now()) else {
        return;
    };
    let template = match total {
        Some(_) => "{wide_bar} {bytes} of {total_bytes}, {rate}/s{left}",
        None => "{bytes}, {rate}/s, {elapsed}",
    };
    // indicatif's own rate is of the last moments since the bar appeared, which is after the work
    // began: at first it would be far too high.
    let style = ProgressStyle::with_template(template)
        .expect("the template is constant")
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = write!(out, "{}", BinaryBytes(rate(state) as u64));
        })
        .with_key("left", |state: &ProgressState, out: &mut dyn fmt::Write| {
            let bytes = state.len().unwrap_or(0).saturating_sub(state.pos());
            let seconds = (bytes as f64 / rate(state)).ceil();
            // Nothing can be said before the first byte, while a passphrase is hashed.
            if let Ok(left) = Duration::try_from_secs_f64(seconds) {
                let _ = write!(out, ", {} left", HumanDuration(left));
            }
        });
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr())
        .with_elapsed(PATIENCE)
        .with_style(style);
    bar.set_position(done);
    while let Some(latest) = reports.latest(done) {
        done = latest;
        bar.set_position(done);
        thread::park_timeout(BAR_PAUSE);
    }
    bar.finish_and_clear();
}

/// Bytes a second since the work began.
fn rate(state: &ProgressState) -> f64 {
    state.pos() as f64 / state.elapsed().as_secs_f64()
}

fn lines(reports: &Reports, total: Option<u64>) {
    let started = Instant::now();
    let Some(mut done) = wait(reports, started) else {
        return;
    };
    while let Some(latest) = reports.latest(done) {
        done = latest;
        let rate = done as f64 / started.elapsed().as_secs_f64();
        let of = total.map_or(String::new(), |total| format!(" of {}", BinaryBytes(total)));
        let line = format!(
            "fetool: {}{of}, {}/s\n",
            BinaryBytes(done),
            BinaryBytes(rate as u64)
        );
        let _ = io::stderr().lock().write_all(line.as_bytes());
        thread::park_timeout(LINE_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_about_many_files() {
        let mut state = State {
            files: 1,
            bytes: 3 << 20,
            total: None,
            current: String::new(),
        };
        let line = |state: &State| describe(state, Duration::from_secs(2));
        assert_eq!(line(&state), "1 file, 3.00 MiB, 1.50 MiB/s");
        state.current = "a, b".to_owned();
        assert_eq!(line(&state), "1 file, 3.00 MiB, 1.50 MiB/s: a, b");
        state.total = Some((7, 12 << 20));
        assert_eq!(
            line(&state),
            "1 of 7 files, 3.00 MiB of 12.00 MiB, 1.50 MiB/s: a, b"
        );
        (state.files, state.total) = (0, Some((1, 12 << 20)));
        assert_eq!(
            line(&state),
            "0 of 1 file, 3.00 MiB of 12.00 MiB, 1.50 MiB/s: a, b"
        );
    }
}
