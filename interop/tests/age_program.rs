//! fetool and the program `age`: each opens what the other seals.

#![cfg(unix)]

mod common;

use common::{
    LENGTHS, PASSPHRASE, assert_same, identity, open, open_with_passphrase, pattern, seal,
};
use fetool::format::age::plugin::{
    NoInteraction, Plugin, PluginIdentities, PluginIdentity, PluginName, PluginRecipients,
};
use fetool::format::age::{Age, AgeRecipient, SshIdentity};
use fetool::{Identity, Open, Recipient, Seal, UnwrapKey};
use pty_process::blocking::{Command as OnTerminal, open as terminal};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;

fn age(dir: &Path, args: &[&str]) -> Output {
    let ran = Command::new("age").current_dir(dir).args(args).output();
    ran.expect("age is installed (Debian: apt install age)")
}

#[track_caller]
fn succeeds(ran: &Output, what: &str) {
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{what}: {}: {said}", ran.status);
}

/// Runs age on a terminal, where it asks for passphrases, with somebody who types these lines.
fn typed(dir: &Path, args: &[&str], lines: &str) {
    let (mut pty, side) = terminal().unwrap();
    let command = OnTerminal::new("age").current_dir(dir).args(args);
    let mut child = command.spawn(side).expect("age is installed");
    pty.write_all(lines.as_bytes()).unwrap();
    // Ends with an error on Linux.
    let mut shown = Vec::new();
    let _ = pty.read_to_end(&mut shown);
    let status = child.wait().unwrap();
    assert!(
        status.success(),
        "{status}: {}",
        String::from_utf8_lossy(&shown)
    );
}

#[test]
#[ignore = "runs age"]
fn the_program_opens_what_fetool_seals() {
    let dir = TempDir::new().unwrap();
    let own = [identity(), identity()];
    let recipients = [&own[0], &own[1]].map(|one| one.recipient());
    for (index, identity) in own.iter().enumerate() {
        let text = format!("# one of two\n{}\n", *identity.encode());
        fs::write(dir.path().join(format!("key{index}")), text).unwrap();
    }
    for len in LENGTHS {
        let plaintext = pattern(len);
        for armor in [false, true] {
            let file = seal(&plaintext, &recipients, armor);
            fs::write(dir.path().join("sealed"), file).unwrap();
            for key in ["key0", "key1"] {
                let what = format!("{len} bytes, armor {armor}, {key}");
                let ran = age(dir.path(), &["-d", "-i", key, "sealed"]);
                succeeds(&ran, &what);
                assert_same(&ran.stdout, &plaintext, &what);
            }
        }
    }
}

#[test]
#[ignore = "runs age"]
fn fetool_opens_what_the_program_seals() {
    let dir = TempDir::new().unwrap();
    let own = [identity(), identity()];
    let recipients = [&own[0], &own[1]].map(|one| one.recipient().to_string());
    for len in LENGTHS {
        let plaintext = pattern(len);
        fs::write(dir.path().join("plain"), &plaintext).unwrap();
        for armor in [false, true] {
            let mut args = vec!["-r", &recipients[0], "-r", &recipients[1], "-o", "sealed"];
            args.extend(armor.then_some("-a"));
            args.push("plain");
            succeeds(&age(dir.path(), &args), "seals");
            let file = fs::read(dir.path().join("sealed")).unwrap();
            assert_eq!(file.starts_with(b"-----BEGIN AGE"), armor);
            for identity in &own {
                let what = format!("{len} bytes, armor {armor}");
                let (found, end) = open(&file, identity);
                end.unwrap_or_else(|error| panic!("{what}: {error}"));
                assert_same(&found, &plaintext, &what);
            }
        }
    }
}

#[test]
#[ignore = "runs age"]
fn passphrases_work_both_ways() {
    let dir = TempDir::new().unwrap();
    let plaintext = pattern(70_000);
    let path = |name: &str| dir.path().join(name);
    for armor in [false, true] {
        fs::write(
            path("sealed"),
            common::seal_for_passphrase(&plaintext, armor),
        )
        .unwrap();
        let line = format!("{PASSPHRASE}\n");
        typed(dir.path(), &["-d", "-o", "opened", "sealed"], &line);
        assert_same(
            &fs::read(path("opened")).unwrap(),
            &plaintext,
            "opened by age",
        );
    }
    // Its work factor is always 18.
    fs::write(path("plain"), &plaintext).unwrap();
    let lines = format!("{PASSPHRASE}\n{PASSPHRASE}\n");
    typed(dir.path(), &["-p", "-a", "-o", "theirs", "plain"], &lines);
    let file = fs::read(path("theirs")).unwrap();
    assert_same(&open_with_passphrase(&file), &plaintext, "opened by fetool");
}

#[test]
#[ignore = "runs age"]
fn the_program_refuses_what_was_changed() {
    let dir = TempDir::new().unwrap();
    let own = identity();
    let plaintext = pattern(65_536 + 20);
    fs::write(dir.path().join("key"), own.encode().as_bytes()).unwrap();
    let file = seal(&plaintext, &[own.recipient()], false);
    let end = file.len();
    // A stanza, the MAC, the nonce, both chunks; a cut between the chunks, and inside the last.
    let changed = [40, 130, 170, 200, end - 1].map(|at| {
        let mut changed = file.clone();
        changed[at] ^= 2;
        changed
    });
    let cut = [168, 184, 184 + 65_552, end - 1].map(|len| file[..len].to_vec());
    for changed in changed.into_iter().chain(cut) {
        let (found, error) = open(&changed, &own);
        error.expect_err("changed");
        File::create(dir.path().join("changed"))
            .and_then(|mut to| to.write_all(&changed))
            .unwrap();
        let ran = age(dir.path(), &["-d", "-i", "key", "changed"]);
        assert_eq!(ran.status.code(), Some(1));
        assert_same(&ran.stdout, &found, "plaintext before the error");
    }
}

/// age-keygen reads the identities that fetool writes, and fetool those of age-keygen.
#[test]
#[ignore = "runs age"]
fn keys_are_the_same() {
    let dir = TempDir::new().unwrap();
    let keygen = |args: &[&str]| {
        let ran = Command::new("age-keygen")
            .current_dir(dir.path())
            .args(args)
            .output()
            .unwrap();
        succeeds(&ran, "age-keygen");
        String::from_utf8(ran.stdout).unwrap()
    };
    let own = identity();
    fs::write(dir.path().join("own"), own.encode().as_bytes()).unwrap();
    assert_eq!(keygen(&["-y", "own"]), format!("{}\n", own.recipient()));
    let text = keygen(&[]);
    let read = fetool::format::age::identities::parse(text.as_bytes()).unwrap();
    let public = text
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "));
    assert_eq!(Some(&read[0].recipient().to_string()[..]), public);
}

/// Where the main package keeps what its tests need.
fn of_tests(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests")
        .join(name)
}

#[test]
#[ignore = "runs age"]
fn ssh_keys_work_both_ways() {
    let dir = TempDir::new().unwrap();
    let plaintext = pattern(70_000);
    fs::write(dir.path().join("plain"), &plaintext).unwrap();
    for name in ["ssh_ed25519", "ssh_rsa"] {
        let key = of_tests(&format!("vectors/age/{name}"));
        let public = fs::read_to_string(key.with_extension("pub")).unwrap();
        let identity = SshIdentity::parse(&fs::read(&key).unwrap()).unwrap();
        let recipient: AgeRecipient = public.trim_end().parse().unwrap();

        fs::write(
            dir.path().join("ours"),
            seal(&plaintext, &[recipient], false),
        )
        .unwrap();
        let ran = age(dir.path(), &["-d", "-i", key.to_str().unwrap(), "ours"]);
        succeeds(&ran, name);
        assert_same(&ran.stdout, &plaintext, name);

        let ran = age(
            dir.path(),
            &["-r", public.trim_end(), "-o", "theirs", "plain"],
        );
        succeeds(&ran, name);
        assert_same(&unwrapped(dir.path(), &identity), &plaintext, name);
    }
}

/// Both programs start the same plugin.
#[test]
#[ignore = "runs age"]
fn plugins_work_both_ways() {
    let dir = TempDir::new().unwrap();
    let plaintext = pattern(70_000);
    fs::write(dir.path().join("plain"), &plaintext).unwrap();
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let program = "age-plugin-toy";
    symlink(of_tests("age_plugins").join(program), bin.join(program)).unwrap();
    let name: PluginName = "toy".parse().unwrap();
    let identity = PluginIdentity::of_name(&name);
    fs::write(dir.path().join("key"), identity.encode().as_bytes()).unwrap();
    let plugin = || {
        let found = Plugin::find_in(bin.as_os_str(), &name, Arc::new(NoInteraction));
        found.unwrap()
    };
    let age = |args: &[&str]| {
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("age");
        command.current_dir(dir.path()).env("PATH", path).args(args);
        command.output().expect("age is installed")
    };

    let recipients = PluginRecipients::new(plugin(), vec![identity.recipient()]);
    let mut file = Vec::new();
    Seal::new(Recipient::wrapping(&recipients))
        .format(&Age)
        .run(&plaintext[..], &mut file)
        .unwrap();
    fs::write(dir.path().join("ours"), file).unwrap();
    for args in [["-d", "-j", "toy", "ours"], ["-d", "-i", "key", "ours"]] {
        let ran = age(&args);
        succeeds(&ran, "opens");
        assert_same(&ran.stdout, &plaintext, "opened by age");
    }
    succeeds(&age(&["-e", "-i", "key", "-o", "theirs", "plain"]), "seals");
    let identities = PluginIdentities::new(plugin(), vec![identity]);
    let opened = unwrapped(dir.path(), &identities);
    assert_same(&opened, &plaintext, "opened by fetool");
}

/// The plaintext of `theirs`.
fn unwrapped(dir: &Path, identity: &dyn UnwrapKey) -> Vec<u8> {
    let mut opened = Vec::new();
    Open::new(Identity::unwrapping(identity))
        .run(&fs::read(dir.join("theirs")).unwrap()[..], &mut opened)
        .unwrap();
    opened
}
