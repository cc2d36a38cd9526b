//! Plugins of age: shell scripts play them, well and badly.

mod misbehaviour;
mod protocol;

use base64ct::{Base64Unpadded, Encoding};
use fetool::format::Change;
use fetool::format::age::plugin::{
    NoInteraction, Plugin, PluginIdentities, PluginIdentity, PluginInteraction, PluginName,
    PluginRecipients,
};
use fetool::format::age::{Age, AgeHeader, AgeIdentity, X25519Identity};
use fetool::{
    Error, FileKey, Hint, Identity, Open, Recipient, Rekey, Seal, Stanza, UnwrapKey, WrapKey,
    status,
};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::sink;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// A directory with a plugin in it.
struct Installed(TempDir);

impl Installed {
    fn new(name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = format!("age-plugin-{name}");
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/age_plugins");
        symlink(scripts.join(&program), dir.path().join(&program)).unwrap();
        Self(dir)
    }

    /// One that does what the script says when it is its turn.
    fn scripted(then: &str) -> Self {
        let plugin = Self::new("scripted");
        fs::write(plugin.0.path().join("first"), "").unwrap();
        fs::write(plugin.0.path().join("then"), then).unwrap();
        plugin
    }

    fn find(&self, name: &str, interaction: Arc<dyn PluginInteraction>) -> Plugin {
        let plugin = Plugin::find_in(
            self.0.path().as_os_str(),
            &name.parse().unwrap(),
            interaction,
        );
        plugin.unwrap()
    }

    fn recipients(&self) -> PluginRecipients {
        let plugin = self.find("scripted", Arc::new(NoInteraction));
        PluginRecipients::new(plugin, scripted_recipients())
    }

    fn identities(&self) -> PluginIdentities {
        let plugin = self.find("scripted", Arc::new(NoInteraction));
        PluginIdentities::new(plugin, vec![identity("SCRIPTED")])
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }
}

const RECIPIENT: &str = "age1scripted1dp5spuuere";

fn identity(name: &str) -> PluginIdentity {
    PluginIdentity::of_name(&name.parse().unwrap())
}

fn scripted_recipients() -> Vec<fetool::format::age::plugin::PluginRecipient> {
    vec![identity("scripted").recipient()]
}

fn key() -> FileKey {
    FileKey::from_bytes(b"YELLOW SUBMARINE")
}

const KEY: &str = "WUVMTE9XIFNVQk1BUklORQ";

fn stanza(kind: &str, args: &[&str], body: &[u8]) -> Stanza {
    Stanza {
        kind: kind.to_owned(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        body: body.to_vec(),
    }
}

fn wrap(plugin: &Installed) -> Result<(Vec<Stanza>, BTreeSet<String>), Error> {
    plugin.recipients().wrap_labelled(&key(), &fetool::random)
}

fn unwrap(plugin: &Installed) -> Result<Option<FileKey>, Error> {
    plugin.identities().unwrap_key(&[stanza("x", &["y"], b"z")])
}

#[test]
fn plugins_are_found_in_path_only() {
    let plugin = Installed::new("toy");
    let dir = plugin.0.path();
    let find = |path: &OsStr, name: &str| {
        Plugin::find_in(path, &name.parse().unwrap(), Arc::new(NoInteraction)).map(drop)
    };
    let path = std::env::join_paths([Path::new("/nowhere"), dir]).unwrap();
    find(&path, "toy").unwrap();
    find(&path, "TOY").unwrap();
    // Tests run in the package's directory, so this is where the plugin is.
    assert!(Path::new("tests/age_plugins/age-plugin-toy").exists());
    for path in [
        "",
        ":",
        "tests/age_plugins",
        "./tests/age_plugins:",
        "/nowhere:.:tests/age_plugins",
    ] {
        let error = find(OsStr::new(path), "toy").unwrap_err();
        assert_eq!(error.to_string(), "age-plugin-toy is not in PATH");
        assert_eq!(
            error.hint(),
            Some(&Hint::from(
                "install the plugin, which is a program of its own, or add its directory to PATH: fetool \
                 runs age-plugin-toy for this key"
            ))
        );
        assert_eq!(error.status(), status::SYSTEM);
    }
    // Neither directories nor what nobody can run.
    fs::create_dir(dir.join("age-plugin-directory")).unwrap();
    fs::write(dir.join("age-plugin-text"), "text").unwrap();
    for name in ["directory", "text"] {
        assert!(find(dir.as_os_str(), name).is_err());
    }
}
