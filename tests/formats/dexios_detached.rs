//! Headers kept apart from data files that keep a hole in the header's place, as `dexios header
//! strip` leaves it, or none.

use crate::dexios_common::forge::{Forge, HEADER};
use crate::dexios_common::{Folder, SECRET, pattern, remembered, vector, vectors, watchdog};
use fetool::format::dexios::SlotHash;
use fetool::{Error, Inspect, Open, status};

/// Files of all three header lengths that cost little to open.
const FILES: [(&str, usize); 4] = [
    ("dexios_v1_aes256gcm_memory_1000.dx", 64),
    ("dexios_v1_deoxys2-256_stream_1049076.dx", 64),
    ("dexios_v4_aes256gcm_stream_1000.dx", 128),
    ("dexios_v5_aes256gcm_balloon_0.dx", 416),
];

#[test]
fn both_shapes_are_opened_and_inspected() {
    let _dog = watchdog();
    // Hashes each file's secret once.
    let secret = remembered(SECRET);
    assert!(vectors().len() > FILES.len());
    for (name, len) in FILES {
        let whole = vector(name);
        let (header, body) = whole.split_at(len);
        let hole = [&vec![0; len], body].concat();
        let mut expected = Vec::new();
        Open::new(&secret).run(&whole[..], &mut expected).unwrap();
        let embedded = Inspect::new().run(&whole[..]).unwrap();
        for (data, start) in [(body, 0), (&hole, len)] {
            let open = || Open::new(&secret).detached_header(Some(header));
            let mut opened = Vec::new();
            open().run(data, &mut opened).unwrap();
            assert!(opened == expected, "{name}");
            let seen = Inspect::new()
                .detached_header(Some(header))
                .run(data)
                .unwrap();
            assert_eq!(seen.fault, None, "{name}");
            assert_eq!(seen.chunks, embedded.chunks, "{name}");
            assert_eq!(seen.plaintext_len, embedded.plaintext_len, "{name}");
            assert_eq!(seen.sealed_len, Some(data.len() as u64), "{name}");

            // Offsets count from the start of the data file.
            let mut damaged = data.to_vec();
            *damaged.last_mut().unwrap() ^= 1;
            let error = open().run(&damaged[..], std::io::sink()).unwrap_err();
            let block = embedded.chunks - 1;
            let offset = start as u64 + block * ((1 << 20) + 16);
            assert!(
                matches!(error, Error::Authentication { chunk, offset: at } | Error::Tampered { chunk, offset: at } if (chunk, at) == (block, offset)),
                "{name}: {error:?}"
            );
            let error = open().run(&data[..start + 5], std::io::sink()).unwrap_err();
            assert_eq!(error.status(), status::TRUNCATED, "{name}");
            assert_eq!(error.offset(), Some(start as u64 + 5), "{name}");
        }
        // A hole is as long as the header, and all of it is zero.
        for data in [&hole[1..], &[&[0], &hole[..]].concat()] {
            let open = Open::new(&secret).detached_header(Some(header));
            assert!(open.run(data, std::io::sink()).is_err(), "{name}");
        }
    }
}

/// Long enough to be opened from file to file by several workers.
#[test]
fn the_program_passes_over_the_hole() {
    let folder = Folder::new();
    let plain = pattern((9 << 20) + 5);
    folder.write("key", SECRET);
    // The cheapest hash.
    let file = Forge::new(&[SECRET], &plain)
        .hash(SlotHash::Argon2idV1)
        .file();
    let (header, body) = file.split_at(HEADER);
    folder.write("h", header);
    folder.write("body", body);
    folder.write("hole", &[&[0; HEADER], body].concat());
    for data in ["body", "hole"] {
        folder
            .run(&format!(
                "open -k @key --allow-legacy-slots --header h {data} -o out --force"
            ))
            .is(status::OK);
        assert!(folder.read("out") == plain, "{data}");
        let bytes = folder.read(data);
        let ran = folder
            .pipe("open -k @key --allow-legacy-slots --header h", &bytes)
            .is(status::OK);
        assert!(ran.stdout == plain, "{data}");
        folder
            .run(&format!(
                "open --check -k @key --allow-legacy-slots --header h {data}"
            ))
            .is(status::OK);
        for verify in ["", "--verify -k @key --allow-legacy-slots"] {
            let ran = folder
                .run(&format!("inspect --json --header h {verify} {data}"))
                .is(status::OK);
            let seen: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
            let seen = seen.get(0).unwrap_or(&seen);
            assert_eq!(seen["plaintext_size"], plain.len(), "{data}: {seen}");
        }
    }
}
