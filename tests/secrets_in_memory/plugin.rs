//! Plugins: file keys on their way to one and back.

use super::*;
use fetool::format::age::plugin::{
    Plugin, PluginIdentities, PluginIdentity, PluginInteraction, PluginName, PluginRecipients,
};
use fetool::{UnwrapKey, WrapKey};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

/// It wraps nothing, unwraps the file key that is its last line, and asks for a PIN at the end: what comes later
/// may overwrite what was left.
const PROGRAM: &str = r#"#!/bin/sh
files=0
while IFS= read -r line && [ "$line" != '-> done' ]; do
  case $line in '-> wrap-file-key' | '-> recipient-stanza '*) files=$((files + 1)) ;; esac
done
IFS= read -r line
file=0
while [ $file -lt $files ]; do
  case $1 in
  *recipient-v1) printf '%s\n\n' "-> recipient-stanza $file test" ;;
  *) printf '%s\n' "-> file-key $file" "$(tail -n 1 "$0")" ;;
  esac
  IFS= read -r line
  IFS= read -r line
  file=$((file + 1))
done
printf '%s\n\n' '-> request-secret'
IFS= read -r line
IFS= read -r line
IFS= read -r line
printf '%s\n\n' '-> done'
exit
"#;

/// Long: an allocator writes over the first bytes of what was freed.
const PIN_LEN: usize = 60;
const NAME: &str = "test-of-a-plugin-whose-name-makes-its-identity-long";

fn pin_byte(i: usize) -> u8 {
    b'a' + (i as u8).wrapping_mul(11) % 26
}

struct Pin;

impl PluginInteraction for Pin {
    fn message(&self, _: &PluginName, _: &str) -> bool {
        false
    }

    fn confirm(&self, _: &PluginName, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }

    fn request(&self, _: &PluginName, _: &str, _: bool) -> Option<Zeroizing<String>> {
        let mut pin = Zeroizing::new(String::with_capacity(PIN_LEN));
        pin.extend((0..PIN_LEN).map(|i| char::from(pin_byte(i))));
        Some(pin)
    }
}

/// A character of the base64 of these bytes.
fn base64(byte: impl Fn(usize) -> u8, i: usize) -> u8 {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (at, skipped) = (6 * i / 8, 6 * i % 8);
    let two = u16::from_be_bytes([byte(at), byte(at + 1)]);
    ALPHABET[usize::from(two >> (10 - skipped) & 63)]
}

fn file_key_text(i: usize) -> u8 {
    base64(|at| if at < 16 { age_byte(at) } else { 0 }, i)
}

pub fn needles() -> [Needle; 4] {
    let identity = PluginIdentity::of_name(&NAME.parse().unwrap()).encode();
    let bytes = &identity.as_bytes()[32..];
    [
        Needle::new("file key as text", file_key_text, 22),
        Needle::new("PIN", |i| pin_byte(24 + i), 24),
        Needle::new("PIN as text", |i| base64(pin_byte, 24 + i), 24),
        Needle::new("identity of a plugin", |i| bytes[i], bytes.len()),
    ]
}

pub fn work() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(format!("age-plugin-{NAME}"));
    let mut program = Zeroizing::new(Vec::with_capacity(1000));
    program.extend(
        PROGRAM
            .bytes()
            .chain((0..22).map(file_key_text))
            .chain([b'\n']),
    );
    fs::write(&path, &program).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    let name: PluginName = NAME.parse().unwrap();
    let plugin = || {
        let path = dir.path().as_os_str();
        Plugin::find_in(path, &name, Arc::new(Pin)).unwrap()
    };
    let identity = PluginIdentity::of_name(&name);
    let recipients = PluginRecipients::new(plugin(), vec![identity.recipient()]);
    let file_key = FileKey::generate(&age_random).unwrap();
    let stanzas = recipients.wrap_key(&file_key, &age_random).unwrap();
    // The keys of so many files are moved.
    let files = (0..20).map(|file| {
        let mut stanzas = stanzas.clone();
        stanzas[0].args.push(file.to_string());
        stanzas
    });
    let files: Vec<_> = files.collect();
    let identities = PluginIdentities::new(plugin(), vec![identity]);
    identities.prepare(&files).unwrap();
    for stanzas in &files {
        let unwrapped = identities.unwrap_key(stanzas).unwrap().unwrap();
        assert!(unwrapped.as_bytes() == file_key.as_bytes());
    }
}
