//! Measuring in turns: every case once, then every case once more. Whatever else the machine does then
//! spoils a turn of each of them, and the median leaves such turns out.

use super::case::{Case, Subject, Turn};
use crate::cli::failure::Failure;
use crate::progress::Steps;
use std::time::{Duration, Instant};

/// How often to measure.
#[derive(Clone, Copy)]
pub struct Plan {
    /// What the progress display calls it.
    pub name: &'static str,
    pub turns: usize,
    /// How many turns there are at least, however long they take.
    pub least: usize,
    /// Whether there is a turn before that does not count.
    pub warms_up: bool,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The lower quartile.
    pub low: f64,
    pub median: f64,
    /// The upper quartile.
    pub high: f64,
    pub turns: usize,
}

/// A case that was measured.
pub struct Measured {
    pub subject: Subject,
    pub spread: Spread,
    /// The median of what limits it.
    pub limit: Option<f64>,
    /// Whether the spread is of seconds; of bytes a second otherwise.
    pub is_time: bool,
}

/// Measures all cases, in turns: no further ones that would not be over at the deadline.
pub fn run(plan: Plan, deadline: Instant, mut cases: Vec<Case>) -> Result<Vec<Measured>, Failure> {
    // It draws only on a terminal, and only between two cases.
    let warming = usize::from(plan.warms_up);
    let total = cases.len() * (warming + plan.turns);
    let mut steps = Steps::new(format!("measuring {}", plan.name), total);
    let mut last = Duration::ZERO;
    let mut taken: Vec<Vec<Turn>> = vec![Vec::new(); cases.len()];
    for turn in 0..warming + plan.turns {
        let start = Instant::now();
        if turn >= warming + plan.least && start + last > deadline {
            break;
        }
        for (case, taken) in cases.iter_mut().zip(&mut taken) {
            let measured = (case.turn)()?;
            if turn >= warming {
                taken.push(measured);
            }
            steps.done();
        }
        last = start.elapsed();
    }
    drop(steps);
    let spreads: Vec<Spread> = taken.iter().map(|turns| Spread::of(turns)).collect();
    let measured = cases.into_iter().zip(&taken).enumerate();
    Ok(measured
        .map(|(i, (case, turns))| Measured {
            subject: case.subject,
            spread: spreads[i],
            limit: case.limit.map(|limit| spreads[limit].median),
            is_time: turns.iter().all(|turn| matches!(turn, Turn::Time(_))),
        })
        .collect())
}

impl Measured {
    /// How much of its limit it reaches.
    pub fn percent(&self) -> Option<f64> {
        self.limit.map(|limit| self.spread.median / limit * 100.0)
    }
}

impl Spread {
    fn of(turns: &[Turn]) -> Self {
        let mut values: Vec<f64> = turns.iter().map(|turn| turn.value()).collect();
        values.sort_by(f64::total_cmp);
        Self {
            low: quantile(&values, 0.25),
            median: quantile(&values, 0.5),
            high: quantile(&values, 0.75),
            turns: values.len(),
        }
    }

    /// How far the quartiles are from the median at most, as a part of it.
    pub fn deviation(&self) -> f64 {
        (self.high - self.median).max(self.median - self.low) / self.median
    }
}

/// Between the values where it is none of them.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * part;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: &[f64]) -> Spread {
        let turns: Vec<Turn> = values.iter().map(|value| Turn::Rate(*value)).collect();
        Spread::of(&turns)
    }

    #[test]
    fn the_median_leaves_spoiled_turns_out() {
        let spread = spread(&[10.0, 1.0, 11.0, 12.0, 2.0, 13.0, 12.5]);
        assert_eq!((spread.median, spread.turns), (11.0, 7));
        assert_eq!((spread.low, spread.high), (6.0, 12.25));
        assert!((spread.deviation() - 5.0 / 11.0).abs() < 1e-12);
    }

    #[test]
    fn few_turns_have_a_spread_too() {
        let one = spread(&[4.0]);
        assert_eq!((one.low, one.median, one.high), (4.0, 4.0, 4.0));
        let two = spread(&[2.0, 1.0]);
        assert_eq!((two.low, two.median, two.high), (1.25, 1.5, 1.75));
    }
}
