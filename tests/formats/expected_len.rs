//! What a display of progress is told of the plaintext's length, before anything is opened.

use fetool::format::{FORMATS, Format, Limits};
use fetool::{Meter, Open, Seal, Secret};

#[track_caller]
fn check(format: &dyn Format, len: usize, change: impl Fn(Seal<'_>) -> Seal<'_>) {
    let key = Secret::key(vec![7; 32]);
    let plain = vec![1; len];
    let mut sealed = Vec::new();
    change(Seal::new(&key).format(format))
        .start()
        .unwrap()
        .run(&plain[..], &mut sealed)
        .unwrap();
    let (meter, reports) = Meter::watched();
    let opening = Open::new(&key)
        .format(Some(format))
        .limits(Limits {
            input_len: Some(sealed.len() as u64),
            ..Limits::default()
        })
        .meter(meter)
        .start(&sealed[..])
        .unwrap();
    // Nothing needs no display.
    let expected = (len > 0).then_some(len as u64);
    assert_eq!(reports.expected(), expected, "{}", format.name());
    opening.run(std::io::sink()).unwrap();
}

/// It is exact, however short the chunks are: a display neither ends early nor goes beyond 100 %.
#[test]
fn the_expected_length_is_that_of_the_plaintext() {
    let named = |name: &str| {
        let mut formats = FORMATS.iter().copied();
        formats.find(|format| format.name() == name).unwrap()
    };
    for len in [0, 1, 10, 99, 100, 101, 1000] {
        for chunk in [1, 10, 1 << 20] {
            check(named("gfe"), len, |seal| seal.chunk_size(Some(chunk)));
            check(named("gfe"), len, |seal| {
                seal.chunk_size(Some(chunk))
                    .size((len > 0).then_some(len as u64))
            });
            check(named("parallel-encryptor"), len, |seal| {
                seal.chunk_size(Some(chunk))
            });
        }
    }
    check(named("gocrypt"), 40_000, |seal| seal.layers(Some(3)));
    check(named("dexios"), (1 << 20) + 5, |seal| {
        seal.kdf(Some(fetool::kdf::Kdf::Balloon))
    });
}
