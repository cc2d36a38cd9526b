//! Text in the columns of a terminal, and in its colours.

use std::env;
use std::io::{self, IsTerminal};

/// Below this width, text is harder to read than text that the terminal wraps.
const TEXT_MIN: usize = 16;

/// Returns the columns of standard output; `None` if it is not a terminal.
pub fn of_stdout() -> Option<usize> {
    let stdout = io::stdout();
    let size = terminal_size::terminal_size_of(&stdout);
    let columns = size.map_or(80, |(width, _)| width.0.into());
    stdout.is_terminal().then_some(columns)
}

/// What standard output can show.
pub struct Look {
    /// The terminal's columns, if it is one.
    pub width: Option<usize>,
    pub colour: bool,
}

impl Look {
    pub fn of_stdout() -> Self {
        let width = of_stdout();
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|it| it == "dumb");
        Self {
            width,
            colour: width.is_some() && !is_dumb && !set("NO_COLOR"),
        }
    }

    /// Returns the text in a colour, given by its number in terminal escapes.
    pub fn painted(&self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Appends `text` behind the last line of `to`, in lines of at most `width` columns that are aligned with its first
/// word.
pub fn hang(to: &mut String, text: &str, width: Option<usize>) {
    let start = to.rfind('\n').map_or(0, |end| end + 1);
    let indent = to[start..].chars().count();
    // Some terminals wrap after the last column.
    let room = width.and_then(|width| (width.saturating_sub(1)).checked_sub(indent));
    match room.filter(|room| *room >= TEXT_MIN) {
        None => to.push_str(text),
        Some(room) => {
            let gap = format!("\n{:indent$}", "");
            to.push_str(&lines(text, room).join(&gap));
        }
    }
    to.push('\n');
}

/// Returns the words in lines of at most `width` columns; a longer word is split.
pub fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut columns = 0;
    for word in text.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        let blank = usize::from(columns > 0);
        if columns > 0 && columns + blank + letters.len() <= width {
            let line = lines.last_mut().expect("there is one from the start");
            line.push(' ');
            line.push_str(word);
            columns += blank + letters.len();
            continue;
        }
        for piece in letters.chunks(width) {
            match lines.last_mut() {
                Some(line) if line.is_empty() => line.extend(piece),
                _ => lines.push(piece.iter().collect()),
            }
            columns = piece.len();
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hung(text: &str, width: Option<usize>) -> String {
        let mut to = "first\n  name  ".to_owned();
        hang(&mut to, text, width);
        to
    }

    #[test]
    fn text_hangs_under_its_first_word() {
        assert_eq!(
            hung("one two three four five six", Some(29)),
            "first\n  name  one two three four\n        five six\n"
        );
        assert_eq!(
            hung("0123456789012345678901234 b", Some(29)),
            "first\n  name  01234567890123456789\n        01234 b\n"
        );
    }

    #[test]
    fn no_terminal_and_a_narrow_one_get_one_line() {
        for width in [None, Some(24), Some(0)] {
            assert_eq!(
                hung("one two three four five", width),
                "first\n  name  one two three four five\n"
            );
        }
    }
}
