//! A format needs nothing but the public traits: three that only the tests know are sealed, opened,
//! inspected and told apart, by a magic number or by what the secret opens; one is streams in streams.

use crate::common::ways::{self, BEFORE, Store, WAYS, Way};
use crate::common::{Ragged, assert_same, jobs, open_of, pattern, secret};
use crate::toy::bare::Bare;
use crate::toy::nested::{self, Nested, STREAMS};
use crate::toy::wrapped::{WRAPPED, Wrapped};
use crate::toy::{CHUNK, EXTRA, HEADER, Toy};
use fetool::format::{FORMATS, Format};
use fetool::{Error, Inspect, Inspected, Open, Seal, Secret, status};
use std::io::Cursor;

fn seal(format: &dyn Format, text: &[u8], workers: usize) -> Vec<u8> {
    let mut sealed = Vec::new();
    let done = Seal::new(&secret())
        .format(format)
        .jobs(jobs(workers))
        .run(Ragged::new(text, 1, 5000), &mut sealed)
        .expect("seals");
    assert_eq!(done.plaintext_len, text.len() as u64);
    assert_eq!(done.sealed_len, sealed.len() as u64);
    sealed
}

/// What opening found out and gave.
fn open_among(
    formats: &[&dyn Format],
    key: &Secret,
    sealed: &[u8],
) -> Result<(&'static str, Vec<u8>), Error> {
    let opening = Open::new(key).among(formats).start(sealed)?;
    let format = opening.format();
    let mut opened = Vec::new();
    opening.run(&mut opened)?;
    Ok((format, opened))
}

fn inspect_among(formats: &[&dyn Format], sealed: &[u8]) -> Result<Inspected, Error> {
    let seekable = Inspect::new()
        .among(formats)
        .run_seekable(Cursor::new(sealed));
    let stream = Inspect::new().among(formats).run(sealed);
    match (&seekable, &stream) {
        (Ok(one), Ok(other)) => assert_eq!(format!("{one:?}"), format!("{other:?}")),
        (Err(one), Err(other)) => assert_eq!(format!("{one:?}"), format!("{other:?}")),
        _ => panic!("{seekable:?}, but {stream:?}"),
    }
    stream
}

fn with_all(more: &[&'static dyn Format]) -> Vec<&'static dyn Format> {
    FORMATS.iter().chain(more).copied().collect()
}

#[test]
fn a_format_of_our_own_seals_and_opens() {
    let text = pattern(300_000);
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 300_000] {
        for workers in [1, 3] {
            let text = &text[..len];
            let sealed = seal(&Toy, text, workers);
            assert_eq!(sealed.len(), HEADER + len + EXTRA * (len / CHUNK + 1));
            let input = Ragged::new(&sealed, 2, 5000);
            let opened = open_of(Some(&Toy), &secret(), input, workers, true);
            let done = opened.result.unwrap_or_else(|e| panic!("{len}: {e}"));
            assert_eq!(done.chunks, (len / CHUNK + 1) as u64);
            assert_same(&opened.written, text);
        }
    }
}

/// Its chunks are bound to their places in the file, which every way must tell the codec.
#[test]
fn a_format_of_our_own_in_every_way() {
    let text = pattern(30_000);
    for format in [&Toy as &dyn Format, &Nested, &Wrapped(700)] {
        for len in [1, CHUNK, 10 * CHUNK + 7, 30_000] {
            let text = &text[..len];
            let sealed: Vec<Vec<u8>> = (WAYS.into_iter().chain([Way::Direct(4 * CHUNK)]))
                .map(|way| {
                    let key = secret();
                    let seal = Seal::new(&key)
                        .format(format)
                        .jobs(jobs(3))
                        .size(Some(len as u64));
                    let (done, sealed) = ways::seal_in(way, seal, text);
                    let done = done.unwrap_or_else(|e| panic!("{len} {way:?}: {e}"));
                    assert_eq!(done.sealed_len, sealed.len() as u64);
                    sealed
                })
                .collect();
            for (sealed, way) in sealed.iter().flat_map(|s| WAYS.map(|way| (s, way))) {
                let key = secret();
                let open = Open::new(&key).format(Some(format)).jobs(jobs(3));
                let opened = ways::open_in(way, open, sealed);
                let done = opened
                    .result
                    .unwrap_or_else(|e| panic!("{len} {way:?}: {e}"));
                assert_eq!(done.plaintext_len, len as u64);
                assert_same(&opened.written, text);
            }
        }
    }
}

/// The room for its short last chunk is known before anything is sealed.
#[test]
fn the_output_is_told_all_that_will_be_sealed() {
    let text = pattern(9 * CHUNK);
    for len in [4 * CHUNK, 5 * CHUNK + 1, 9 * CHUNK - 1, 9 * CHUNK] {
        let output = Store::new(BEFORE);
        let key = secret();
        let seal = Seal::new(&key).format(&Toy).size(Some(len as u64));
        ways::seal_between(Way::Direct(3 * CHUNK), seal, &text[..len], &output).unwrap();
        let told = *output.told.lock().unwrap();
        assert_eq!(told, Some((0, output.bytes().len() as u64)), "{len}");
    }
}

#[test]
fn a_format_of_our_own_is_told_by_its_magic_number_where_it_is_listed() {
    let text = pattern(5000);
    let sealed = seal(&Toy, &text, 2);
    let all = with_all(&[&Toy]);
    let (format, opened) = open_among(&all, &secret(), &sealed).unwrap();
    assert_eq!((format, opened.len()), ("toy", text.len()));
    let report = inspect_among(&all, &sealed).unwrap();
    assert_eq!((report.format, report.title), ("toy", "Toy (nobody)"));
    assert_eq!(report.plaintext_len, 5000);
    assert_eq!(report.chunks, 6);
    assert_eq!(report.sealed_len, Some(sealed.len() as u64));
    assert_eq!(report.fault, None);

    // A wrong secret is just that: there is no doubt about the format.
    let error = open_among(&all, &Secret::key([1; 32]), &sealed).unwrap_err();
    assert_eq!(error.status(), status::KEY, "{error}");
    // The formats that are listed by default do not know it.
    let error = open_among(FORMATS, &secret(), &sealed).unwrap_err();
    assert!(matches!(error, Error::UnknownFormat { .. }), "{error}");
    // Nor does it know theirs where it stands alone.
    let theirs = crate::common::seal_stream(&text, 1000);
    let error = open_among(&[&Toy], &secret(), &theirs).unwrap_err();
    assert!(matches!(error, Error::UnknownFormat { .. }), "{error}");
    assert_eq!(
        open_among(&all, &secret(), &theirs).unwrap(),
        ("gfe", text.clone())
    );
}

#[test]
fn a_magic_number_that_is_cut_off_is_named() {
    for len in 1..4 {
        let error =
            open_among(&with_all(&[&Toy]), &secret(), &crate::toy::MAGIC[..len]).unwrap_err();
        assert_eq!(error.status(), status::TRUNCATED);
        assert_eq!(
            error.to_string(),
            format!(
                "unexpected EOF: the input ends inside the magic number of Toy (nobody) \
                 (at offset {len})"
            )
        );
    }
}

#[test]
fn changed_files_of_a_format_of_our_own() {
    let text = pattern(3 * CHUNK + 7);
    let sealed = seal(&Toy, &text, 2);
    let head = (HEADER + 3) * 8;
    for bit in (0..head).chain((head..sealed.len() * 8).step_by(61)) {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let opened = open_of(Some(&Toy), &secret(), &changed[..], 2, false);
        if bit < 32 {
            // It was said to be of that format, and its header is associated data.
            assert_eq!(opened.error().status(), status::KEY, "bit {bit}");
        }
        let error = opened.result.expect_err("changed");
        let statuses = [status::KEY, status::FORMAT, status::TRUNCATED];
        assert!(statuses.contains(&error.status()), "bit {bit}: {error}");
        assert!(text.starts_with(&opened.written), "bit {bit}");
    }
    let near_edges = |len: &usize| (len - HEADER) % (CHUNK + EXTRA) < 30;
    for len in (0..HEADER).chain((HEADER..sealed.len()).filter(near_edges)) {
        let opened = open_of(Some(&Toy), &secret(), &sealed[..len], 2, false);
        let error = opened.error();
        assert_eq!(error.status(), status::TRUNCATED, "cut to {len}: {error}");
        assert!(text.starts_with(&opened.written), "cut to {len}");
    }
}

// ---- streams inside one another ----

/// Of one stream in which so many bytes are sealed.
fn sealed_len(len: usize) -> usize {
    HEADER + len + EXTRA * (len / CHUNK + 1)
}

#[test]
fn streams_inside_one_another() {
    let text = pattern(1_000_000);
    // Where the last chunk of some stream is full, so that an empty one comes behind it.
    let full = |streams: u32| {
        (0..4000).filter(move |len| {
            (0..streams)
                .fold(*len, |len, _| sealed_len(len))
                .is_multiple_of(CHUNK)
        })
    };
    let edges: Vec<usize> = (0..STREAMS as u32).flat_map(full).collect();
    assert!(edges.len() > 6, "{edges:?}");
    for len in edges
        .into_iter()
        .chain([1, CHUNK - 1, CHUNK + 1, text.len()])
    {
        for workers in [1, 3] {
            let text = &text[..len];
            let sealed = seal(&Nested, text, workers);
            assert_eq!(
                sealed.len(),
                (0..STREAMS).fold(len, |len, _| sealed_len(len))
            );
            assert_same(&nested::read(&secret(), &sealed), text);
            let input = Ragged::new(&sealed, 2, 5000);
            let opened = open_of(Some(&Nested), &secret(), input, workers, true);
            let done = opened.result.unwrap_or_else(|e| panic!("{len}: {e}"));
            assert_eq!(done.plaintext_len, len as u64);
            assert_same(&opened.written, text);
            let report = inspect_among(&[&Nested], &sealed).unwrap();
            assert_eq!((report.plaintext_len, report.fault), (len as u64, None));
        }
    }
}

#[test]
fn changed_streams_inside_one_another() {
    let text = pattern(3 * CHUNK + 7);
    let sealed = seal(&Nested, &text, 2);
    let frame = CHUNK + EXTRA;
    // Every bit of the header and of the first frame's length, and some of the rest.
    let head = (HEADER + 2) * 8;
    let flips = (0..head)
        .chain((head..sealed.len() * 8).step_by(61))
        .map(|bit| {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            changed
        });
    let cuts = (HEADER..sealed.len()).filter(|len| (len - HEADER) % frame < 3);
    for changed in flips.chain(cuts.map(|len| sealed[..len].to_vec())) {
        let opened = open_of(Some(&Nested), &secret(), &changed[..], 2, false);
        let error = opened.result.expect_err("changed");
        let statuses = [status::KEY, status::FORMAT, status::TRUNCATED];
        assert!(statuses.contains(&error.status()), "{error}");
        assert!(text.starts_with(&opened.written));
    }
}

// ---- without a magic number ----

const ONE: Bare = Bare("one");
const OTHER: Bare = Bare("other");

#[test]
fn a_format_without_a_magic_number_is_told_by_what_the_secret_opens() {
    let text = pattern(1234);
    let all = with_all(&[&Toy, &ONE, &OTHER]);
    for format in [ONE, OTHER] {
        for len in [1, 99, 100, 101, 1234] {
            let sealed = seal(&format, &text[..len], 2);
            let found = open_among(&all, &secret(), &sealed).unwrap();
            assert_eq!(found.0, format.0);
            assert_same(&found.1, &text[..len]);
        }
    }
}

/// The same wherever it stands in the list.
#[test]
fn the_order_of_the_formats_does_not_matter() {
    let text = pattern(1234);
    let sealed = seal(&OTHER, &text, 2);
    let orders: [&[&dyn Format]; 4] =
        [&[&ONE, &OTHER], &[&OTHER, &ONE], &[&Toy, &OTHER], &[&OTHER]];
    for order in orders {
        let found = open_among(order, &secret(), &sealed).unwrap();
        assert_eq!(found, ("other", text.clone()));
    }
}

#[test]
fn with_a_wrong_secret_it_is_of_no_known_format_and_every_one_is_ruled_out() {
    let sealed = seal(&OTHER, &pattern(1000), 2);
    let all = with_all(&[&Toy, &ONE, &OTHER]);
    let error = open_among(&all, &Secret::key([1; 32]), &sealed).unwrap_err();
    assert_eq!(error.status(), status::FORMAT);
    let text = error.to_string();
    assert!(
        text.starts_with("not a sealed file of a known format"),
        "{text}"
    );
    let Error::UnknownFormat(unknown) = error else {
        panic!("{text}");
    };
    assert!(unknown.wrong_secret);
    let mut ruled_out: Vec<_> = unknown.ruled_out.iter().map(|(name, _)| *name).collect();
    ruled_out.sort_unstable();
    let mut names: Vec<_> = all.iter().map(|format| format.name()).collect();
    names.sort_unstable();
    assert_eq!(ruled_out, names);
}

/// What has no chunk fits any secret, and so several formats.
#[test]
fn a_file_without_a_chunk_may_be_of_several_formats_and_opens_only_as_one_that_is_given() {
    let sealed = seal(&ONE, b"", 2);
    assert_eq!(sealed.len(), crate::toy::bare::HEADER);
    let error = open_among(&[&ONE, &OTHER], &secret(), &sealed).unwrap_err();
    let Error::UnknownFormat(unknown) = error else {
        panic!("{error}");
    };
    assert!(!unknown.wrong_secret);
    let why = |name: &str| {
        let found = unknown.ruled_out.iter().find(|(other, _)| *other == name);
        &found.expect("it was tried").1
    };
    for format in [ONE, OTHER] {
        assert_eq!(why(format.0), "possible, but too short to verify");
        let opened = open_of(Some(&format), &secret(), &sealed[..], 2, false);
        assert!(opened.result.is_ok());
        assert!(opened.written.is_empty());
    }
}

#[test]
fn inspect_weighs_what_a_file_without_a_magic_number_may_be() {
    let whole = seal(&ONE, &pattern(300), 2);
    let broken = seal(&ONE, &pattern(333), 2);
    for (sealed, supporting, opposing) in [
        (&whole, &["whole chunks"][..], &[][..]),
        (&broken, &[], &["no whole chunks"]),
    ] {
        let error = inspect_among(&[&Toy, &ONE, &OTHER], sealed).unwrap_err();
        let Error::UnknownFormat(unknown) = error else {
            panic!("{error}");
        };
        let names: Vec<_> = unknown.possible.iter().map(|p| p.format).collect();
        assert_eq!(names, ["one", "other"]);
        assert_eq!(unknown.ruled_out.len(), 1);
        assert_eq!(unknown.ruled_out[0].0, "toy");
        for possible in &unknown.possible {
            let evidence = &possible.evidence;
            for text in supporting {
                assert!(evidence.supporting.contains(&(*text).to_owned()));
            }
            for text in opposing {
                assert!(evidence.opposing.contains(&(*text).to_owned()));
            }
            assert_eq!(possible.is_likely(), opposing.is_empty());
        }
        // Said what it is, it is inspected as any other.
        let report = Inspect::new().format(Some(&ONE)).run(&sealed[..]).unwrap();
        assert_eq!(report.fault, None);
        assert_eq!(
            report.plaintext_len as usize,
            sealed.len() - 20 - 16 * report.chunks as usize
        );
    }
}

// ---- a header of any length, several recipients, several identities ----

/// As the format writes it for two recipients.
fn seal_for_two(format: &dyn Format, text: &[u8]) -> Vec<u8> {
    let (one, other) = (Secret::key([1; 32]), Secret::key([2; 32]));
    let seal = Seal::new(&one)
        .add_recipient(&other)
        .format(format)
        .jobs(jobs(2));
    let mut sealed = Vec::new();
    seal.run(Ragged::new(text, 1, 5000), &mut sealed).unwrap();
    sealed
}

fn wrapped_header(comment: usize) -> usize {
    5 + 2 * (2 + comment + WRAPPED) + 16 + 16
}

#[test]
fn a_header_of_any_length_opens_for_each_of_its_recipients() {
    let text = pattern(5 * CHUNK + 1);
    for (comment, len) in [
        (0, 0),
        (0, 1),
        (300, CHUNK - 1),
        (300, CHUNK),
        (3000, CHUNK + 1),
        (3000, 0),
        (40_000, 5 * CHUNK),
        (40_000, 5 * CHUNK + 1),
    ] {
        let (format, text) = (Wrapped(comment), &text[..len]);
        let sealed = seal_for_two(&format, text);
        let header = wrapped_header(comment);
        assert_eq!(sealed.len(), header + len + 16 * len.div_ceil(CHUNK).max(1));
        for key in [1, 2] {
            let key = Secret::key([key; 32]);
            let opened = open_of(Some(&format), &key, Ragged::new(&sealed, 1, 700), 2, true);
            let done = opened
                .result
                .unwrap_or_else(|e| panic!("{comment} {len}: {e}"));
            assert_eq!(done.chunks, len.div_ceil(CHUNK).max(1) as u64);
            assert_same(&opened.written, text);
            assert_eq!(
                open_among(&[&Toy, &format], &key, &sealed).unwrap().0,
                "wrapped"
            );
        }
        let report = inspect_among(&[&Toy, &format], &sealed).unwrap();
        assert_eq!(report.header_len, header as u64);
        assert_eq!((report.plaintext_len, report.fault), (len as u64, None));
    }
}

#[test]
fn identities_are_tried_in_their_order_and_the_error_says_how_many() {
    let text = pattern(1500);
    let format = Wrapped(700);
    let sealed = seal_for_two(&format, &text);
    let keys: Vec<_> = (0..4).map(|key| Secret::key([key; 32])).collect();
    let open = |which: &[usize]| {
        let mut open = Open::new(&keys[which[0]]).format(Some(&format));
        for key in &which[1..] {
            open = open.add_identity(&keys[*key]);
        }
        let mut opened = Vec::new();
        open.run(&sealed[..], &mut opened).map(|_| opened)
    };
    for which in [&[1][..], &[0, 2], &[3, 0, 1], &[2, 1]] {
        assert_same(&open(which).unwrap(), &text);
    }
    assert!(matches!(
        open(&[0]),
        Err(Error::Authentication { chunk: 0, .. })
    ));
    let error = open(&[0, 3, 0]).unwrap_err();
    assert_eq!(error.status(), status::KEY);
    assert_eq!(
        error.to_string(),
        "authentication failed: none of the 3 keys opens the file, or it was tampered with"
    );
    assert_eq!(error.offset(), Some(wrapped_header(700) as u64));
}

/// In formats that know nothing of it, too.
#[test]
fn identities_are_tried_in_every_format() {
    let text = pattern(2500);
    let right = secret();
    for format in [&Toy as &dyn Format, &ONE, &fetool::format::gfe::Gfe] {
        let sealed = seal(format, &text, 1);
        let all = with_all(&[&Toy, &ONE, &OTHER]);
        let wrong = [Secret::key([1; 32]), Secret::key(*b"no GFE key")];
        let mut opened = Vec::new();
        Open::new(&wrong[0])
            .add_identity(&wrong[1])
            .add_identity(&right)
            .among(&all)
            .run(&sealed[..], &mut opened)
            .unwrap_or_else(|e| panic!("{}: {e}", format.name()));
        assert_same(&opened, &text);
        let open = Open::new(&wrong[1]).add_identity(&wrong[0]).among(&all);
        let error = open.run(&sealed[..], std::io::sink()).unwrap_err();
        let told = match format.name() {
            "one" => "none of the 2 secrets opens it",
            _ => "none of the 2 keys opens the file",
        };
        assert!(
            error.to_string().contains(told),
            "{}: {error}",
            format.name()
        );
    }
}

#[test]
fn a_lazy_identity_is_asked_for_once_and_only_where_it_is_needed() {
    let text = pattern(10);
    let format = Wrapped(10);
    let sealed = seal_for_two(&format, &text);
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let lazy = || {
        fetool::Identity::lazy(|| {
            asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(Secret::key([2; 32]))
        })
    };
    let count = || asked.load(std::sync::atomic::Ordering::Relaxed);
    let first = Secret::key([1; 32]);
    let open = || {
        Open::new(&first)
            .add_identity(lazy())
            .among(&[&Wrapped(0), &ONE, &OTHER])
    };
    open().run(&sealed[..], std::io::sink()).unwrap();
    open()
        .run(&b"no such file"[..], std::io::sink())
        .unwrap_err();
    assert_eq!(
        count(),
        0,
        "the first opens the file, and nothing opens the other"
    );
    let open = Open::new(lazy()).format(Some(&format));
    open.run(&sealed[..], std::io::sink()).unwrap();
    assert_eq!(count(), 1);
}

#[test]
fn a_header_that_is_cut_off_or_has_no_end() {
    let format = Wrapped(3000);
    let sealed = seal_for_two(&format, b"text");
    let key = Secret::key([1; 32]);
    let header = wrapped_header(3000);
    for len in [4, 5, 6, 511, 512, 513, 1023, 1024, 1025, header - 1, header] {
        let opened = open_of(Some(&format), &key, &sealed[..len], 1, false);
        assert_eq!(opened.error().status(), status::TRUNCATED, "{len}");
        assert!(opened.written.is_empty());
    }
    // More recipients than there is room for: nothing is read for ever.
    let mut endless = b"TOY4\xff".to_vec();
    endless.resize(400_000, 0xFF);
    let error = open_among(&[&format], &key, &endless).unwrap_err();
    assert_eq!(error.status(), status::FORMAT);
    assert!(
        error
            .to_string()
            .contains("the header has more than 100000 bytes"),
        "{error}"
    );
    let error = inspect_among(&[&format], &endless).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the header has more than 100000 bytes"),
        "{error}"
    );
}

/// The last chunk is marked, so that no cut passes; and no chunk is needed to know that the key fits.
#[test]
fn the_end_of_a_format_whose_last_chunk_may_be_full() {
    let text = pattern(3 * CHUNK);
    let format = Wrapped(0);
    let sealed = seal_for_two(&format, &text);
    let key = Secret::key([2; 32]);
    let (header, frame) = (wrapped_header(0), CHUNK + 16);
    for chunks in 1..3 {
        let opened = open_of(
            Some(&format),
            &key,
            &sealed[..header + chunks * frame],
            2,
            false,
        );
        assert_eq!(opened.error().status(), status::KEY);
        assert_same(&opened.written, &text[..(chunks - 1) * CHUNK]);
    }
    let mut longer = sealed.clone();
    longer.extend([0; 16]);
    let opened = open_of(Some(&format), &key, &longer[..], 2, false);
    assert!(opened.error().status() >= status::KEY);
    assert!(text.starts_with(&opened.written) && opened.written.len() <= 2 * CHUNK);

    let mut changed = sealed.clone();
    changed[header] ^= 1;
    let opening = Open::new(&key)
        .format(Some(&format))
        .start(&changed[..])
        .unwrap();
    let error = opening.run(std::io::sink()).unwrap_err();
    assert!(matches!(error, Error::Tampered { chunk: 0, .. }), "{error}");
}

/// A format that says where its chunks lie has ranges, without a word about them. One that walks has
/// none.
#[test]
fn ranges_follow_from_the_geometry() {
    let text = pattern(3 * CHUNK + 5);
    let format = Wrapped(0);
    let sealed = seal_for_two(&format, &text);
    let key = Secret::key([2; 32]);
    let open = Open::new(&key).format(Some(&format));
    let opened = open.start_at(&sealed[..]).unwrap();
    let (mut written, end) = (Vec::new(), text.len() as u64);
    opened
        .write_range(CHUNK as u64 - 1..end, &mut written)
        .unwrap();
    assert_same(&written, &text[CHUNK - 1..]);
    assert_eq!(opened.plaintext_len().unwrap(), end);

    let (key, mut sealed) = (secret(), Vec::new());
    let seal = Seal::new(&key).format(&Toy);
    seal.run(&text[..], &mut sealed).unwrap();
    let open = Open::new(&key).format(Some(&Toy));
    let Err(error) = open.start_at(&sealed[..]) else {
        panic!("it opens");
    };
    assert_eq!(
        error.to_string(),
        "the file's chunks can only be found one after the other, so no range can be read by itself"
    );
    assert_eq!(error.status(), status::USAGE);
}
