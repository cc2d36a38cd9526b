//! The progress line as indicatif draws it: redrawn in place on a terminal, and one line after the other elsewhere.

use super::line::Line;
use super::{State, Style};
use crate::io::status_line;
use fetool::kdf::is_deriving;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};
use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Before this, the rate shown is the average: there is too little to estimate from.
const YOUNG: Duration = Duration::from_secs(2);

/// The progress line, and the rate.
pub struct Bar {
    style: Style,
    bar: ProgressBar,
    shown: Shown,
    /// The time of the first count.
    begun: Instant,
    utf8: bool,
    /// Whether the rate is estimated, and not the average.
    is_estimating: bool,
}

/// The current state, for indicatif to read when it draws.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Option<Now>>>);

/// The state, and the average rate.
struct Now {
    state: State,
    average: f64,
    is_young: bool,
    utf8: bool,
    /// Whether a key is being derived, and nothing else has begun.
    deriving: bool,
}

impl Bar {
    /// Creates it for work that began at `started`.
    pub fn new(style: Style, started: Instant) -> Self {
        let target = match style {
            Style::Line => ProgressDrawTarget::term_like(Box::new(Terminal::default())),
            Style::Plain => ProgressDrawTarget::hidden(),
        };
        let shown = Shown::default();
        let line = {
            let shown = shown.clone();
            move |state: &ProgressState, out: &mut dyn Write| {
                let line = shown.line(state.per_sec());
                let line = line.map(|line| line.within(status_line::columns()));
                let _ = out.write_str(&line.unwrap_or_default());
            }
        };
        let template = ProgressStyle::with_template("{line}").expect("the template is constant");
        Self {
            style,
            bar: ProgressBar::with_draw_target(None, target)
                .with_style(template.with_key("line", line)),
            shown,
            begun: started,
            utf8: is_utf8(),
            is_estimating: false,
        }
    }

    /// Shows a state. Returns whether there is anything to show.
    pub fn show(&mut self, state: State) -> bool {
        // Asked once: between the keys of two slots, the answer changes.
        let deriving = !state.has_begun() && is_deriving();
        if deriving {
            self.begun = Instant::now();
            self.is_estimating = false;
        } else if state.bytes.is_none() {
            status_line::erase();
            return false;
        }
        let (bytes, total) = (state.bytes.unwrap_or(0), state.total);
        *self.shown.lock() = Some(Now {
            average: bytes as f64 / self.begun.elapsed().as_secs_f64(),
            is_young: self.bar.elapsed() < YOUNG,
            utf8: self.utf8,
            deriving,
            state,
        });
        self.bar.update(|state| {
            state.set_pos(bytes);
            if let Some(total) = total {
                state.set_len(total);
            }
        });
        if !self.is_estimating {
            // What was done earlier does not count for the current rate.
            self.bar.reset_eta();
            self.is_estimating = true;
        }
        if self.style == Style::Plain
            && let Some(line) = self.shown.line(self.bar.per_sec())
        {
            status_line::print(&format!("fetool: {}\n", line.within(usize::MAX)));
        }
        true
    }

    /// Removes the line.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Shown {
    fn lock(&self) -> MutexGuard<'_, Option<Now>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the line; `recent` is the current rate in bytes per second.
    fn line(&self, recent: f64) -> Option<Line> {
        let now = self.lock();
        let now = now.as_ref()?;
        if now.deriving {
            return Some(Line::deriving(&now.state, now.utf8));
        }
        let rate = if now.is_young { now.average } else { recent };
        Line::new(&now.state, rate, now.utf8)
    }
}

/// Returns whether the terminal shows UTF-8, according to the locale.
fn is_utf8() -> bool {
    let variables = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let locale = variables
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_string_lossy().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// The terminal's line, which others erase to print something above it. So it is erased and written with one call, and
/// the cursor never leaves it.
#[derive(Debug, Default)]
struct Terminal(Mutex<String>);

impl Terminal {
    fn line(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        u16::try_from(status_line::columns()).map_or(u16::MAX, |columns| columns.max(1))
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.line().push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.line().clear();
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let line = std::mem::take(&mut *self.line());
        // indicatif fills the line with blanks.
        match line.trim_end() {
            "" => status_line::erase(),
            line => status_line::draw(|_| line.to_owned()),
        }
        Ok(())
    }
}
