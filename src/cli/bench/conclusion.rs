//! What the numbers mean for the user, in one line.

use super::case::{Operation, Part, Subject, Way};
use super::measure::Measured;
use crate::size::{GIB, digits, time};
use fetool::aead::Algorithm;

/// From this percentage on, a faster AEAD would not be noticed.
const LIMITED: f64 = 75.0;

/// Returns the sentence, or nothing if nothing was measured.
pub fn of(measured: &[Measured]) -> Option<String> {
    let clauses = [aead(measured), stream(measured), kdf(measured)];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    (!clauses.is_empty()).then(|| clauses.join("; ") + ".")
}

/// Returns the case with the largest median.
fn largest(measured: &[Measured], of: impl Fn(&Subject) -> bool) -> Option<&Measured> {
    let measured = measured.iter().filter(|it| of(&it.subject));
    measured.max_by(|a, b| a.spread().median.total_cmp(&b.spread().median))
}

fn aead(measured: &[Measured]) -> Option<String> {
    let sealed = |it: &Subject| it.part == Part::Aead && it.operation == Operation::Seal;
    let best = largest(measured, sealed)?;
    let word = best.subject.aead.as_deref()?;
    let mut known = Algorithm::ALL.into_iter();
    let name = known.find(|it| it.name().eq_ignore_ascii_case(word))?;
    let other = |it: &Subject| sealed(it) && it.aead != best.subject.aead;
    let what = match largest(measured, other) {
        Some(_) => "is the fastest AEAD here",
        None => "runs",
    };
    let rate = digits(best.spread().median / GIB);
    Some(format!("{name} {what}, at {rate} GiB/s"))
}

fn stream(measured: &[Measured]) -> Option<String> {
    // The slowest way counts.
    let ways = [
        (Way::File, "files"),
        (Way::Pipe, "pipes"),
        (Way::Memory, "memory"),
    ];
    let (best, medium) = ways.into_iter().find_map(|(way, medium)| {
        let sealed = |it: &Subject| it.way == Some(way) && it.operation == Operation::Seal;
        Some((largest(measured, sealed)?, medium))
    })?;
    let (percent, format) = (best.percent?, best.subject.format?);
    let reaches = format!("{format} reaches {percent:.0} % of copying");
    Some(match percent >= LIMITED {
        true => format!("{medium} are the limit: {reaches}"),
        false => format!("encryption is the limit: {reaches} {medium}"),
    })
}

/// Only if nothing else was measured: then the user wants to know this.
fn kdf(measured: &[Measured]) -> Option<String> {
    let only = measured.iter().all(|it| it.subject.part == Part::Kdf);
    let slowest = largest(measured, |_| only)?;
    let kdf = slowest.subject.kdf.as_deref()?;
    let seconds = time(slowest.spread().median);
    let costs = format!("costs up to {} ({kdf})", seconds.trim_end());
    Some(format!("a guess at a passphrase {costs}"))
}
