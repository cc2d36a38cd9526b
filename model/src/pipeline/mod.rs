//! The modules under check, and a [`Run`] for them.

#![allow(dead_code, missing_docs, private_interfaces, unused_imports)]

pub mod sync;

#[path = "../../../src/pipeline/alone.rs"]
pub mod alone;
#[path = "../../../src/pipeline/direct.rs"]
mod direct_;
#[path = "../../../src/pipeline/layers/relay.rs"]
pub mod relay;
#[path = "../../../src/pipeline/slab.rs"]
mod slab;
#[path = "../../../src/pipeline/steps.rs"]
mod steps;
#[path = "../../../src/pipeline/stop.rs"]
pub mod stop;
#[path = "../../../src/pipeline/threads.rs"]
mod threads;

pub mod direct;
pub mod handover;

use crate::{Meter, Stop};
use std::time::Duration;

pub struct Tuning {
    pub alone: u64,
    pub alone_for: Duration,
    pub patient: bool,
}

/// How an operation is run.
pub struct Run<'a> {
    pub jobs: usize,
    pub memory: u64,
    pub stop: &'a Stop,
    pub meter: &'a Meter,
    pub tuning: Tuning,
}

impl<'a> Run<'a> {
    pub fn new(jobs: usize, memory: u64, stop: &'a Stop, meter: &'a Meter) -> Self {
        Self {
            jobs,
            memory,
            stop,
            meter,
            tuning: Tuning {
                alone: 0,
                alone_for: Duration::ZERO,
                patient: false,
            },
        }
    }

    fn jobs(&self) -> usize {
        self.jobs
    }
}
