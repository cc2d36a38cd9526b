//! Progress on standard error. It takes what the workers report when it has time, and never makes
//! them wait.

use crate::io::{cleanup, status_line};
use crate::size::rounded;
use clap::ValueEnum;
use fetool::Meter;
use fetool::kdf::is_deriving;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Short work shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two drawings of the line.
const LINE_PAUSE: Duration = Duration::from_millis(100);
/// Between two plain lines, where there is no terminal: of one file, and of many, which takes longer.
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

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// A line of the terminal that is drawn over.
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

/// How far the work is.
pub struct State {
    /// Where there are several.
    pub files: Option<Files>,
    /// How many bytes are done; nothing where none are counted.
    pub bytes: Option<u64>,
    /// How many bytes there are, once that is known.
    pub total: Option<u64>,
    /// The file in work.
    pub name: Option<String>,
}

pub struct Files {
    pub done: u64,
    pub total: Option<u64>,
    /// How many were found so far.
    pub found: u64,
}

impl State {
    fn has_begun(&self) -> bool {
        self.bytes.is_some_and(|bytes| bytes > 0)
    }

    /// The name in letters that the terminal has.
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
    /// A meter for the work on one file, and its display. `total` is the number of plaintext bytes to
    /// come, unless the work finds that out, and `name` that of the file.
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

    /// Shows for how long a key is derived, and nothing else.
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
        // Without a thread to spare there is nothing to see.
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
        // If it fails, a signal leaves the line behind, which does no harm.
        let _ = cleanup::watch_for_line();
    }
    let utf8 = is_utf8();
    let mut last = false;
    // When there was something to count.
    let mut begun = started;
    while !last {
        // What was done since the last drawing is shown too.
        last = ended();
        let Some(state) = next() else { break };
        let line = if !state.has_begun() && is_deriving() {
            begun = Instant::now();
            Some(Line::deriving(&state, utf8))
        } else {
            Line::new(&state, begun.elapsed(), utf8)
        };
        match (style, line) {
            (Style::Line, None) => {
                status_line::erase();
                thread::park_timeout(LINE_PAUSE);
            }
            (Style::Plain, None) => thread::park_timeout(LINE_PAUSE),
            (Style::Line, Some(line)) => {
                status_line::draw(|columns| line.within(columns));
                thread::park_timeout(LINE_PAUSE);
            }
            (Style::Plain, Some(line)) => {
                status_line::print(&format!("fetool: {}\n", line.within(usize::MAX)));
                let of_many = state.files.is_some();
                thread::park_timeout(match of_many {
                    true => PLAIN_PAUSE_OF_MANY,
                    false => PLAIN_PAUSE,
                });
            }
        }
    }
    status_line::erase();
}

/// Whether the terminal shows UTF-8, as far as the locale tells.
fn is_utf8() -> bool {
    let variables = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let locale = variables
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_string_lossy().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// What is shown, in parts of which the first are the most important.
struct Line {
    parts: Vec<String>,
    name: Option<String>,
}

impl Line {
    /// Nothing where no bytes are counted.
    fn new(state: &State, elapsed: Duration, utf8: bool) -> Option<Self> {
        let bytes = state.bytes?;
        let mut parts = Vec::new();
        if let Some(total @ 1..) = state.total {
            let percent = u128::from(bytes.min(total)) * 100 / u128::from(total);
            parts.push(format!("{percent}%"));
        }
        parts.extend(state.files.as_ref().map(Files::shown));
        let of = state.total.map(|total| format!(" of {}", rounded(total)));
        parts.push(format!("{}{}", rounded(bytes), of.unwrap_or_default()));
        let rate = bytes as f64 / elapsed.as_secs_f64();
        parts.push(format!("{}/s", rounded(rate as u64)));
        let left = state.total.map(|total| {
            let seconds = total.saturating_sub(bytes) as f64 / rate;
            Duration::try_from_secs_f64(seconds.ceil())
        });
        // Nothing can be said before the first byte.
        if let Some(Ok(left)) = left {
            parts.push(format!("{} left", duration(left)));
        }
        let name = state.shown_name(utf8);
        Some(Self { parts, name })
    }

    /// While a key is derived, before there is anything to count.
    fn deriving(state: &State, utf8: bool) -> Self {
        let ellipsis = if utf8 { "…" } else { ELLIPSIS };
        let files = state.files.as_ref().map(Files::shown);
        let parts = files.into_iter().chain([format!("deriving key{ellipsis}")]);
        Self {
            parts: parts.collect(),
            name: state.shown_name(utf8),
        }
    }

    /// As much as has room in so many columns: first parts first, and a third of it for the name.
    fn within(&self, columns: usize) -> String {
        let (mut line, parts) = match self.parts.split_first() {
            Some((first, rest)) => (first.clone(), rest),
            None => (String::new(), &[][..]),
        };
        let name = self.name.as_deref().unwrap_or_default();
        let reserved = match name {
            "" => 0,
            name => width(name).min(columns / 3) + ": ".len(),
        };
        for part in parts {
            if line.len() + ", ".len() + part.len() + reserved > columns {
                break;
            }
            line = format!("{line}, {part}");
        }
        let room = columns.saturating_sub(line.len() + ": ".len());
        if !name.is_empty() && room >= SHORTEST {
            line = format!("{line}: {}", shortened(name, room));
        }
        // Only the very first part can be too long.
        while width(&line) > columns {
            line.pop();
        }
        line
    }
}

/// Fewer columns than this say nothing of a name.
const SHORTEST: usize = 6;
const ELLIPSIS: &str = "...";

/// The end of a name that has room in so many columns: it tells more than the beginning.
pub fn shortened(name: &str, columns: usize) -> String {
    if width(name) <= columns {
        return name.to_owned();
    }
    let mut room = columns - ELLIPSIS.len();
    let mut start = name.len();
    for (at, letter) in name.char_indices().rev() {
        match room.checked_sub(columns_of(letter)) {
            Some(left) => (room, start) = (left, at),
            None => break,
        }
    }
    format!("{ELLIPSIS}{}", &name[start..])
}

fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// At most so many columns: what is not ASCII may be as wide as two.
fn columns_of(letter: char) -> usize {
    if letter.is_ascii() { 1 } else { 2 }
}

/// For people, in the two largest units.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match (minutes, hours) {
        (0, _) => format!("{seconds} s"),
        (1..=59, _) => format!("{minutes} min {} s", seconds % 60),
        (_, 0..=99) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(state: &State) -> Line {
        Line::new(state, Duration::from_secs(2), true).unwrap()
    }

    fn files(done: u64, total: Option<u64>) -> State {
        State {
            files: Some(Files {
                done,
                total,
                found: total.unwrap_or(done),
            }),
            bytes: Some(3 << 20),
            total: total.map(|_| 12 << 20),
            name: None,
        }
    }

    #[test]
    fn what_is_shown() {
        let mut state = files(1, None);
        let text = |state: &State| line(state).within(usize::MAX);
        assert_eq!(text(&state), "1 file, 3.00 MiB, 1.50 MiB/s");
        state.name = Some("a".to_owned());
        assert_eq!(text(&state), "1 file, 3.00 MiB, 1.50 MiB/s: a");
        // The walk goes on.
        let mut counting = files(1, None);
        counting.files.as_mut().unwrap().found = 7;
        assert_eq!(text(&counting), "1 of 7+ files, 3.00 MiB, 1.50 MiB/s");
        assert_eq!(
            text(&files(1, Some(7))),
            "25%, 1 of 7 files, 3.00 MiB of 12.00 MiB, 1.50 MiB/s, 6 s left"
        );
        assert_eq!(
            text(&files(0, Some(1))),
            "25%, 0 of 1 file, 3.00 MiB of 12.00 MiB, 1.50 MiB/s, 6 s left"
        );
        state = files(0, None);
        (state.files, state.bytes, state.total) = (None, Some(0), Some(0));
        assert_eq!(text(&state), "0 B of 0 B, 0 B/s");
        (state.bytes, state.total) = (Some(9), Some(8));
        assert_eq!(text(&state), "100%, 9 B of 8 B, 4 B/s, 0 s left");
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_is_wide() {
        let mut state = files(12, Some(70_000));
        for name in [
            "photos/2024/summer/a picture.jpg",
            "写真/写真/写真.jpg",
            "a",
        ] {
            state.name = Some(name.to_owned());
            let line = line(&state);
            for columns in 0..200 {
                let text = line.within(columns);
                assert!(width(&text) <= columns, "{columns}: {text}");
            }
            assert!(line.within(usize::MAX).ends_with(name));
        }
        state.name = Some("photos/2024/summer/a picture.jpg".to_owned());
        let at = |columns| line(&state).within(columns);
        assert_eq!(at(10), "25%");
        assert_eq!(at(40), "25%, 12 of 70000 files: ...a picture.jpg");
        assert_eq!(
            at(59),
            "25%, 12 of 70000 files: photos/2024/summer/a picture.jpg"
        );
    }

    #[test]
    fn names_are_ascii_where_the_locale_is() {
        let mut state = files(1, None);
        state.name = Some("Grüße".to_owned());
        let line = Line::new(&state, Duration::from_secs(2), false).unwrap();
        assert_eq!(line.within(80), "1 file, 3.00 MiB, 1.50 MiB/s: Gr??e");
    }

    #[test]
    fn while_a_key_is_derived() {
        let mut state = files(0, Some(7));
        let text = |state: &State, utf8| Line::deriving(state, utf8).within(79);
        assert_eq!(text(&state, true), "0 of 7 files, deriving key…");
        state.files = None;
        state.name = Some("ä".to_owned());
        assert_eq!(text(&state, true), "deriving key…: ä");
        assert_eq!(text(&state, false), "deriving key...: ?");
        for columns in 0..20 {
            let line = Line::deriving(&state, true).within(columns);
            assert!(width(&line) <= columns, "{columns}: {line}");
        }
        state.bytes = None;
        assert!(Line::new(&state, Duration::from_secs(2), true).is_none());
    }

    #[test]
    fn durations() {
        let text = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(text(59), "59 s");
        assert_eq!(text(61), "1 min 1 s");
        assert_eq!(text(3 * 3600 + 120), "3 h 2 min");
        assert_eq!(text(360_000), "4 days");
    }
}
