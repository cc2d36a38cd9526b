//! Armor of many chunks comes to the same end in every way: the lines that lie in two workers' hands too,
//! and whatever is wrong with one.

use crate::age_properties::{in_every_way, numbered, seal_to};
use crate::age_reader::{self, Key};
use crate::common::ways::{WAYS, Way, assert_alike, open_in};
use crate::common::{assert_same, jobs, pattern};
use fetool::format::age::{AgeIdentity, CHUNK_LEN};
use fetool::{Identity, Open};

/// Several slabs of the shortest kind, and a rest.
const LEN: usize = 10 * CHUNK_LEN + 7;

fn open(identity: &AgeIdentity) -> Open<'_> {
    Open::new(Identity::unwrapping(identity)).jobs(jobs(3))
}

/// With one recipient the first chunk begins in a line, with five at the start of one.
#[test]
fn wherever_in_a_line_the_chunks_begin() {
    let text = pattern(LEN);
    for (recipients, begins) in [(1, 40), (2, 42), (5, 0)] {
        let all: Vec<_> = (1..=recipients).map(|n| numbered(n, false)).collect();
        let sealed = seal_to(&all, true, 3, &text[..]);
        let file = age_reader::dearmor(&sealed).expect("armor");
        let header = file.len() - LEN - LEN.div_ceil(CHUNK_LEN) * 16;
        assert_eq!(header % 48, begins);
        let read = age_reader::open(&Key::Identity(&all[0].encode()), &file);
        assert_same(&read.expect("opens"), &text);
        in_every_way(&all, true, &text, &sealed);
    }
}

#[test]
fn whatever_is_wrong_with_a_line() {
    let identity = numbered(1, false);
    let text = pattern(LEN);
    let sealed = seal_to(std::slice::from_ref(&identity), true, 3, &text[..]);
    let lines = sealed.iter().filter(|&&byte| byte == b'\n').count();
    let alike = |changed: &[u8], what: &str| {
        let expected = open_in(Way::Threads, open(&identity), changed);
        for way in WAYS {
            let found = open_in(way, open(&identity), changed);
            assert_alike(&found, &expected, &format!("{what}, {way:?}"));
        }
        expected
    };
    let crlf = String::from_utf8(sealed.clone())
        .unwrap()
        .replace('\n', "\r\n");
    assert_same(&alike(crlf.as_bytes(), "CR LF").written, &text);
    for line in [10, 8200, lines - 3] {
        let start = 35 + (line - 1) * 65;
        // Line ends of two kinds are right, though no position can be computed.
        let mut mixed = sealed.clone();
        mixed.insert(start + 64, b'\r');
        let opened = alike(&mixed, "mixed");
        assert!(opened.result.is_ok(), "{line}: {:?}", opened.result);
        for change in [b'!', b'\n'] {
            let mut changed = sealed.clone();
            changed[start + 31] = change;
            let opened = alike(&changed, "another byte");
            let error = opened.result.unwrap_err().to_string();
            if change == b'!' {
                let number = line + 1;
                let said = format!("invalid armor: invalid base64 character (line {number})");
                assert_eq!(error, said);
            }
            assert!(opened.written.len() < text.len());
            assert_same(&opened.written, &text[..opened.written.len()]);
        }
        for cut in [start, start + 64] {
            let opened = alike(&sealed[..cut], &format!("cut at {cut}"));
            let error = opened.result.unwrap_err().to_string();
            assert!(
                error.contains("the armor ends without its END line"),
                "{error}"
            );
        }
        // Another character of the alphabet: what it stands for is not authentic.
        let mut other = sealed.clone();
        other[start + 5] = if other[start + 5] == b'A' { b'B' } else { b'A' };
        assert!(alike(&other, "another character").result.is_err());
    }
}
