//! Measures in turns: every case once, then every case once more. Another program that takes the
//! processor for a moment spoils one turn of some cases, and the median leaves such turns out.

use super::case::{Case, Operation, Part, Subject};
use crate::cli::failure::{Failure, say};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::time::Instant;

/// A case that was measured, as in the JSON.
#[derive(Serialize)]
pub struct Measured {
    #[serde(flatten)]
    pub subject: Subject,
    pub turns: usize,
    /// Of bytes a second.
    pub rate: Option<Spread>,
    pub seconds: Option<Spread>,
    /// The median rate of what limits it.
    pub limit: Option<f64>,
    /// How much of its limit it reaches.
    pub percent: Option<f64>,
}

/// The quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

/// When to stop.
#[derive(Clone, Copy)]
pub struct Patience {
    /// No round of turns begins that would not be over then.
    pub rounds: Instant,
    /// No turn begins after that, and what was never measured is left out.
    pub turns: Option<Instant>,
}

/// Measures all cases of a part.
pub fn run(part: Part, patience: Patience, mut cases: Vec<Case>) -> Result<Vec<Measured>, Failure> {
    // A key derivation asks the system for its memory anew each time, and takes long enough.
    let (name, turns, least, warming) = match part {
        Part::Aead => ("AEADs", 7, 2, 1),
        Part::Kdf => ("key derivations", 3, 1, 0),
        Part::Format => ("formats", 7, 2, 1),
    };
    // It draws only on a terminal, and only between two cases.
    let style = ProgressStyle::with_template("measuring {prefix} {wide_bar} {percent} %")
        .expect("the template is constant");
    let bar = ProgressBar::new((cases.len() * (warming + turns)) as u64)
        .with_prefix(name)
        .with_style(style);
    let mut taken: Vec<Vec<f64>> = vec![Vec::new(); cases.len()];
    let mut last = Instant::now();
    for round in 0..warming + turns {
        let start = Instant::now();
        if round >= warming + least && start + (start - last) > patience.rounds {
            break;
        }
        last = start;
        for (case, taken) in cases.iter_mut().zip(&mut taken) {
            if patience.turns.is_some_and(|end| Instant::now() > end) {
                break;
            }
            let value = (case.turn)()?;
            // The first turn counts only where no other follows.
            if round == warming && warming > 0 {
                taken.clear();
            }
            taken.push(value);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let left_out = taken.iter().filter(|values| values.is_empty()).count();
    if left_out > 0 {
        say(
            None,
            &format!("warning: the machine is too busy: {left_out} benchmarks of {name} left out"),
        );
    }
    let spreads: Vec<Option<Spread>> = taken.iter_mut().map(|values| Spread::of(values)).collect();
    let measured = cases.into_iter().zip(&taken).enumerate();
    Ok(measured
        .filter_map(|(i, (case, values))| {
            let spread = spreads[i]?;
            let limit = case.limit.and_then(|limit| spreads[limit]);
            let is_time = case.subject.operation == Operation::Derive;
            Some(Measured {
                subject: case.subject,
                turns: values.len(),
                rate: (!is_time).then_some(spread),
                seconds: is_time.then_some(spread),
                limit: limit.map(|limit| limit.median),
                percent: limit.map(|limit| spread.median / limit.median * 100.0),
            })
        })
        .collect())
}

impl Measured {
    /// Of rates or of seconds.
    pub fn spread(&self) -> Spread {
        let spread = self.rate.or(self.seconds);
        spread.expect("it has one of the two")
    }
}

impl Spread {
    /// `None` where there are no values.
    fn of(values: &mut [f64]) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        // Between two values where it is none of them.
        let quantile = |part: f64| {
            let place = last as f64 * part;
            let (below, above) = (
                values[place.floor() as usize],
                values[place.ceil() as usize],
            );
            below + (above - below) * place.fract()
        };
        Some(Self {
            low: quantile(0.25),
            median: quantile(0.5),
            high: quantile(0.75),
        })
    }

    /// How far the quartiles are from the median at most, as a part of it.
    pub fn deviation(&self) -> f64 {
        (self.high - self.median).max(self.median - self.low) / self.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn spread(mut values: Vec<f64>) -> [f64; 3] {
        let spread = Spread::of(&mut values).unwrap();
        [spread.low, spread.median, spread.high]
    }

    #[test]
    fn the_median_leaves_spoiled_turns_out() {
        let values = vec![10.0, 1.0, 11.0, 12.0, 2.0, 13.0, 12.5];
        assert_eq!(spread(values), [6.0, 11.0, 12.25]);
        assert_eq!(spread(vec![4.0]), [4.0; 3]);
        assert_eq!(spread(vec![2.0, 1.0]), [1.25, 1.5, 1.75]);
        assert_eq!(Spread::of(&mut []), None);
    }

    #[test]
    fn what_there_is_no_time_for_is_left_out() {
        let case = || Case {
            subject: Subject::default(),
            limit: None,
            turn: Box::new(|| Ok(1.0)),
        };
        let now = Instant::now();
        let over = now.checked_sub(Duration::from_secs(1)).unwrap();
        let measured = |rounds, turns| {
            let patience = Patience { rounds, turns };
            let cases = vec![case(), case()];
            let measured = run(Part::Aead, patience, cases).unwrap();
            measured.iter().map(|it| it.turns).collect::<Vec<_>>()
        };
        assert_eq!(measured(over, Some(over)), [0; 0]);
        assert_eq!(measured(over, None), [2, 2]);
        let later = now + Duration::from_secs(3600);
        assert_eq!(measured(later, Some(later)), [7, 7]);
    }
}
