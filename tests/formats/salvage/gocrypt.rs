//! GoCrypt: chunks do not tell their numbers, so each is looked for at its own place alone.

use super::{Case, Damaged, check, only_chunk};
use crate::common::pattern;
use crate::weak_common::{self, seal_layers};
use fetool::format::gocrypt::{GoCrypt, GoCryptV1};
use fetool::{Fill, Secret, status};

fn case(layers: u8) -> Case {
    let text = pattern(100_000);
    let (_, sealed) = seal_layers(&text[..], layers, 1);
    Case {
        format: Some(&GoCrypt),
        header: 41,
        open_end: true,
        ..Case::new("GoCrypt", sealed, &text, 32_768, weak_common::secret())
    }
}

#[test]
fn a_changed_chunk_is_lost_alone() {
    let new = case(1);
    let old = Case {
        format: Some(&GoCryptV1),
        header: 40,
        sealed: new.sealed[1..].to_vec(),
        ..case(1)
    };
    for case in [new, old] {
        check(&case, &Damaged::new(&case.sealed), "untouched");
        for (number, frame) in case.frames().into_iter().enumerate() {
            for at in [frame.start, frame.end - 1] {
                let file = Damaged::new(&case.sealed).flip(at, number);
                check(&case, &file, &format!("chunk {number} changed at {at}"));
            }
        }
        let rest = case.frames()[2].start + 100..case.sealed.len();
        check(&case, &Damaged::new(&case.sealed).remove(rest), "cut");
    }
}

/// Behind inserted bytes, a chunk might be any.
#[test]
fn nothing_is_looked_for_elsewhere() {
    let case = case(1);
    let at = case.frames()[1].start + 5;
    let mut file = case.sealed.clone();
    file.insert(at, 7);
    let got = case.salvage(&file, Fill::Zeros).unwrap();
    assert!(got.written[..32_768] == case.text[..32_768]);
    assert!(got.written[32_768..].iter().all(|byte| *byte == 0));
    assert_eq!(got.salvaged.status, status::KEY);
}

#[test]
fn what_follows_the_last_chunk() {
    let case = case(1);
    for behind in [&b"noise"[..], &[0; 50_000]] {
        let file = [&case.sealed[..], behind].concat();
        let got = case.salvage(&file, Fill::Zeros).unwrap();
        assert!(got.written.starts_with(&case.text));
        assert_eq!(got.salvaged.plaintext_len, case.text.len() as u64);
        assert_ne!(got.salvaged.status, status::OK);
    }
}

/// Neither the end of the file nor a full chunk shows its length.
#[test]
fn what_follows_the_only_chunk() {
    let text = pattern(1000);
    let (_, sealed) = seal_layers(&text[..], 1, 1);
    let new = Case {
        format: Some(&GoCrypt),
        header: 41,
        open_end: true,
        ..Case::new("GoCrypt", sealed, &text, 32_768, weak_common::secret())
    };
    let mut old = new.clone();
    old.format = Some(&GoCryptV1);
    old.header = 40;
    old.sealed.remove(0);
    for case in [new, old] {
        for behind in [vec![0], vec![0; 512], vec![0; 50_000], b"noise".to_vec()] {
            only_chunk(&case, &behind);
        }
        let detected = Case {
            format: None,
            ..case.clone()
        };
        only_chunk(&detected, &[0; 512]);
        // A wrong key is still one.
        let other = Case {
            secret: Secret::passphrase("another"),
            ..case
        };
        let error = other.salvage(&other.sealed, Fill::Zeros).unwrap_err();
        assert_eq!(error.status(), status::KEY);
    }
}

#[test]
fn layers_are_refused() {
    let case = case(3);
    let error = case.salvage(&case.sealed, Fill::Zeros).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file has 3 layers: a damaged chunk of one layer moves all chunks of the layers inside, so \
         nothing behind it can be salvaged"
    );
    assert_eq!(error.status(), status::USAGE);
}
