//! GoCrypt's layers, beside what the plain AEAD would allow: (cores × one core's XChaCha20-Poly1305
//! on 32 KiB chunks) ÷ layers. All of it is taken in turns, so that a busy machine spoils both alike;
//! medians are shown, and what was lost between the lower and the upper quartile.

use fetool::aead::{Aead, Algorithm};
use fetool::format::gocrypt::{CHUNK_LEN, GoCrypt};
use fetool::{Open, Seal, Secret, all_cores};
use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

/// How much plaintext and how often, by the number of layers: about half a second each time.
const CASES: [(u8, usize); 4] = [
    (1, 512 << 20),
    (5, 256 << 20),
    (50, 48 << 20),
    (200, 16 << 20),
];
const TURNS: usize = 9;

fn main() {
    // `cargo test` runs benches too, with this argument and in another profile.
    let quick = std::env::args().any(|argument| argument == "--test");
    let cores = all_cores().get();
    println!("{cores} cores; rates in MB/s of plaintext; percent of the plain AEAD's limit");
    println!("layers   plain AEAD ÷ layers        seal                 open");
    for (layers, len) in CASES {
        let (turns, len) = if quick { (1, 1 << 20) } else { (TURNS, len) };
        let [limit, seal, open] = measure(layers, len, turns);
        let limit = limit.map(|rate| rate * cores as f64 / f64::from(layers));
        let percent = |rates: [f64; 3]| rates[1] / limit[1] * 100.0;
        println!(
            "{layers:>6}   {}   {} {:>4.0}%   {} {:>4.0}%",
            show(limit),
            show(seal),
            percent(seal),
            show(open),
            percent(open)
        );
    }
}

fn show([low, median, high]: [f64; 3]) -> String {
    format!("{median:>7.1} ({low:.0}–{high:.0})")
}

/// One core's plain AEAD, sealing and opening.
fn measure(layers: u8, len: usize, turns: usize) -> [[f64; 3]; 3] {
    let secret = Secret::passphrase("correct horse battery staple");
    let plaintext = vec![3; len];
    let mut sealed = Vec::new();
    let seal = || Seal::new(&secret).format(&GoCrypt).layers(Some(layers));
    seal().run(&plaintext[..], &mut sealed).expect("seals");
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..turns {
        rates[0].push(plain_rate());
        rates[1].push(rate(len, || {
            seal().run(&plaintext[..], io::sink()).expect("seals");
        }));
        rates[2].push(rate(len, || {
            Open::new(&secret)
                .format(Some(&GoCrypt))
                .run(&sealed[..], io::sink())
                .expect("opens");
        }));
    }
    rates.map(quartiles)
}

/// XChaCha20-Poly1305 on chunks of 32 KiB, on one core, in the fastest engine.
fn plain_rate() -> f64 {
    let aead = Aead::new(Algorithm::XChaCha20Poly1305, &[7; 32]);
    let mut chunk = vec![3; CHUNK_LEN];
    let mut done = 0;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        for _ in 0..64 {
            black_box(aead.seal(&[9; 24], b"", black_box(&mut chunk))).expect("seals");
        }
        done += 64 * CHUNK_LEN;
    }
    done as f64 / start.elapsed().as_secs_f64() / 1e6
}

fn rate(len: usize, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    len as f64 / start.elapsed().as_secs_f64() / 1e6
}

fn quartiles(mut rates: Vec<f64>) -> [f64; 3] {
    rates.sort_by(f64::total_cmp);
    let at = |quarter: usize| rates[(rates.len() - 1) * quarter / 4];
    [at(1), at(2), at(3)]
}
