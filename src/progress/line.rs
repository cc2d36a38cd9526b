//! The content of the progress line, and what of it fits.

use super::{Files, State};
use crate::size::rounded;
use std::time::Duration;

/// The parts to show, the most important first.
pub struct Line {
    parts: Vec<String>,
    name: Option<String>,
}

impl Line {
    /// Creates it with a rate in bytes per second. Returns `None` if no bytes are counted.
    pub fn new(state: &State, rate: f64, utf8: bool) -> Option<Self> {
        let bytes = state.bytes?;
        let mut parts = Vec::new();
        if let Some(total @ 1..) = state.total {
            let percent = u128::from(bytes.min(total)) * 100 / u128::from(total);
            parts.push(format!("{percent}%"));
        }
        parts.extend(state.files.as_ref().map(Files::shown));
        let of = state.total.map(|total| format!(" of {}", rounded(total)));
        parts.push(format!("{}{}", rounded(bytes), of.unwrap_or_default()));
        parts.push(format!("{}/s", rounded(rate as u64)));
        let left = state.total.map(|total| {
            let seconds = total.saturating_sub(bytes) as f64 / rate;
            Duration::try_from_secs_f64(seconds.ceil())
        });
        // Before the first byte, the time left is unknown.
        if let Some(Ok(left)) = left {
            parts.push(format!("{} left", duration(left)));
        }
        let name = state.shown_name(utf8);
        Some(Self { parts, name })
    }

    /// Creates the line for a key derivation, before there is anything to count.
    pub fn deriving(state: &State, utf8: bool) -> Self {
        let ellipsis = if utf8 { "…" } else { ELLIPSIS };
        let files = state.files.as_ref().map(Files::shown);
        let parts = files.into_iter().chain([format!("deriving key{ellipsis}")]);
        Self {
            parts: parts.collect(),
            name: state.shown_name(utf8),
        }
    }

    /// Returns what fits into this many columns: the first parts first, with a third for the name.
    pub fn within(&self, columns: usize) -> String {
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
        // Only the first part can be too long.
        while width(&line) > columns {
            line.pop();
        }
        line
    }
}

/// Fewer columns than this show nothing useful of a name.
const SHORTEST: usize = 6;
const ELLIPSIS: &str = "...";

/// Returns the end of a name that fits into this many columns: it says more than the beginning.
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

/// Returns an upper bound of the columns: characters outside ASCII can take two.
fn columns_of(letter: char) -> usize {
    if letter.is_ascii() { 1 } else { 2 }
}

/// Returns the duration in its two largest units.
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
        Line::new(state, state.bytes.unwrap() as f64 / 2.0, true).unwrap()
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
        // The walk continues.
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
        let line = Line::new(&state, f64::from(3 << 19), false).unwrap();
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
        assert!(Line::new(&state, 0.0, true).is_none());
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
