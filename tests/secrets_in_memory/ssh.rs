//! SSH keys: parsed, decrypted and used.

use super::*;
use fetool::format::age::SshIdentity;
use std::path::Path;

fn file(name: &str) -> Vec<u8> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/age");
    fs::read(vectors.join(name)).unwrap()
}

/// The numbers of an unencrypted key file of OpenSSH behind the last `kind`, disguised at once.
fn numbers(name: &str, kind: &[u8]) -> Vec<Vec<u8>> {
    let text = file(name);
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    let lines = text.split(|&byte| byte == b'\n');
    for &byte in lines.filter(|line| !line.starts_with(b"-")).flatten() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8 ^ DISGUISE);
            bits &= (1 << count) - 1;
        }
    }
    let disguised: Vec<_> = kind.iter().map(|byte| byte ^ DISGUISE).collect();
    let windows = bytes.windows(kind.len());
    let at = windows.into_iter().rposition(|window| window == disguised);
    let mut rest = &bytes[at.unwrap() + kind.len()..];
    let mut numbers = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk::<4>() {
        let len = u32::from_be_bytes(len.map(|byte| byte ^ DISGUISE)) as usize;
        let Some((number, behind)) = behind.split_at_checked(len) else {
            break;
        };
        numbers.push(number.to_vec());
        rest = behind;
    }
    numbers
}

pub fn needles() -> Vec<Needle> {
    let needle = |name, disguised: &[u8]| Needle {
        name,
        disguised: disguised.to_vec(),
    };
    let ed25519 = numbers("ssh_ed25519", b"ssh-ed25519");
    let rsa = numbers("ssh_rsa", b"ssh-rsa");
    // n, e, d and more: the lowest bytes of the exponent, in both orders. The primes are not looked for,
    // since the rsa crate leaves copies of them.
    let mut exponent = rsa[2][rsa[2].len() - 32..].to_vec();
    let mut needles = vec![
        needle("seed of Ed25519", &ed25519[1][..32]),
        needle("exponent of RSA", &exponent),
    ];
    exponent.reverse();
    needles.push(needle("exponent of RSA", &exponent));
    needles
}

pub fn work(passphrase: &Needle) {
    let file_key = FileKey::generate(&age_random).unwrap();
    for name in [
        "ssh_ed25519",
        "ssh_rsa",
        "keys/ed25519_pkcs8",
        "keys/rsa_pkcs1",
        "keys/rsa_pkcs8",
        "keys/ed25519_aes128-ctr",
        "keys/ed25519_aes256-cbc",
        "keys/ed25519_aes256-gcm",
        "keys/rsa_aes256-ctr",
    ] {
        let key = Zeroizing::new(file(name));
        let identity = SshIdentity::parse(&key).unwrap();
        let identity = identity.asking(|| Ok(Secret::passphrase("swordfish")));
        let stanza = identity.recipient().wrap(&file_key, &random).unwrap();
        assert!(identity.unwrap(&stanza).unwrap().is_some(), "{name}");
    }
    // A wrong one.
    let identity = SshIdentity::parse(&file("ssh_ed25519_pw")).unwrap();
    let wrong = Zeroizing::new(passphrase.disguised.clone());
    let asked = identity.asking(move || {
        let bytes: Vec<_> = wrong.iter().map(|byte| byte ^ DISGUISE).collect();
        Ok(Secret::passphrase(bytes))
    });
    let stanza = asked.recipient().wrap(&file_key, &random).unwrap();
    assert!(asked.unwrap(&stanza).is_err());
}
