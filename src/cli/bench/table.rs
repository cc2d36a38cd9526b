//! What was measured, for people: a table, with a bar in every line if a terminal has room for it.

use super::case::{Operation, Part, Subject};
use super::measure::Measured;
use crate::cli::columns;
use crate::size::{GIB, digits, short, time};
use std::env;

/// What the output can show.
pub struct Look {
    /// The terminal's columns, if it is one.
    pub width: Option<usize>,
    pub colour: bool,
}

impl Look {
    pub fn of_stdout() -> Self {
        let width = columns::of_stdout();
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|it| it == "dumb");
        Self {
            width,
            colour: width.is_some() && !is_dumb && !set("NO_COLOR"),
        }
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
/// Narrower bars tell nothing.
const BAR_MIN: usize = 5;
const LIMIT: &str = "copying alone";

/// One line of the table.
struct Row {
    group: String,
    /// The label and two values.
    cells: [String; 3],
    /// The smaller value and the larger: the lengths of the bar's full part and of all of it.
    bar: Option<(f64, f64)>,
}

/// Returns the table of one part.
pub fn draw(part: Part, measured: &[Measured], look: &Look) -> String {
    let (title, heads) = match part {
        Part::Aead => (
            "AEADs on chunks in memory: GiB/s, and % of copying the chunks",
            ["", "seal", "open"],
        ),
        Part::Kdf => (
            "Key derivations: time for a key, and memory",
            ["", "time", "memory"],
        ),
        Part::Format => (
            "Streams: GiB/s of plaintext, and % of copying it the same way",
            ["", "seal", "open"],
        ),
    };
    // The row of what is sealed has what is opened as well.
    let rows = measured
        .iter()
        .filter(|it| it.subject.operation != Operation::Open);
    let rows: Vec<Row> = rows.map(|it| row(it, measured)).collect();
    let widths = [0, 1, 2].map(|i| {
        let cells = rows.iter().map(|row| letters(&row.cells[i]));
        cells.chain([heads[i].len()]).max().unwrap_or(0) + 2
    });
    let line = |[label, first, second]: [&str; 3]| {
        let [a, b, c] = widths;
        format!("{label:<a$}{first:>b$}{second:>c$}")
    };
    // Two columns are before the bar, and some terminals wrap what fills the last one.
    let left = widths.iter().sum::<usize>() + 3;
    let room = look.width.and_then(|width| width.checked_sub(left));
    let room = room.filter(|room| *room >= BAR_MIN);
    let longest = rows.iter().filter_map(|row| row.bar);
    let longest = longest.map(|(_, large)| large).fold(0.0, f64::max);

    let turns = measured.iter().map(|it| it.turns).max().unwrap_or(0);
    let turns = counted(turns, "turn");
    let note = format!("median of {turns}; ± reaches over half of them");
    let mut text = look.painted(BOLD, title) + "\n" + &look.painted(DIM, &note) + "\n";
    text += line(heads).trim_end();
    // The limits explain the lines, and are not what somebody is looking for.
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_cached_key(|row| {
        let first = rows.iter().position(|it| it.group == row.group);
        (row.group == LIMIT, first)
    });
    let mut group = "";
    for row in sorted {
        if row.group != group {
            group = &row.group;
            text += &("\n".to_owned() + &look.painted(BOLD, group));
        }
        let line = line(row.cells.each_ref().map(String::as_str));
        text += "\n";
        match (room, row.bar) {
            (Some(room), Some(bar)) => {
                // Full up to the smaller value, pale up to the larger.
                let length = |value: f64| (value / longest * room as f64).round() as usize;
                let (full, all) = (length(bar.0), length(bar.1));
                let bar = "█".repeat(full) + &"▒".repeat(all.saturating_sub(full));
                text += &(line + "  " + &look.painted(GREEN, &bar));
            }
            _ => text += line.trim_end(),
        }
    }
    text + "\n"
}

fn row(it: &Measured, all: &[Measured]) -> Row {
    let subject = &it.subject;
    let median = it.spread().median;
    let opened = Subject {
        operation: Operation::Open,
        ..subject.clone()
    };
    let opened = all.iter().find(|other| other.subject == opened);
    let other = opened.map_or(median, |it| it.spread().median);
    let (label, second) = match subject.kdf.as_deref() {
        Some(kdf) => {
            let name = subject.kdf_name.map(|name| format!("{name}: "));
            let memory = subject.memory.filter(|memory| *memory > 0);
            let label = format!("  {}{kdf}", name.unwrap_or_default());
            (label, memory.map_or("-".to_owned(), short))
        }
        None => {
            let way = subject.way.map(|way| format!("{way:?}").to_lowercase());
            let place = way.or(subject.chunk_size.map(short)).unwrap_or_default();
            let jobs = subject.jobs.map(|jobs| counted(jobs, "job"));
            let label = format!("  {place:>9}  {}", jobs.unwrap_or_default());
            (label, opened.map(value).unwrap_or_default())
        }
    };
    let is_limit = subject.operation == Operation::Copy;
    Row {
        group: group(subject),
        cells: [label, value(it), second],
        bar: (!is_limit).then(|| (median.min(other), median.max(other))),
    }
}

fn group(subject: &Subject) -> String {
    if subject.operation == Operation::Copy {
        return LIMIT.to_owned();
    }
    let layers = subject.layers.map(|layers| counted(layers.into(), "layer"));
    let size = subject.size.filter(|_| subject.part == Part::Format);
    let format = subject.format.map(str::to_owned);
    let names = [
        format,
        subject.aead.clone(),
        subject.engine.clone(),
        layers,
        size.map(short),
    ];
    names.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn counted(number: usize, of: &str) -> String {
    match number {
        1 => format!("1 {of}"),
        number => format!("{number} {of}s"),
    }
}

/// Returns the median, how far values are from it unless there is only one, and the part of the limit.
fn value(it: &Measured) -> String {
    let spread = it.spread();
    let median = match it.rate {
        Some(_) => format!("{:>6}", digits(spread.median / GIB)),
        None => time(spread.median),
    };
    let deviation = format!("±{:.0}%", spread.deviation() * 100.0);
    let deviation = if it.turns > 1 { &deviation } else { "" };
    let percent = it.percent.map(|percent| format!(" {percent:>3.0}%"));
    format!("{median} {deviation:>4}{}", percent.unwrap_or_default())
}

/// Returns the columns of a text; each letter here takes one.
fn letters(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::case::Way;
    use crate::cli::bench::measure::Spread;

    fn measured(operation: Operation, gib: f64, percent: Option<f64>) -> Measured {
        let of_format = percent.is_some();
        let [low, median, high] = [0.9, 1.0, 1.05].map(|part| part * gib * GIB);
        Measured {
            subject: Subject {
                part: Part::Format,
                operation,
                format: of_format.then_some("gfe"),
                aead: of_format.then(|| "aes-256-gcm".to_owned()),
                way: Some(Way::Memory),
                jobs: Some(2),
                size: Some(64 << 20),
                ..Subject::default()
            },
            turns: 7,
            rate: Some(Spread { low, median, high }),
            seconds: None,
            limit: percent.map(|_| 20.0 * GIB),
            percent,
        }
    }

    fn drawn(width: Option<usize>) -> String {
        let streams = [
            measured(Operation::Copy, 20.0, None),
            measured(Operation::Seal, 8.0, Some(40.0)),
            measured(Operation::Open, 4.0, Some(20.0)),
        ];
        let colour = false;
        draw(Part::Format, &streams, &Look { width, colour })
    }

    #[test]
    fn lines_have_rates_and_percentages() {
        assert_eq!(
            drawn(None),
            "Streams: GiB/s of plaintext, and % of copying it the same way\n\
             median of 7 turns; ± reaches over half of them\n\
             \x20                                  seal              open\n\
             gfe, aes-256-gcm, 64 MiB\n\
             \x20    memory  2 jobs      8.00 ±10%  40%    4.00 ±10%  20%\n\
             copying alone\n\
             \x20    memory  2 jobs           20.0 ±10%\n"
        );
    }

    #[test]
    fn bars_fill_the_terminal_and_no_more() {
        let plain = drawn(None);
        for width in [70, 80, 200] {
            let text = drawn(Some(width));
            let widest = text.lines().map(letters).max();
            assert_eq!(widest, Some(width - 1));
            let (full, pale) = (text.matches('█').count(), text.matches('▒').count());
            assert!(full.abs_diff(pale) <= 1, "{full} and {pale}");
        }
        assert_eq!(drawn(Some(56)), plain, "there is no room");
        assert_eq!(drawn(Some(1)), plain);
    }
}
