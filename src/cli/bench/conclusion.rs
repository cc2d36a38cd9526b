//! What the numbers mean for the user, in one line.

use super::case::{Operation, Part, Way};
use super::measure::Measured;
use crate::size::{GIB, digits, time};
use fetool::aead::Algorithm;

/// From here on, more of an AEAD's speed would not be noticed.
const LIMITED: f64 = 75.0;

/// The sentence; nothing if nothing was measured.
pub fn of(measured: &[Measured]) -> Option<String> {
    let clauses = [aead(measured), stream(measured), kdf(measured)];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    (!clauses.is_empty()).then(|| clauses.join("; ") + ".")
}

/// The fastest of these by the median rate.
fn fastest<'a>(measured: impl Iterator<Item = &'a Measured>) -> Option<&'a Measured> {
    measured.max_by(|a, b| a.spread().median.total_cmp(&b.spread().median))
}

fn aead(measured: &[Measured]) -> Option<String> {
    let sealed = measured
        .iter()
        .filter(|it| it.subject.part == Part::Aead && it.subject.operation == Operation::Seal);
    let best = fastest(sealed.clone())?;
    let name = |it: &Measured| {
        let known = Algorithm::ALL.iter().map(|it| it.name());
        let word = it.subject.aead?;
        known
            .into_iter()
            .find(|name| name.eq_ignore_ascii_case(word))
    };
    let others = sealed
        .clone()
        .any(|it| it.subject.aead != best.subject.aead);
    let what = if others {
        "is the fastest AEAD here"
    } else {
        "runs"
    };
    let rate = digits(best.spread().median / GIB);
    Some(format!("{} {what}, at {rate} GiB/s", name(best)?))
}

fn stream(measured: &[Measured]) -> Option<String> {
    // The slowest way is the one that counts.
    let through = |way| {
        let streams = measured.iter().filter(move |it| {
            it.subject.way == Some(way) && it.subject.operation == Operation::Seal
        });
        fastest(streams)
    };
    let best = [Way::File, Way::Pipe, Way::Memory]
        .into_iter()
        .find_map(through)?;
    let (medium, percent) = (best.subject.way?, best.percent?);
    let format = best.subject.format?;
    let medium = match medium {
        Way::File => "files",
        Way::Pipe => "pipes",
        Way::Memory => "memory",
    };
    Some(match percent >= LIMITED {
        true => format!("{medium} are the limit: {format} reaches {percent:.0} % of copying"),
        false => {
            format!("encryption is the limit: {format} reaches {percent:.0} % of copying {medium}")
        }
    })
}

/// Only if nothing else was measured: who chose that wants to know it.
fn kdf(measured: &[Measured]) -> Option<String> {
    let only = measured.iter().all(|it| it.subject.part == Part::Kdf);
    let slowest = fastest(measured.iter().filter(|_| only))?;
    let seconds = time(slowest.spread().median);
    Some(format!(
        "a guess at a passphrase costs up to {} ({})",
        seconds.trim_end(),
        slowest.subject.kdf.as_deref()?
    ))
}
