//! Recipients whose keys are in hardware, `age1tag1…` and `age1tagpq1…`. A plugin of our own plays the hardware
//! (`src/bin/age-plugin-tag.rs`).

#![cfg(unix)]

mod common;

use age::Encryptor;
use common::{LENGTHS, assert_same, identity, pattern, seal};
use fetool::format::age::AgeRecipient;
use fetool::format::age::plugin::{
    NoInteraction, Plugin, PluginIdentities, PluginIdentity, PluginName,
};
use fetool::{Error, Identity, Open};
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// Both kinds, by the names of their plugins.
const KINDS: [&str; 2] = ["tag", "tagpq"];

/// A directory with a plugin in `bin` and one of its identities in `key`.
struct Hardware {
    dir: TempDir,
    name: &'static str,
    identity: PluginIdentity,
    recipient: AgeRecipient,
}

impl Hardware {
    fn new(name: &'static str) -> Self {
        let dir = TempDir::new().unwrap();
        let program = dir.path().join("bin").join(format!("age-plugin-{name}"));
        fs::create_dir(dir.path().join("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_age-plugin-tag"), &program).unwrap();
        let made = Command::new(program).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let text = String::from_utf8(made.stdout).unwrap();
        fs::write(dir.path().join("key"), &text).unwrap();
        let recipient = text
            .lines()
            .find_map(|line| line.strip_prefix("# recipient: "));
        let recipient = recipient.unwrap();
        assert!(recipient.starts_with(&format!("age1{name}1")), "{text}");
        Self {
            dir,
            name,
            identity: text.lines().last().unwrap().parse().unwrap(),
            recipient: recipient.parse().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Opens a file with fetool, through the plugin.
    fn open(&self, file: &[u8]) -> Result<Vec<u8>, Error> {
        let name: PluginName = self.name.parse().unwrap();
        let path = self.path("bin");
        let plugin = Plugin::find_in(path.as_os_str(), &name, Arc::new(NoInteraction)).unwrap();
        let identities = PluginIdentities::new(plugin, vec![self.identity.clone()]);
        let mut plaintext = Vec::new();
        let opened = Open::new(Identity::unwrapping(&identities)).run(file, &mut plaintext);
        opened.map(|_| plaintext)
    }

    /// Has another program open a file that fetool sealed, through the same plugin.
    fn opened_by(&self, program: &str, armor: bool) {
        for len in LENGTHS {
            let plaintext = pattern(len);
            let what = format!("{program}, {}, {len} bytes, armor {armor}", self.name);
            let file = seal(&plaintext, &[self.recipient.clone()], armor);
            fs::write(self.path("sealed"), file).unwrap();
            let found = self.run(program, &["-d", "-i", "key", "sealed"]);
            assert_same(&found, &plaintext, &what);
        }
    }

    /// Runs a program of age with the plugin in its PATH.
    fn run(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.path("bin").display());
        let mut command = Command::new(program);
        command.current_dir(self.dir.path()).env("PATH", path);
        let ran = command.args(args).output();
        let ran = ran.unwrap_or_else(|error| panic!("{program} is not installed: {error}"));
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{program} {args:?}: {said}");
        ran.stdout
    }
}

#[test]
fn hardware_opens_what_fetool_seals() {
    for name in KINDS {
        let [own, other] = [Hardware::new(name), Hardware::new(name)];
        let both = [&other, &own].map(|hardware| hardware.recipient.clone());
        for len in [0, 1, 65_537] {
            let plaintext = pattern(len);
            let file = seal(&plaintext, &both, false);
            for hardware in [&own, &other] {
                let opened = hardware.open(&file).unwrap();
                assert_same(&opened, &plaintext, name);
            }
        }
        let file = seal(b"not for you", &both[..1], false);
        let error = own.open(&file).unwrap_err();
        assert!(matches!(error, Error::NoMatch { .. }), "{error}");
    }
    // Beside a recipient without hardware.
    let hardware = Hardware::new("tag");
    let both = [identity().recipient(), hardware.recipient.clone()];
    let opened = hardware.open(&seal(b"for both", &both, false)).unwrap();
    assert_same(&opened, b"for both", "mixed");
}

#[test]
fn hardware_refuses_what_was_changed() {
    for name in KINDS {
        let hardware = Hardware::new(name);
        let file = seal(b"text", &[hardware.recipient.clone()], false);
        let header = file.windows(4).position(|bytes| bytes == b"\n---").unwrap();
        let mut changed = file.clone();
        let character = &mut changed[header - 5];
        *character = if *character == b'A' { b'B' } else { b'A' };
        let error = hardware.open(&changed).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("age-plugin-{name}: the stanza was changed")
        );
    }
}

/// Of the post-quantum kind the crate has only a stand-in here (`no-ml-kem`).
#[test]
fn hardware_opens_what_the_crate_seals() {
    let hardware = Hardware::new("tag");
    let text = hardware.recipient.to_string();
    let recipient: age::tag::Recipient = text.parse().unwrap();
    let encryptor = Encryptor::with_recipients([&recipient as _].into_iter()).unwrap();
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file).unwrap();
    writer.write_all(b"from age").unwrap();
    writer.finish().unwrap();
    assert_same(&hardware.open(&file).unwrap(), b"from age", "tag");
}

/// age 1.1 knows no such recipients, but its plugins.
#[test]
#[ignore = "runs age"]
fn the_program_opens_what_fetool_seals() {
    for name in KINDS {
        Hardware::new(name).opened_by("age", true);
    }
}

/// Debian has no package of rage, so these are run by hand.
mod rage {
    use super::*;

    #[test]
    #[ignore = "runs rage, which CI does not have"]
    fn rage_opens_what_fetool_seals() {
        for name in KINDS {
            let hardware = Hardware::new(name);
            hardware.opened_by("rage", false);
            hardware.opened_by("rage", true);
        }
    }

    #[test]
    #[ignore = "runs rage, which CI does not have"]
    fn fetool_opens_what_rage_seals() {
        for name in KINDS {
            let hardware = Hardware::new(name);
            let recipient = hardware.recipient.to_string();
            for len in LENGTHS {
                let plaintext = pattern(len);
                fs::write(hardware.path("plain"), &plaintext).unwrap();
                for armor in [false, true] {
                    let mut args = vec!["-r", &recipient, "-o", "theirs"];
                    args.extend(armor.then_some("-a"));
                    args.push("plain");
                    hardware.run("rage", &args);
                    let file = fs::read(hardware.path("theirs")).unwrap();
                    let what = format!("{name}, {len} bytes, armor {armor}");
                    assert_same(&hardware.open(&file).unwrap(), &plaintext, &what);
                }
            }
        }
    }
}
