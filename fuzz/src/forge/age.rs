//! age, for recipients of one kind, armored or not.

use super::super::choices::Choices;
use super::super::secret::plaintext;
use super::Sample;
use fetool::format::age::{Age, AgeIdentity, CHUNK_LEN, identities as files};
use fetool::{Recipient, Seal};

/// Those of the test vectors, one of each kind.
pub fn identities() -> Vec<AgeIdentity> {
    let texts = [
        include_str!("../../../tests/vectors/age/x25519.key"),
        include_str!("../../../tests/vectors/age/hybrid.key"),
    ];
    let parsed = texts.map(|text| files::parse(text.as_bytes()).expect("an identity"));
    parsed.concat()
}

pub fn age(choices: &mut Choices<'_>) -> Sample {
    let len = match choices.byte() {
        small @ 0..0xC0 => 20 * usize::from(small),
        large => CHUNK_LEN * usize::from(large & 3) + usize::from(large >> 2 & 3),
    };
    let plaintext = plaintext(len);
    let recipient = identities()[choices.below(2)].recipient();
    let count = 1 + choices.below(3);
    let armor = choices.below(2) == 1;
    let write = |fill: u8| {
        let random = move |bytes: &mut [u8]| {
            bytes.fill(fill);
            Ok(())
        };
        let recipient = || Recipient::wrapping(&recipient);
        let seal = (1..count).fold(Seal::new(recipient()), |seal, _| {
            seal.add_recipient(recipient())
        });
        let mut file = Vec::new();
        seal.format(&Age)
            .armor(armor)
            .fixed_random_for_tests(&random)
            .run(&plaintext[..], &mut file)
            .expect("seals");
        file
    };
    let file = write(7);
    Sample {
        edges: edges(&file, armor),
        other: write(0x87),
        file,
        plaintext: plaintext.clone(),
        inside: Vec::new(),
    }
}

/// Where stanzas, the MAC, the nonce and the chunks begin; of armor, where some lines do.
fn edges(file: &[u8], armor: bool) -> Vec<usize> {
    let mut edges = vec![0];
    if armor {
        let lines = 35..file.len().saturating_sub(33);
        edges.extend(lines.step_by(65).take(200));
        edges.push(file.len() - 33);
    } else {
        let lines = file.split_inclusive(|byte| *byte == b'\n');
        let mut at = 0;
        for line in lines {
            let last = line.starts_with(b"--- ");
            at += line.len();
            edges.push(at);
            if last {
                break;
            }
        }
        edges.extend((at + 16..file.len()).step_by(CHUNK_LEN + 16));
    }
    edges.push(file.len());
    edges
}
