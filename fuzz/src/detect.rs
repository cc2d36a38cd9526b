//! Telling formats apart: nothing is taken from the input, it does not matter in which pieces that
//! comes, and what opens it finds the same.

use super::choices::Choices;
use super::common::Ragged;
use super::memory::bounded;
use super::secret::secret;
use fetool::format::{Claim, FORMATS, HEAD_MAX, Limits};
use fetool::{Error, Inspect, Open, PeekReader, read_header, status};
use std::io::Read;

pub fn detect(input: &[u8]) {
    let mut choices = Choices::new(input);
    let kind = choices.byte();
    let most = if kind & 1 != 0 {
        1 + choices.below(600)
    } else {
        usize::MAX >> 1
    };
    let file = choices.rest();
    let secret = secret();
    let limits = Limits {
        memory: if kind & 2 != 0 { 1000 } else { 16 << 20 },
        input_len: (kind & 4 != 0).then_some(file.len() as u64),
    };
    let open = || Open::new(&secret).limits(limits);

    let mut whole = PeekReader::new(file);
    let found = bounded(file, || open().detect(&mut whole)).map(|format| format.name());
    untouched(whole, file);
    let mut pieces = PeekReader::new(Ragged::new(file, 1, most));
    let again = open().detect(&mut pieces).map(|format| format.name());
    untouched(pieces, file);
    assert_eq!(said(&found), said(&again));

    let opening = open().start(file).map(|opening| opening.format());
    match (&found, &opening) {
        (Ok(found), Ok(opening)) => assert_eq!(found, opening),
        (Err(_), _) => assert_eq!(said(&found), said(&opening)),
        // A magic number decides before the secret does.
        (Ok(found), Err(error)) => {
            assert!(["gfe", "dexios"].contains(found), "{found}: {error}");
        }
    }
    for error in [&found, &opening]
        .into_iter()
        .filter_map(|said| said.as_ref().err())
    {
        let of_files = [status::KEY, status::FORMAT, status::TRUNCATED];
        let too_large = kind & 2 != 0 && error.status() == status::USAGE;
        assert!(of_files.contains(&error.status()) || too_large, "{error:?}");
    }
    without_secret(file, found.ok());
}

#[track_caller]
fn untouched(mut input: PeekReader<impl Read>, file: &[u8]) {
    let mut rest = Vec::new();
    input.read_to_end(&mut rest).expect("all of it");
    assert!(rest == file);
}

fn said(found: &Result<&'static str, Error>) -> String {
    match found {
        Ok(name) => (*name).to_owned(),
        // With the reasons of each format.
        Err(error) => format!("{error:?}"),
    }
}

/// What is found without a secret agrees with what is found with one.
fn without_secret(file: &[u8], found: Option<&'static str>) {
    let head = &file[..file.len().min(HEAD_MAX)];
    let claims = FORMATS
        .iter()
        .filter(|format| format.probe(head) == Claim::Yes);
    let claims: Vec<_> = claims.map(|format| format.name()).collect();
    assert!(claims.len() <= 1, "{claims:?}");
    if let Ok((format, header)) = read_header(None, head) {
        assert_eq!(claims, [format.name()]);
        assert!(header.size() <= head.len());
    }
    match Inspect::new().run(file) {
        Ok(inspected) => assert_eq!(claims, [inspected.format]),
        Err(Error::UnknownFormat(unknown)) => {
            assert_eq!(claims, [""; 0]);
            // Each is possible or ruled out, and what the secret opened is possible.
            let possible = unknown.possible.iter().map(|possible| possible.format);
            let ruled_out = unknown.ruled_out.iter().map(|(name, _)| *name);
            let mut all: Vec<_> = possible.clone().chain(ruled_out).collect();
            all.sort_unstable();
            let mut names: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
            names.sort_unstable();
            assert_eq!(all, names);
            if let Some(found) = found {
                assert!(possible.clone().any(|name| name == found), "{found}");
            }
        }
        Err(_) => {}
    }
}
