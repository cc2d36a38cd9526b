//! Progress on standard error. It reads the workers' reports when it has time, and never makes them wait.

mod bar;
mod line;

pub use line::shortened;

use crate::io::{cleanup, status_line};
use bar::Bar;
use clap::ValueEnum;
use fetool::Meter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Shorter work shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// The time between two drawings of the line.
const LINE_PAUSE: Duration = Duration::from_millis(100);
/// The time between two plain lines without a terminal: for one file, and for many, which take longer.
const PLAIN_PAUSE: Duration = Duration::from_secs(1);
const PLAIN_PAUSE_OF_MANY: Duration = Duration::from_secs(10);

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

/// The style of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// A line of the terminal that is redrawn.
    Line,
    /// Lines that scroll by.
    Plain,
}

impl When {
    fn style(self, quiet: bool) -> Option<Style> {
        let style = if status_line::is_possible() {
            Style::Line
        } else {
            Style::Plain
        };
        match self {
            Self::Auto => (style == Style::Line && !quiet).then_some(style),
            Self::Always => Some(style),
            Self::Never => None,
        }
    }
}

/// The state of the work.
pub struct State {
    /// The files, if there are several.
    pub files: Option<Files>,
    /// The number of bytes done, if bytes are counted.
    pub bytes: Option<u64>,
    /// The total number of bytes, once known.
    pub total: Option<u64>,
    /// The current file.
    pub name: Option<String>,
}

pub struct Files {
    pub done: u64,
    pub total: Option<u64>,
    /// The number of files found so far.
    pub found: u64,
}

impl State {
    fn has_begun(&self) -> bool {
        self.bytes.is_some_and(|bytes| bytes > 0)
    }

    /// Returns the name in characters that the terminal has.
    fn shown_name(&self, utf8: bool) -> Option<String> {
        let shown = |letter: char| {
            if utf8 || letter.is_ascii() {
                letter
            } else {
                '?'
            }
        };
        let name = self.name.as_ref()?;
        Some(name.chars().map(shown).collect())
    }
}

impl Files {
    fn shown(&self) -> String {
        let of = match self.total {
            Some(total) => format!(" of {total}"),
            None if self.found > self.done => format!(" of {}+", self.found),
            None => String::new(),
        };
        let s = if self.total.unwrap_or(self.done.max(self.found)) == 1 {
            ""
        } else {
            "s"
        };
        format!("{}{of} file{s}", self.done)
    }
}

/// Shows progress until it is dropped.
pub struct Display {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Display {
    /// Creates a meter for the work on one file, and its display. `total` is the number of plaintext bytes, unless the
    /// work finds that itself; `name` is the file's.
    pub fn of_one(
        when: When,
        quiet: bool,
        total: Option<u64>,
        name: Option<String>,
    ) -> (Meter, Self) {
        let Some(style) = when.style(quiet) else {
            return (Meter::unwatched(), Self::nothing());
        };
        let (meter, reports) = Meter::watched();
        let mut bytes = 0;
        let next = move || {
            bytes = reports.latest(bytes)?;
            Some(State {
                files: None,
                bytes: Some(bytes),
                total: total.or_else(|| reports.expected()),
                name: name.clone(),
            })
        };
        (meter, Self::new(style, next))
    }

    /// Shows how long a key derivation has taken so far.
    pub fn of_derivation(when: When, quiet: bool, name: String) -> Self {
        Self::of_many(when, quiet, move || State {
            files: None,
            bytes: None,
            total: None,
            name: Some(name.clone()),
        })
    }

    /// Shows the work on many files.
    pub fn of_many(when: When, quiet: bool, state: impl Fn() -> State + Send + 'static) -> Self {
        match when.style(quiet) {
            None => Self::nothing(),
            Some(style) => Self::new(style, move || Some(state())),
        }
    }

    /// Returns whether anything is shown.
    pub fn is_shown(&self) -> bool {
        self.thread.is_some()
    }

    fn nothing() -> Self {
        Self {
            ended: Arc::default(),
            thread: None,
        }
    }

    /// Shows what `next` returns, until it returns nothing.
    fn new(style: Style, mut next: impl FnMut() -> Option<State> + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let show_all = {
            let ended = ended.clone();
            move || show(style, &ended, &mut next)
        };
        // If no thread can be started, nothing is shown.
        let thread = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(show_all)
            .ok();
        Self { ended, thread }
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

fn show(style: Style, ended: &AtomicBool, next: &mut dyn FnMut() -> Option<State>) {
    let started = Instant::now();
    let ended = || ended.load(Ordering::Relaxed);
    while let Some(left) = PATIENCE.checked_sub(started.elapsed()) {
        if ended() {
            return;
        }
        thread::park_timeout(left);
    }
    if style == Style::Line {
        // If this fails, a signal leaves the line on the terminal, which does no harm.
        let _ = cleanup::watch_for_line();
    }
    let mut bar = Bar::new(style, started);
    let mut last = false;
    while !last {
        // Also shows what was done since the last drawing.
        last = ended();
        let Some(state) = next() else { break };
        let of_many = state.files.is_some();
        let is_shown = bar.show(state);
        thread::park_timeout(match style {
            Style::Plain if is_shown && of_many => PLAIN_PAUSE_OF_MANY,
            Style::Plain if is_shown => PLAIN_PAUSE,
            _ => LINE_PAUSE,
        });
    }
    bar.clear();
}
