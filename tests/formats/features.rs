//! Builds without some of the features `age-plugin`, `age-ssh` and `age-tag`: what needs them is recognised, and
//! the message names the feature. In a build with all of them there is nothing to test here.

use fetool::format::age::{AgeIdentity, AgeRecipient, Feature, identities, recipients};
use fetool::{Error, status};
use std::path::{Path, PathBuf};
use std::process::Command;

const WITHOUT_PLUGINS: &str =
    "this fetool was built without the feature age-plugin, which plugins need";
const WITHOUT_SSH: &str = "this fetool was built without the feature age-ssh, which SSH keys need";
const WITHOUT_TAGS: &str = "this fetool was built without the feature age-tag, which recipients with keys in \
                            hardware (age1tag1…, age1tagpq1…) need";

const SSH: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@host";

fn vector(name: &str) -> PathBuf {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/age");
    vectors.join(name)
}

/// Runs the command, and returns its status and what it said.
fn run(args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fetool"));
    let ran = command.args(args).output().unwrap();
    assert_eq!(ran.stdout, b"");
    (ran.status.code(), String::from_utf8(ran.stderr).unwrap())
}

fn hint(feature: &str) -> String {
    format!(
        "hint: install it with that feature, which it has by default: \
         cargo install --locked --path . --features {feature}\n"
    )
}

fn is_plugin_missing() -> bool {
    !cfg!(all(unix, feature = "age-plugin"))
}

#[test]
fn recipients_that_need_a_feature_name_it() {
    for (is_missing, text, what) in [
        (!cfg!(feature = "age-ssh"), SSH, WITHOUT_SSH),
        (!cfg!(feature = "age-ssh"), "ssh-rsa AAAA", WITHOUT_SSH),
        (!cfg!(feature = "age-tag"), "age1tag1qqqqqqqq", WITHOUT_TAGS),
        (
            !cfg!(feature = "age-tag"),
            "age1tagpq1qqqqqqqq",
            WITHOUT_TAGS,
        ),
        (is_plugin_missing(), "age1yubikey1qqqqqqqq", WITHOUT_PLUGINS),
    ] {
        if !is_missing {
            continue;
        }
        let error = text.parse::<AgeRecipient>().unwrap_err();
        assert_eq!(error.to_string(), what);
        assert_eq!(error.status(), status::USAGE);
        let error = recipients::parse(format!("\n{text}\n").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("line 2: {what}"));
        let name = what
            .split_whitespace()
            .find(|word| word.starts_with("age-"));
        let name = name.unwrap().trim_end_matches(',');
        let said = format!("fetool: --to: {what}\nfetool: {}", hint(name));
        assert_eq!(run(&["seal", "--to", text]), (Some(2), said));
        let said = format!(
            "age: error: malformed recipient: {what}\nage: {}",
            hint(name)
        );
        assert_eq!(run(&["age", "-r", text]), (Some(1), said));
    }
}

#[test]
fn identities_that_need_a_feature_name_it() {
    if is_plugin_missing() {
        let text = "AGE-PLUGIN-TOY-177ZNG8";
        let error = text.parse::<AgeIdentity>().unwrap_err();
        assert_eq!(error.to_string(), WITHOUT_PLUGINS);
        assert!(matches!(error, Error::Secret { .. }));
        let error = identities::parse(text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("line 1: {WITHOUT_PLUGINS}"));
        let said = format!("fetool: {WITHOUT_PLUGINS}\nfetool: {}", hint("age-plugin"));
        assert_eq!(run(&["open", "--plugin", "toy"]), (Some(2), said));
        let said = format!("age: error: {WITHOUT_PLUGINS}\nage: {}", hint("age-plugin"));
        assert_eq!(run(&["age", "-d", "-j", "toy"]), (Some(1), said));
    }
    if !cfg!(feature = "age-ssh") {
        let key = vector("ssh_ed25519");
        let key = key.to_str().unwrap();
        let said = format!("fetool: {key}: {WITHOUT_SSH}\nfetool: {}", hint("age-ssh"));
        assert_eq!(
            run(&["open", "-q", "-k", &format!("@{key}")]),
            (Some(2), said)
        );
        let said = format!(
            "age: error: reading \"{key}\": {WITHOUT_SSH}\nage: {}",
            hint("age-ssh")
        );
        assert_eq!(run(&["age", "-d", "-i", key]), (Some(1), said));
    }
}

/// A file may have any stanzas: they are described, and another identity opens it.
#[test]
fn stanzas_that_need_a_feature_are_known() {
    let missing = [Feature::Plugin, Feature::Ssh, Feature::Tag].map(Feature::missing);
    assert_eq!(
        missing.map(|error| error.to_string()),
        [WITHOUT_PLUGINS, WITHOUT_SSH, WITHOUT_TAGS]
    );
    let inspect = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fetool"));
        let ran = command.arg("inspect").arg(vector(name)).output().unwrap();
        String::from_utf8(ran.stdout).unwrap()
    };
    let shown = inspect("age_ssh_ed25519_1000.age");
    assert!(
        shown.contains("for an SSH key of type ssh-ed25519 with the tag "),
        "{shown}"
    );
}
