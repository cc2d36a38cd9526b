//! The formats' codecs: headers decoded, and chunks sealed in place.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fetool::Secret;
use fetool::format::{ChunkId, FORMATS, Format, SealRequest, Sealer};

const FIRST: ChunkId = ChunkId {
    index: 0,
    last: false,
    offset: 0,
};

/// What the format seals with; `None` where it is only read.
fn sealer(format: &dyn Format, secret: &Secret) -> Option<Sealer> {
    format.can_seal().then(|| {
        format
            .sealer(SealRequest {
                recipients: &[secret.into()],
                size: None,
                chunk_size: None,
                layers: None,
                algorithm: None,
                kdf: None,
                work_factor: None,
                random: &fetool::random,
            })
            .expect("every default fits a key of 32 bytes")
    })
}

fn headers(c: &mut Criterion) {
    let secret = Secret::key([7; 32]).for_many_files();
    let mut group = c.benchmark_group("header");
    for format in FORMATS {
        let Some(sealer) = sealer(*format, &secret) else {
            continue;
        };
        group.bench_function(BenchmarkId::new("decode", format.name()), |b| {
            b.iter(|| format.header(&sealer.header).expect("it was just made"));
        });
    }
    group.finish();
}

fn chunks(c: &mut Criterion) {
    let secret = Secret::key([7; 32]).for_many_files();
    let mut group = c.benchmark_group("chunk");
    for format in FORMATS {
        let Some(sealer) = sealer(*format, &secret) else {
            continue;
        };
        let mut frame = vec![3; sealer.layout.frame()];
        group.throughput(Throughput::Bytes(sealer.layout.chunk as u64));
        group.bench_function(BenchmarkId::new("seal", format.name()), |b| {
            b.iter(|| {
                sealer
                    .codec
                    .seal(FIRST, &mut frame)
                    .expect("it has a number")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, headers, chunks);
criterion_main!(benches);
