//! Whole streams from memory to nowhere, by chunk size and number of workers.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fetool::{Open, Seal, Secret, all_cores};
use std::io;
use std::num::NonZeroUsize;

const LEN: usize = 64 << 20;

fn pipeline(c: &mut Criterion) {
    let key = Secret::key([7; 32]);
    let plaintext = vec![3; LEN];
    let mut group = c.benchmark_group("gfe");
    group.throughput(Throughput::Bytes(LEN as u64));
    group.sample_size(20);
    for chunk in [4 << 10, 64 << 10, 1 << 20] {
        for jobs in [NonZeroUsize::MIN, all_cores()] {
            let seal = || Seal::new(&key).chunk_size(Some(chunk)).jobs(jobs);
            let case = format!("{chunk}/{jobs}");
            group.bench_function(BenchmarkId::new("seal", &case), |b| {
                b.iter(|| seal().run(&plaintext[..], io::sink()).unwrap())
            });
            let mut sealed = Vec::new();
            seal().run(&plaintext[..], &mut sealed).unwrap();
            group.bench_function(BenchmarkId::new("open", &case), |b| {
                b.iter(|| {
                    Open::new(&key)
                        .jobs(jobs)
                        .run(&sealed[..], io::sink())
                        .unwrap()
                })
            });
        }
    }
    group.finish();
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
