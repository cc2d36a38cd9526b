//! Measures in turns: every case once, then every case once more. Another program that uses the processor for a moment
//! spoils one turn of some cases, and the median ignores such turns.

use super::case::{Case, Operation, Part, Subject};
use crate::cli::failure::say;
use fetool::Error;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::time::Instant;

/// A measured case, as in the JSON.
#[derive(Serialize)]
pub struct Measured {
    #[serde(flatten)]
    pub subject: Subject,
    pub turns: usize,
    /// In bytes per second.
    pub rate: Option<Spread>,
    pub seconds: Option<Spread>,
    /// The median rate of its limit.
    pub limit: Option<f64>,
    /// The rate as a percentage of the limit.
    pub percent: Option<f64>,
}

/// The quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

/// Measures all cases of a part. No round of turns begins that would not be finished by `rounds`, and no turn begins
/// after `turns`. Cases that were never measured are left out.
pub fn run(
    part: Part,
    rounds: Instant,
    turns: Option<Instant>,
    mut cases: Vec<Case>,
) -> Result<Vec<Measured>, Error> {
    // A key derivation allocates its memory each time, and takes long enough.
    let (name, most, least, warming) = match part {
        Part::Aead => ("AEADs", 7, 2, 1),
        Part::Kdf => ("key derivations", 3, 1, 0),
        Part::Format => ("formats", 7, 2, 1),
    };
    // It is drawn only on a terminal, and only between two cases.
    let style = format!("measuring {name} {{wide_bar}} {{percent}} %");
    let style = ProgressStyle::with_template(&style).expect("the template is constant");
    let bar = ProgressBar::new((cases.len() * (warming + most)) as u64).with_style(style);
    let mut taken: Vec<Vec<f64>> = vec![Vec::new(); cases.len()];
    let mut last = Instant::now();
    for round in 0..warming + most {
        let start = Instant::now();
        if round >= warming + least && start + (start - last) > rounds {
            break;
        }
        last = start;
        for (case, taken) in cases.iter_mut().zip(&mut taken) {
            if turns.is_some_and(|end| Instant::now() > end) {
                break;
            }
            taken.push((case.turn)()?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let mut limit = None;
    let mut measured = Vec::new();
    let left_out = taken.iter().filter(|values| values.is_empty()).count();
    for (Case { subject, .. }, mut values) in cases.into_iter().zip(taken) {
        // The first turn counts only if it is the only one.
        if values.len() > warming {
            values.drain(..warming);
        }
        let is_limit = subject.operation == Operation::Copy;
        // A limit that was left out limits nothing.
        limit = limit.filter(|_| !is_limit);
        let Some(spread) = Spread::of(&mut values) else {
            continue;
        };
        let is_time = subject.operation == Operation::Derive;
        measured.push(Measured {
            subject,
            turns: values.len(),
            rate: (!is_time).then_some(spread),
            seconds: is_time.then_some(spread),
            limit,
            percent: limit.map(|limit| spread.median / limit * 100.0),
        });
        limit = limit.or(is_limit.then_some(spread.median));
    }
    if left_out > 0 {
        let why = format!("the machine is too busy: {left_out} benchmarks of {name} left out");
        say(None, &format!("warning: {why}"));
    }
    Ok(measured)
}

impl Measured {
    /// Returns the spread of the rates or of the seconds.
    pub fn spread(&self) -> Spread {
        let spread = self.rate.or(self.seconds);
        spread.expect("it has one of the two")
    }
}

impl Spread {
    /// Returns `None` if there are no values.
    fn of(values: &mut [f64]) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        // Interpolated between two values if necessary.
        let quantile = |part: f64| {
            let at = last as f64 * part;
            let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
            below + (above - below) * at.fract()
        };
        Some(Self {
            low: quantile(0.25),
            median: quantile(0.5),
            high: quantile(0.75),
        })
    }

    /// Returns the larger distance of a quartile from the median, as a part of the median.
    pub fn deviation(&self) -> f64 {
        (self.high - self.median).max(self.median - self.low) / self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_median_leaves_spoiled_turns_out() {
        let spread = |values: &mut [f64]| Spread::of(values).map(|it| [it.low, it.median, it.high]);
        let spoiled = &mut [10.0, 1.0, 11.0, 12.0, 2.0, 13.0, 12.5];
        assert_eq!(spread(spoiled), Some([6.0, 11.0, 12.25]));
        assert_eq!(spread(&mut [4.0]), Some([4.0; 3]));
        assert_eq!(spread(&mut [2.0, 1.0]), Some([1.25, 1.5, 1.75]));
        assert_eq!(spread(&mut []), None);
    }

    #[test]
    fn what_there_is_no_time_for_is_left_out() {
        let case = || Case {
            subject: Subject::default(),
            turn: Box::new(|| Ok(1.0)),
        };
        let now = Instant::now();
        let over = now.checked_sub(Duration::from_secs(1)).unwrap();
        let measured = |rounds, turns| {
            let measured = run(Part::Aead, rounds, turns, vec![case(), case()]).unwrap();
            measured.iter().map(|it| it.turns).collect::<Vec<_>>()
        };
        assert_eq!(measured(over, Some(over)), [0; 0]);
        assert_eq!(measured(over, None), [2, 2]);
        let later = now + Duration::from_secs(3600);
        assert_eq!(measured(later, Some(later)), [7, 7]);
    }
}
