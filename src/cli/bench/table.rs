//! The results for people.

use super::case::{Operation, Part, Subject};
use super::measure::Measured;
use crate::cli::columns::Look;
use crate::cli::table::{Row, Table};
use crate::size::{GIB, counted, digits, short, time};

const LIMIT: &str = "copying alone";

/// Returns the table of one part.
pub fn draw(part: Part, measured: &[Measured], look: &Look) -> String {
    let title = match part {
        Part::Aead => "AEADs on chunks in memory: GiB/s, and % of copying the chunks",
        Part::Kdf => "Key derivations: time for a key, and memory",
        Part::Format => "Streams: GiB/s of plaintext, and % of copying it the same way",
    };
    let heads = match part {
        Part::Kdf => ["", "time", "memory"],
        _ => ["", "seal", "open"],
    };
    // One row has both the sealing and the opening rate.
    let has_row = |it: &&Measured| it.subject.operation != Operation::Open;
    let rows = measured.iter().filter(has_row).map(|it| row(it, measured));
    let mut rows: Vec<Row> = rows.collect();
    let groups: Vec<String> = rows.iter().map(|row| row.group.clone()).collect();
    // The limits only explain the other lines.
    rows.sort_by_key(|row| {
        let first = groups.iter().position(|group| *group == row.group);
        (row.group == LIMIT, first)
    });
    let turns = measured.iter().map(|it| it.turns).max().unwrap_or(0);
    let turns = counted(turns, "turn");
    let table = Table {
        title,
        note: &format!("median of {turns}; ± reaches over half of them"),
        heads,
        rows,
    };
    table.draw(look)
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
    let (aead, engine) = (subject.aead.clone(), subject.engine.clone());
    let names = [format, aead, engine, layers, size.map(short)];
    names.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Returns the median, the spread unless there is only one value, and the percentage of the limit.
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

    #[test]
    fn lines_have_rates_and_percentages() {
        let streams = [
            measured(Operation::Copy, 20.0, None),
            measured(Operation::Seal, 8.0, Some(40.0)),
            measured(Operation::Open, 4.0, Some(20.0)),
        ];
        let (width, colour) = (None, false);
        assert_eq!(
            draw(Part::Format, &streams, &Look { width, colour }),
            "Streams: GiB/s of plaintext, and % of copying it the same way\n\
             median of 7 turns; ± reaches over half of them\n\
             \x20                                  seal              open\n\
             gfe, aes-256-gcm, 64 MiB\n\
             \x20    memory  2 jobs      8.00 ±10%  40%    4.00 ±10%  20%\n\
             copying alone\n\
             \x20    memory  2 jobs           20.0 ±10%\n"
        );
    }
}
