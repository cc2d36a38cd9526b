//! How fast each width is, next to the `deoxys` crate and to a copy of memory. A machine's speed
//! changes from moment to moment, so they take turns, and what counts is medians and their ratios:
//!
//! ```text
//! cargo test --release --lib rates -- --ignored --nocapture
//! ```

use super::{Width, with_width};
use crate::aead::{Aead, Algorithm, Cipher, Engine};
use std::hint::black_box;
use std::time::{Duration, Instant};

const SIZES: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];

/// How many turns each has, an odd number, and the bytes of each turn.
const TURNS: usize = 51;
const TURN: usize = 1 << 20;

type Work = Box<dyn FnMut(&mut [u8])>;

struct Contestant {
    name: String,
    work: Work,
    times: Vec<Duration>,
}

impl Contestant {
    fn new(name: String, work: impl FnMut(&mut [u8]) + 'static) -> Self {
        Self {
            name,
            work: Box::new(work),
            times: Vec::new(),
        }
    }

    fn take_turn(&mut self, buffer: &mut [u8]) {
        let start = Instant::now();
        for _ in 0..TURN / buffer.len() {
            (self.work)(black_box(&mut *buffer));
        }
        self.times.push(start.elapsed());
    }

    /// The median, in GB/s.
    fn rate(&mut self) -> f64 {
        self.times.sort();
        TURN as f64 / self.times[TURNS / 2].as_secs_f64() / 1e9
    }
}

fn contestants(size: usize) -> Vec<Contestant> {
    let key = [7; 32];
    let aead = Aead::with_engine(Engine::RustCrypto, Algorithm::DeoxysII256, &key);
    let mut ciphers = vec![("crate".to_string(), aead.expect("always there").cipher)];
    for width in Width::ALL {
        ciphers.extend(with_width(width, &key).map(|cipher| (format!("{width:?}"), cipher)));
    }
    let mut contestants = Vec::new();
    for (name, cipher) in ciphers {
        let cipher: std::sync::Arc<dyn Cipher> = cipher.into();
        let sealer = cipher.clone();
        contestants.push(Contestant::new(format!("{name}, seal"), move |buffer| {
            sealer.seal(&[1; 15], b"", buffer).expect("seals");
        }));
        contestants.push(Contestant::new(format!("{name}, open"), move |buffer| {
            // A wrong tag is as much work as the right one, and the engines leave the wiping to
            // their caller.
            cipher.open(&[1; 15], b"", buffer, &[2; 16]).unwrap_err();
        }));
    }
    let source = vec![3; size];
    contestants.push(Contestant::new("copy".to_string(), move |buffer| {
        buffer.copy_from_slice(&source);
    }));
    contestants
}

#[test]
#[ignore = "measures, and asserts nothing"]
fn rates() {
    for size in SIZES {
        println!("{} KiB: GB/s, times the crate's", size >> 10);
        let mut contestants = contestants(size);
        let mut buffer = vec![3; size];
        for _ in 0..TURNS {
            for contestant in &mut contestants {
                contestant.take_turn(&mut buffer);
            }
        }
        let slowest = contestants[0].rate();
        for contestant in &mut contestants {
            let rate = contestant.rate();
            println!("  {:18} {rate:6.2} {:6.1}", contestant.name, rate / slowest);
        }
    }
}
