//! age: chunks that know which is the last, stanzas, and armor.

use super::{Case, Damaged, check};
use crate::age_properties::identity;
use crate::common::{Numbers, pattern};
use fetool::format::age::armor::ArmorEncoder;
use fetool::format::age::{Age, AgeIdentity};
use fetool::{Fill, Identity, Open, Recipient, Salvage, Seal, Secret, status};

const CHUNK: usize = 65_536;

fn passphrase() -> Secret {
    Secret::passphrase("for tests")
}

fn seal(text: &[u8], armor: bool) -> Vec<u8> {
    let mut sealed = Vec::new();
    Seal::new(&passphrase())
        .format(&Age)
        .work_factor(Some(1))
        .armor(armor)
        .run(text, &mut sealed)
        .unwrap();
    sealed
}

fn case(len: usize) -> Case {
    let text = pattern(len);
    Case {
        window: 60,
        ..Case::new("age", seal(&text, false), &text, CHUNK, passphrase())
    }
}

#[test]
fn every_chunk_in_every_way() {
    let mut numbers = Numbers::new(3);
    for len in [0, 1000, 2 * CHUNK, 200_000] {
        let case = case(len);
        check(&case, &Damaged::new(&case.sealed), "untouched");
        for (number, frame) in case.frames().into_iter().enumerate() {
            let at = frame.start + numbers.below(frame.len());
            let good = || Damaged::new(&case.sealed);
            let check =
                |file: Damaged, how: &str| check(&case, &file, &format!("chunk {number} {how}"));
            check(good().flip(at, number), "changed");
            check(good().remove(frame.clone()), "removed");
            check(good().double(frame.clone()), "doubled");
            check(
                good().insert(at, 1 + numbers.below(60), &mut numbers),
                "longer",
            );
            check(good().insert(frame.end, 50, &mut numbers), "and noise");
            let less = (1 + numbers.below(60)).min(case.sealed.len() - at);
            check(good().remove(at..at + less), "shorter");
            check(good().remove(at..case.sealed.len()), "cut");
            check(
                good().remove(frame.start..case.sealed.len()),
                "and all behind it missing",
            );
        }
    }
}

#[test]
fn a_cut_between_two_chunks_is_told() {
    let case = case(200_000);
    let end = case.frames()[1].end;
    let got = case.salvage(&case.sealed[..end], Fill::Zeros).unwrap();
    assert!(got.written == case.text[..2 * CHUNK]);
    let [span] = &got.damage[..] else {
        panic!("{:?}", got.damage);
    };
    let says = format!("unexpected EOF: the file ends without its last chunk (at offset {end})");
    assert_eq!(span.error.to_string(), says);
    assert_eq!(got.salvaged.status, status::TRUNCATED);
    let behind = [&case.sealed[..], b"noise"].concat();
    let got = case.salvage(&behind, Fill::Zeros).unwrap();
    assert!(got.written == case.text);
    let says = format!(
        "data behind the last chunk (at offset {})",
        case.sealed.len()
    );
    assert_eq!(got.damage[0].error.to_string(), says);
    assert_eq!(got.salvaged.status, status::FORMAT);
}

/// As files are that were preallocated, or copied from a disk sector by sector.
#[test]
fn zeros_behind_the_last_chunk() {
    for len in [1000, CHUNK, 200_000] {
        let case = case(len);
        for zeros in [1, 512, 3 * CHUNK] {
            let file = [&case.sealed[..], &vec![0; zeros]].concat();
            let got = case.salvage(&file, Fill::Zeros).unwrap();
            assert!(got.written == case.text, "{len}, {zeros}");
            assert_eq!(
                got.damage[0].file,
                case.sealed.len() as u64..file.len() as u64
            );
            assert_eq!(got.salvaged.status, status::FORMAT);
        }
    }
}

/// The stanza of somebody else is damaged: the header's MAC does not match, and the chunks do.
#[test]
fn a_damaged_stanza_of_another() {
    let text = pattern(100_000);
    let keys = ["x25519.key", "x25519b.key"].map(identity);
    let recipients = [keys[0].recipient(), keys[1].recipient()];
    let mut file = Vec::new();
    Seal::new(Recipient::wrapping(&recipients[0]))
        .add_recipient(Recipient::wrapping(&recipients[1]))
        .format(&Age)
        .run(&text[..], &mut file)
        .unwrap();
    // In the second stanza's body, which stays base64.
    let head = String::from_utf8_lossy(&file[..400]).into_owned();
    let at = head.rfind("-> X25519").unwrap() + 60;
    file[at] = if file[at] == b'A' { b'B' } else { b'A' };
    let salvage = |key: &AgeIdentity, file: &[u8]| {
        let (mut written, mut says) = (Vec::new(), Vec::new());
        let open = Open::new(Identity::unwrapping(key));
        Salvage::new(open)
            .run(file, &mut written, |span| says.push(span.error.to_string()))
            .map(|salvaged| (salvaged.status, written, says))
    };
    let (status, written, says) = salvage(&keys[0], &file).unwrap();
    assert!(written == text);
    assert_eq!(
        says,
        ["authentication failed: the header was changed (bad MAC)"]
    );
    assert_eq!(status, status::KEY);
    assert_eq!(salvage(&keys[1], &file).unwrap_err().status(), status::KEY);
}

/// A text, and where its lines start.
fn armored(text: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let file = seal(text, true);
    let ends = file.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let starts = std::iter::once(0).chain(ends.map(|(end, _)| end + 1));
    let starts = starts.filter(|start| *start < file.len()).collect();
    (file, starts)
}

/// Which chunks of a salvaged text came back: the others are zeros.
fn back(case: &Case, file: &[u8], what: &str) -> (Vec<usize>, Vec<String>, u8) {
    let got = case
        .salvage(file, Fill::Zeros)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut back = Vec::new();
    for (number, chunk) in case.text.chunks(CHUNK).enumerate() {
        let there = got.written.get(number * CHUNK..).unwrap_or_default();
        let there = &there[..there.len().min(chunk.len())];
        if there == chunk {
            back.push(number);
        } else {
            assert!(
                there.iter().all(|byte| *byte == 0),
                "{what}: chunk {number}"
            );
        }
    }
    for span in &got.damage {
        assert!(span.file.end <= file.len() as u64);
    }
    let says = got.damage.iter().map(|span| span.error.to_string());
    (back, says.collect(), got.salvaged.status)
}

#[test]
fn damaged_lines_of_armor() {
    let text = pattern(4 * CHUNK + 1000);
    let (good, lines) = armored(&text);
    let case = Case {
        window: 100,
        ..Case::new("age", good.clone(), &text, CHUNK, passphrase())
    };
    assert_eq!(back(&case, &good, "good"), (vec![0, 1, 2, 3, 4], vec![], 0));
    // In chunk 1, whose bytes begin in line 1370 or so.
    let line = 2000;
    let at = lines[line];
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = good.clone();
        change(&mut file);
        file
    };
    let armor = |what: &str, line: usize| format!("invalid armor: {what} (line {line})");
    let not_base64 = armor("invalid base64 character", line + 1);
    for (what, file, says) in [
        (
            "character",
            changed(&|file| file[at + 9] = b'*'),
            not_base64.as_str(),
        ),
        (
            "short line",
            changed(&|file| drop(file.drain(at..at + 4))),
            "",
        ),
        ("long line", changed(&|file| file.insert(at, b'A')), ""),
        (
            "missing line",
            changed(&|file| drop(file.drain(at..at + 65))),
            "",
        ),
        (
            "two lines",
            changed(&|file| drop(file.splice(at..at, good[at..at + 65].to_vec()))),
            "",
        ),
        ("binary", changed(&|file| file[at..at + 300].fill(0xFF)), ""),
        (
            "split line",
            changed(&|file| file.insert(at + 30, b'\n')),
            "",
        ),
    ] {
        let (chunks, told, status) = back(&case, &file, what);
        assert_eq!(chunks, [0, 2, 3, 4], "{what}: {told:?}");
        assert!(status == status::FORMAT || status == status::KEY, "{what}");
        assert!(
            told.iter().any(|told| told.contains(says)),
            "{what}: {told:?}"
        );
    }
    // What no byte suffers from.
    for (what, file) in [
        ("blank line", changed(&|file| file.insert(at, b'\n'))),
        (
            "joined lines",
            changed(&|file| drop(file.drain(at - 1..at))),
        ),
        ("BEGIN line", changed(&|file| file[5] = b'b')),
        (
            "no BEGIN line",
            changed(&|file| drop(file.drain(..lines[1]))),
        ),
        (
            "END line",
            changed(&|file| {
                let end = file.len() - 10;
                file[end] = b'x';
            }),
        ),
        (
            "no END line",
            changed(&|file| file.truncate(*lines.last().unwrap())),
        ),
        ("behind", changed(&|file| file.extend(b"noise\nnoise\n"))),
        (
            "CR LF in places",
            changed(&|file| file.insert(at - 1, b'\r')),
        ),
    ] {
        let (chunks, told, status) = back(&case, &file, what);
        assert_eq!(chunks, [0, 1, 2, 3, 4], "{what}: {told:?}");
        let expected = match what {
            "no END line" => status::TRUNCATED,
            // Line ends may differ.
            "CR LF in places" => 0,
            _ => status::FORMAT,
        };
        assert_eq!(status, expected, "{what}: {told:?}");
        assert_eq!(told.len(), usize::from(expected > 0), "{what}: {told:?}");
    }
}

/// Spans are given in bytes of the text.
#[test]
fn a_span_of_armor_is_a_span_of_the_text() {
    let text = pattern(3 * CHUNK);
    let (mut file, lines) = armored(&text);
    let at = lines[2000];
    file[at] = b'*';
    let case = Case {
        window: 10,
        ..Case::new("age", file.clone(), &text, CHUNK, passphrase())
    };
    let got = case.salvage(&file, Fill::Zeros).unwrap();
    let [span] = &got.damage[..] else {
        panic!("{:?}", got.damage);
    };
    assert_eq!(span.plaintext, 65_536..131_072);
    assert!(span.file.contains(&(at as u64)));
    // 65552 bytes in lines of 48.
    let len = span.file.end - span.file.start;
    assert!((88_700..88_800).contains(&len), "{len}");
}

/// Also where the file is text. What the file has in its header's place is damage.
#[test]
fn a_header_from_a_copy() {
    let text = pattern(2 * CHUNK + 10);
    let good = case(text.len());
    let header = &good.sealed[..good.header];
    let mut armored = Vec::new();
    let mut encoder = ArmorEncoder::new();
    encoder.push(&good.sealed, &mut armored).unwrap();
    encoder.finish(&mut armored).unwrap();
    for (file, at) in [(good.sealed.clone(), 40), (armored, 80)] {
        let mut file = file;
        assert_eq!(good.salvage(&file, Fill::Zeros).unwrap().written, text);
        file[at..at + 8].fill(b'*');
        good.salvage(&file, Fill::Zeros).unwrap_err();
        let open = good.open().detached_header(Some(header));
        let (mut written, mut says) = (Vec::new(), Vec::new());
        let salvage = Salvage::new(open).run(&file[..], &mut written, |span| {
            says.push(span.error.to_string());
        });
        assert_eq!(salvage.unwrap().status, status::FORMAT, "{says:?}");
        assert!(written == text);
        assert!(
            says[0].starts_with("the file's own header is not"),
            "{says:?}"
        );
    }
}
