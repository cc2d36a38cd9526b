//! What was measured, for people: a table, with a bar in every line where a terminal has room for it.

use super::case::{Operation, Part, Subject, Way};
use super::measure::Measured;
use crate::cli::columns;
use crate::cli::size::short;
use std::env;

/// What the output can show.
pub struct Look {
    /// The terminal's columns, where it is one.
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

/// One line of the table.
struct Row {
    label: String,
    cells: Vec<String>,
    /// The lengths of the bar's full and pale parts together: the smaller value and the larger.
    bar: Option<(f64, f64)>,
}

/// The table of one part.
pub fn draw(part: Part, measured: &[Measured], look: &Look) -> String {
    let groups = groups(part, measured);
    let rows = || groups.iter().flat_map(|(_, rows)| rows);
    let heads = heads(part);
    let label = rows().map(|row| letters(&row.label)).max().unwrap_or(0) + 2;
    let widths: Vec<usize> = (0..heads.len())
        .map(|i| {
            let cells = rows().filter_map(|row| row.cells.get(i));
            let widest = cells.map(|cell| letters(cell)).max().unwrap_or(0);
            widest.max(letters(heads[i])) + 2
        })
        .collect();
    let left = label + widths.iter().sum::<usize>() + 2;
    // Some terminals wrap what fills the last column.
    let room = look.width.and_then(|width| (width - 1).checked_sub(left));
    let room = room.filter(|room| *room >= BAR_MIN);
    let longest = rows()
        .filter_map(|row| row.bar)
        .map(|(_, large)| large)
        .fold(0.0, f64::max);

    let turns = measured.iter().map(|it| it.spread.turns).max().unwrap_or(0);
    let mut text = look.painted(BOLD, title(part)) + "\n";
    text += &look.painted(DIM, &note(part, turns));
    text += "\n";
    text += &(line("", label, heads, &widths).trim_end().to_owned() + "\n");
    for (name, rows) in &groups {
        text += &(look.painted(BOLD, name) + "\n");
        for row in rows {
            let cells: Vec<&str> = row.cells.iter().map(String::as_str).collect();
            let mut line = line(&row.label, label, &cells, &widths);
            match (room, row.bar) {
                (Some(room), Some(values)) => {
                    line += "  ";
                    line += &bar(values, longest, room, look);
                }
                _ => line.truncate(line.trim_end().len()),
            }
            text += &(line + "\n");
        }
    }
    text
}

fn title(part: Part) -> &'static str {
    match part {
        Part::Aead => "AEADs on chunks in memory: GB/s, and % of copying the chunks",
        Part::Kdf => "Key derivations: time for a key, and memory",
        Part::Format => "Streams: GB/s of plaintext, and % of copying it the same way",
    }
}

fn note(part: Part, turns: usize) -> String {
    let turns = match turns {
        1 => "1 turn".to_owned(),
        turns => format!("{turns} turns"),
    };
    let unit = match part {
        Part::Kdf => "",
        _ => "1 GB is 10^9 bytes; ",
    };
    format!("{unit}median of {turns}; ± reaches over half of them")
}

fn heads(part: Part) -> &'static [&'static str] {
    match part {
        Part::Kdf => &["time", "memory"],
        _ => &["seal", "open"],
    }
}

/// The rows under their headings, in the order in which the headings come first.
fn groups(part: Part, measured: &[Measured]) -> Vec<(String, Vec<Row>)> {
    let mut groups: Vec<(String, Vec<Row>)> = Vec::new();
    for it in measured {
        let row = match it.subject.operation {
            // It is in the line of sealing.
            Operation::Open => continue,
            Operation::Derive => derivation(it),
            Operation::Seal | Operation::Copy => rates(it, opened(it, measured)),
        };
        let name = group(&it.subject);
        match groups.iter_mut().find(|(other, _)| *other == name) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((name, vec![row])),
        }
    }
    // The limits explain the lines, and are not what somebody is looking for.
    groups.sort_by_key(|(name, _)| name == LIMIT);
    debug_assert!(
        groups
            .iter()
            .all(|(_, rows)| rows[0].cells.len() <= heads(part).len())
    );
    groups
}

const LIMIT: &str = "copying alone";

fn group(subject: &Subject) -> String {
    if subject.is_limit() {
        return LIMIT.to_owned();
    }
    let layers = subject.layers.map(|layers| match layers {
        1 => "1 layer".to_owned(),
        layers => format!("{layers} layers"),
    });
    let size = subject.size.filter(|_| subject.part == Part::Format);
    let names = [subject.format, subject.aead, subject.engine].into_iter();
    let names = names.flatten().map(str::to_owned);
    let parts = names.chain(layers).chain(size.map(short));
    parts.collect::<Vec<_>>().join(", ")
}

/// The case that opens what this one seals.
fn opened<'a>(sealed: &Measured, measured: &'a [Measured]) -> Option<&'a Measured> {
    let wanted = Subject {
        operation: Operation::Open,
        ..sealed.subject.clone()
    };
    measured.iter().find(|it| it.subject == wanted)
}

fn rates(sealed: &Measured, opened: Option<&Measured>) -> Row {
    let subject = &sealed.subject;
    let way = subject.way.map(|way| match way {
        Way::Memory => "memory".to_owned(),
        Way::Pipe => "pipe".to_owned(),
        Way::File => "file".to_owned(),
    });
    let chunk = subject.chunk_size.map(short);
    let jobs = subject.jobs.map(|jobs| match jobs {
        1 => "1 job".to_owned(),
        jobs => format!("{jobs} jobs"),
    });
    let place = way.or(chunk).unwrap_or_default();
    let cells = std::iter::once(sealed).chain(opened);
    let medians = cells.clone().map(|it| it.spread.median);
    Row {
        label: format!("  {place:>9}  {}", jobs.unwrap_or_default()),
        cells: cells.map(rate).collect(),
        bar: (!subject.is_limit()).then(|| {
            let least = medians.clone().fold(f64::INFINITY, f64::min);
            (least, medians.fold(0.0, f64::max))
        }),
    }
}

fn derivation(it: &Measured) -> Row {
    let subject = &it.subject;
    let name = subject.kdf_name.map(|name| format!("{name}: "));
    let median = it.spread.median;
    Row {
        label: format!(
            "  {}{}",
            name.unwrap_or_default(),
            subject.kdf.as_deref().unwrap_or_default()
        ),
        cells: vec![
            format!("{} {}", time(median), deviation(it)),
            match subject.memory {
                None | Some(0) => "-".to_owned(),
                Some(memory) => short(memory),
            },
        ],
        bar: Some((median, median)),
    }
}

fn rate(it: &Measured) -> String {
    let percent = it
        .percent()
        .map_or(String::new(), |percent| format!(" {percent:>3.0}%"));
    format!(
        "{:>6} {}{percent}",
        digits(it.spread.median / 1e9),
        deviation(it)
    )
}

/// Nothing where there is only one value.
fn deviation(it: &Measured) -> String {
    if it.spread.turns < 2 {
        return " ".repeat(4);
    }
    format!("{:>4}", format!("±{:.0}%", it.spread.deviation() * 100.0))
}

fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    format!("{} {unit:<2}", digits(value))
}

/// Three digits that mean something, where there are so many.
fn digits(value: f64) -> String {
    let behind = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v if v >= 0.09995 => 3,
        _ => 4,
    };
    format!("{value:.behind$}")
}

/// A label and cells, each in its width.
fn line(label: &str, label_width: usize, cells: &[&str], widths: &[usize]) -> String {
    let mut line = format!("{label:<label_width$}");
    for (i, width) in widths.iter().enumerate() {
        line += &format!("{:>width$}", cells.get(i).unwrap_or(&""));
    }
    line
}

/// Full up to the smaller value, pale up to the larger.
fn bar((small, large): (f64, f64), longest: f64, room: usize, look: &Look) -> String {
    let length = |value: f64| (value / longest * room as f64).round() as usize;
    let full = "█".repeat(length(small));
    let pale = "▒".repeat(length(large).saturating_sub(length(small)));
    look.painted(GREEN, &(full + &pale))
}

/// The columns that a text takes; none of ours has anything but letters of one.
fn letters(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::measure::Spread;

    fn measured(subject: Subject, median: f64, limit: Option<f64>) -> Measured {
        Measured {
            spread: Spread {
                low: median * 0.9,
                median,
                high: median * 1.05,
                turns: 7,
            },
            limit,
            is_time: subject.operation == Operation::Derive,
            subject,
        }
    }

    fn streams() -> Vec<Measured> {
        let subject = |operation| Subject {
            way: Some(Way::Memory),
            jobs: Some(2),
            size: Some(64 << 20),
            ..Subject::new(Part::Format, operation)
        };
        let gfe = |operation| Subject {
            format: Some("gfe"),
            aead: Some("aes-256-gcm"),
            ..subject(operation)
        };
        vec![
            measured(subject(Operation::Copy), 20e9, None),
            measured(gfe(Operation::Seal), 8e9, Some(20e9)),
            measured(gfe(Operation::Open), 4e9, Some(20e9)),
        ]
    }

    fn drawn(width: Option<usize>) -> String {
        let colour = false;
        draw(Part::Format, &streams(), &Look { width, colour })
    }

    #[test]
    fn lines_have_rates_and_percentages() {
        assert_eq!(
            drawn(None),
            "Streams: GB/s of plaintext, and % of copying it the same way\n\
             1 GB is 10^9 bytes; median of 7 turns; ± reaches over half of them\n\
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

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (123.4, "123"),
            (99.96, "100"),
            (12.34, "12.3"),
            (9.996, "10.0"),
            (1.234, "1.23"),
            (0.9996, "1.00"),
            (0.1234, "0.123"),
            (0.01234, "0.0123"),
            (0.0, "0.0000"),
        ] {
            assert_eq!(digits(value), text);
        }
        assert_eq!(time(1.234), "1.23 s ");
        assert_eq!(time(0.01234), "12.3 ms");
        assert_eq!(time(0.000_001_234), "1.23 µs");
        assert_eq!(time(0.000_000_123), "123 ns");
    }
}
