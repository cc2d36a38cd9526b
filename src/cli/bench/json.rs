//! What was measured, for programs. Documented in fetool-bench(1).

use super::case::Subject;
use super::measure::{Measured, Spread};
use crate::io::terminal_safe;
use serde::Serialize;

#[derive(Serialize)]
struct Object<'a> {
    fetool: &'static str,
    cores: usize,
    results: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    turns: usize,
    rate: Option<Quartiles>,
    seconds: Option<Quartiles>,
    limit: Option<f64>,
    percent: Option<f64>,
}

#[derive(Serialize)]
struct Quartiles {
    low: f64,
    median: f64,
    high: f64,
}

/// One line.
pub fn object(measured: &[Measured]) -> String {
    let object = Object {
        fetool: env!("CARGO_PKG_VERSION"),
        cores: fetool::all_cores().get(),
        results: measured.iter().map(Line::new).collect(),
    };
    let line = serde_json::to_string(&object).expect("strings and numbers have JSON");
    terminal_safe::json(&line) + "\n"
}

impl<'a> Line<'a> {
    fn new(measured: &'a Measured) -> Self {
        let quartiles = Quartiles::new(&measured.spread);
        let (rate, seconds) = if measured.is_time {
            (None, Some(quartiles))
        } else {
            (Some(quartiles), None)
        };
        Self {
            subject: &measured.subject,
            turns: measured.spread.turns,
            rate,
            seconds,
            limit: measured.limit,
            percent: measured.percent(),
        }
    }
}

impl Quartiles {
    fn new(spread: &Spread) -> Self {
        Self {
            low: spread.low,
            median: spread.median,
            high: spread.high,
        }
    }
}
