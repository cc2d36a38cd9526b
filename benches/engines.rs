//! Sealing and opening one chunk in place, for every algorithm and engine.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fetool::aead::{Aead, Algorithm, Engine, KEY_LEN};

const SIZES: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];

fn engines(c: &mut Criterion) {
    for algorithm in Algorithm::ALL {
        let mut group = c.benchmark_group(algorithm.name());
        for size in SIZES {
            group.throughput(Throughput::Bytes(size as u64));
            for engine in Engine::ALL {
                let Some(aead) = Aead::with_engine(engine, algorithm, &[7; KEY_LEN]) else {
                    continue;
                };
                let nonce = vec![1; algorithm.nonce_len()];
                let mut buffer = vec![3; size];
                group.bench_function(
                    BenchmarkId::new(format!("{}/seal", engine.name()), size),
                    |b| b.iter(|| aead.seal(&nonce, b"", &mut buffer).unwrap()),
                );
                let sealed = {
                    let mut sealed = vec![3; size];
                    let tag = aead.seal(&nonce, b"", &mut sealed).unwrap();
                    (sealed, tag)
                };
                group.bench_function(
                    BenchmarkId::new(format!("{}/open", engine.name()), size),
                    |b| {
                        b.iter(|| {
                            // Opening needs the ciphertext again each time.
                            buffer.copy_from_slice(&sealed.0);
                            aead.open(&nonce, b"", &mut buffer, &sealed.1).unwrap();
                        })
                    },
                );
            }
        }
        group.finish();
    }
}

criterion_group!(benches, engines);
criterion_main!(benches);
