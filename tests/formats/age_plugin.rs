//! Plugins of age: shell scripts play them, well and badly.

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

/// Answers what is asked, and notes it.
struct Recorder {
    notes: Mutex<Vec<String>>,
    answers: bool,
}

impl PluginInteraction for Recorder {
    fn message(&self, plugin: &PluginName, text: &str) -> bool {
        self.note(format!("{plugin} message {text:?}"));
        self.answers
    }

    fn confirm(
        &self,
        plugin: &PluginName,
        text: &str,
        yes: &str,
        no: Option<&str>,
    ) -> Option<bool> {
        self.note(format!("{plugin} confirm {text:?} {yes:?} {no:?}"));
        self.answers.then_some(no.is_none())
    }

    fn request(
        &self,
        plugin: &PluginName,
        prompt: &str,
        secret: bool,
    ) -> Option<Zeroizing<String>> {
        self.note(format!("{plugin} request {prompt:?} {secret}"));
        self.answers.then(|| Zeroizing::new("1234".to_owned()))
    }
}

impl Recorder {
    fn new(answers: bool) -> Arc<Self> {
        Arc::new(Self {
            notes: Mutex::default(),
            answers,
        })
    }

    fn note(&self, text: String) {
        self.notes.lock().unwrap().push(text);
    }
}

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

#[test]
fn one_process_serves_many_files() {
    let plugin = Installed::new("toy");
    let found = || plugin.find("toy", Arc::new(NoInteraction));
    let starts = || {
        plugin
            .read("starts")
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let recipients = PluginRecipients::new(found(), vec![identity("TOY").recipient()]);
    let seal = |text: &[u8]| {
        let mut sealed = Vec::new();
        Seal::new(Recipient::wrapping(&recipients))
            .format(&Age)
            .run(text, &mut sealed)
            .unwrap();
        sealed
    };
    let files: Vec<_> = [&b"one"[..], b"two", b"three"].map(seal).to_vec();
    assert_eq!(starts(), ["--age-plugin=recipient-v1"; 3]);

    let keys: Vec<_> = (0..20).map(|i| FileKey::from_bytes(&[i; 16])).collect();
    recipients.prepare(&keys).unwrap();
    assert_eq!(starts().len(), 4);
    for key in &keys {
        let stanzas = recipients.wrap_key(key, &fetool::random).unwrap();
        assert_eq!(stanzas, [stanza("toy", &[], key.as_bytes())]);
    }
    assert_eq!(starts().len(), 4);

    let stanzas = |file: &Vec<u8>| AgeHeader::decode(file).unwrap().stanzas;
    let identities = PluginIdentities::new(found(), vec![identity("TOY"), identity("toy")]);
    let all: Vec<_> = files.iter().map(stanzas).collect();
    identities.prepare(&all).unwrap();
    identities.prepare(&all).unwrap();
    for (file, expected) in files.iter().zip(["one", "two", "three"]) {
        for _ in 0..2 {
            let mut plaintext = Vec::new();
            Open::new(Identity::unwrapping(&identities))
                .run(&file[..], &mut plaintext)
                .unwrap();
            assert_eq!(plaintext, expected.as_bytes());
        }
    }
    assert_eq!(starts().len(), 5);
    assert_eq!(starts()[4], "--age-plugin=identity-v1");

    // One by one, and each of them once.
    let alone = PluginIdentities::new(found(), vec![identity("TOY")]);
    for file in [0, 1, 0, 1] {
        assert!(alone.unwrap_key(&all[file]).unwrap().is_some());
    }
    assert_eq!(starts().len(), 7);
    // Whatever a header has, one process tells which stanzas are its own.
    let stanzas = [&all[2][..], &[stanza("grease", &[], b"x")], &all[1][..]].concat();
    let new = PluginIdentities::new(found(), vec![identity("TOY")]);
    assert_eq!(new.matching(&stanzas).unwrap(), [0, 2]);
    assert_eq!(starts().len(), 8);
    // A file for others is none of its business.
    let other = X25519Identity::generate(&fetool::random).unwrap();
    let foreign = [other.recipient().wrap(&key(), &fetool::random).unwrap()];
    assert!(alone.unwrap_key(&foreign).unwrap().is_none());
}

#[test]
fn a_plugin_is_told_what_it_needs() {
    let plugin = Installed::scripted(
        "ask '-> recipient-stanza 0 x y' AAAA\nask '-> recipient-stanza 1 x' AAAA\npwd > \"$here/pwd\"\n\
         echo \"secret: $CARGO_MANIFEST_DIR\" > \"$here/env\"\n",
    );
    let found = plugin
        .find("scripted", Arc::new(NoInteraction))
        .without_variables(["CARGO_MANIFEST_DIR".into()]);
    let mut recipients = vec![RECIPIENT.parse().unwrap(), identity("SCRIPTED").recipient()];
    recipients.push(RECIPIENT.parse().unwrap());
    let recipients = PluginRecipients::new(found, recipients);
    let keys = [key(), FileKey::from_bytes(&[0; 16])];
    recipients.prepare(&keys).unwrap();
    let identity = identity("SCRIPTED").encode();
    assert_eq!(
        plugin.read("log"),
        format!(
            "--age-plugin=recipient-v1\n-> add-recipient {RECIPIENT}\n\n-> add-identity {}\n\n\
             -> add-recipient {RECIPIENT}\n\n-> wrap-file-key\n{KEY}\n-> wrap-file-key\n\
             AAAAAAAAAAAAAAAAAAAAAA\n-> extension-labels\n\n-> done\n-> ok\n\n-> ok\n\n",
            *identity
        )
    );
    let temporary = std::env::temp_dir().canonicalize().unwrap();
    assert_eq!(plugin.read("pwd").trim(), temporary.to_str().unwrap());
    assert_eq!(plugin.read("env"), "secret: \n");

    let plugin = Installed::scripted(&format!("ask '-> file-key 1' {KEY}\n"));
    let identities = plugin.identities();
    let files = [
        vec![stanza("x", &["y"], b"z"), stanza("grease", &[], &[0; 48])],
        vec![stanza("x", &[], &[0; 49])],
    ];
    identities.prepare(&files).unwrap();
    let zeros = "A".repeat(64);
    assert_eq!(
        plugin.read("log"),
        format!(
            "--age-plugin=identity-v1\n-> add-identity {}\n\n-> recipient-stanza 0 x y\neg\n\
             -> recipient-stanza 0 grease\n{zeros}\n\n-> recipient-stanza 1 x\n{zeros}\nAA\n-> done\n-> ok\n\n",
            *identity
        )
    );
    assert!(identities.unwrap_key(&files[0]).unwrap().is_none());
    let found = identities.unwrap_key(&files[1]).unwrap().unwrap();
    assert_eq!(found.as_bytes(), key().as_bytes());
}

#[test]
fn questions_are_answered() {
    let encode = |text: &str| Base64Unpadded::encode_string(text.as_bytes());
    let (yes, no) = (encode("Yes"), encode("No, \x1b[31m"));
    let questions = format!(
        "ask '-> msg' {}\nask '-> confirm {yes}' {}\nask '-> confirm {yes} {no}'\n\
         ask '-> request-public' {}\nask '-> request-secret' {}\nask '-> something new' AAAA\n\
         ask '-> Xq-grease x y z'\n",
        encode("touch\nme\x07"),
        encode("Sure?"),
        encode("Name"),
        encode("PIN")
    );
    let wrapped = "ask '-> labels b a b'\nask '-> recipient-stanza 0 x y' AAAA\n";
    let unwrapped = format!("ask '-> file-key 0' {KEY}\n");
    for answers in [true, false] {
        let told = match answers {
            true => [
                "-> ok",
                "",
                "-> ok yes",
                "",
                "-> ok no",
                "",
                "-> ok",
                "MTIzNA",
                "-> ok",
                "MTIzNA",
                "-> unsupported",
                "",
                "-> unsupported",
                "",
            ],
            false => [
                "-> fail",
                "",
                "-> fail",
                "",
                "-> fail",
                "",
                "-> fail",
                "",
                "-> fail",
                "",
                "-> unsupported",
                "",
                "-> unsupported",
                "",
            ],
        };
        let asked = [
            "scripted message \"touch\\nme\u{fffd}\"",
            "scripted confirm \"Sure?\" \"Yes\" None",
            "scripted confirm \"\" \"Yes\" Some(\"No, \u{fffd}[31m\")",
            "scripted request \"Name\" false",
            "scripted request \"PIN\" true",
        ];
        let plugin = Installed::scripted(&format!("{questions}{wrapped}"));
        let recorder = Recorder::new(answers);
        let recipients = PluginRecipients::new(
            plugin.find("scripted", recorder.clone()),
            scripted_recipients(),
        );
        let (stanzas, labels) = recipients.wrap_labelled(&key(), &fetool::random).unwrap();
        assert_eq!(stanzas, [stanza("x", &["y"], &[0; 3])]);
        assert_eq!(labels, ["a", "b"].map(str::to_owned).into());
        let log = plugin.read("log");
        let (_, log) = log.split_once("-> done\n").unwrap();
        let heard: Vec<_> = log.lines().collect();
        assert_eq!(heard, [&told[..], &["-> ok", "", "-> ok", ""]].concat());
        assert_eq!(*recorder.notes.lock().unwrap(), asked);

        let plugin = Installed::scripted(&format!("{questions}{unwrapped}"));
        let recorder = Recorder::new(answers);
        let found = plugin.find("scripted", recorder.clone());
        let identities = PluginIdentities::new(found, vec![identity("scripted")]);
        assert!(
            identities
                .unwrap_key(&[stanza("x", &[], b"")])
                .unwrap()
                .is_some()
        );
        let log = plugin.read("log");
        let (_, log) = log.split_once("-> done\n").unwrap();
        assert_eq!(
            log.lines().collect::<Vec<_>>(),
            [&told[..], &["-> ok", ""]].concat()
        );
        assert_eq!(*recorder.notes.lock().unwrap(), asked);
    }
}

#[test]
fn labels_decide_who_shares_a_file() {
    let wrapped = "ask '-> recipient-stanza 0 x'\n";
    let identity = AgeIdentity::X25519(X25519Identity::generate(&fetool::random).unwrap());
    let classic = identity.recipient();
    let seal = |plugin: &Installed| {
        let recipients = plugin.recipients();
        Seal::new(Recipient::wrapping(&classic))
            .add_recipient(Recipient::wrapping(&recipients))
            .format(&Age)
            .run(&b"text"[..], &mut Vec::new())
            .map(drop)
    };
    seal(&Installed::scripted(wrapped)).unwrap();
    seal(&Installed::scripted(&format!("ask '-> labels'\n{wrapped}"))).unwrap();
    let mixed = seal(&Installed::scripted(&format!(
        "{wrapped}ask '-> labels postquantum'\n"
    )));
    let mixed = mixed.unwrap_err().to_string();
    assert!(
        mixed.starts_with("a post-quantum recipient cannot share a file"),
        "{mixed}"
    );

    // Nor can it be added to a file.
    let mut sealed = Vec::new();
    Seal::new(Recipient::wrapping(&classic))
        .format(&Age)
        .run(&b"text"[..], &mut sealed)
        .unwrap();
    for (labels, status) in [("", None), (" postquantum", Some(status::USAGE))] {
        let plugin = Installed::scripted(&format!("{wrapped}ask '-> labels{labels}'\n"));
        let recipients = plugin.recipients();
        let change = Change::Add(vec![Recipient::wrapping(&recipients)]);
        let rekeyed = Rekey::new(Identity::unwrapping(&identity), change).run(&sealed[..], sink());
        assert_eq!(rekeyed.err().map(|error| error.status()), status);
    }
}

#[test]
fn errors_of_a_plugin_are_told() {
    let text = Base64Unpadded::encode_string(b"the card\nis \x1b[2Jgone");
    for what in [
        "error internal",
        "error recipient 0",
        "error identity 0",
        "error",
    ] {
        let plugin = Installed::scripted(&format!(
            "ask '-> {what}' '{text}'\nask '-> error internal' AAAA\nask '-> recipient-stanza 0 x'\n"
        ));
        let error = wrap(&plugin).unwrap_err();
        assert_eq!(
            error.to_string(),
            "age-plugin-scripted: the card is \u{fffd}[2Jgone"
        );
        assert_eq!(error.status(), status::SYSTEM);
        assert!(
            plugin
                .read("log")
                .ends_with("-> done\n-> ok\n\n-> ok\n\n-> ok\n\n")
        );
    }
    for what in ["error internal", "error identity 0", "error stanza 0 0"] {
        let plugin = Installed::scripted(&format!("ask '-> {what}' '{text}'\n"));
        assert_eq!(
            unwrap(&plugin).unwrap_err().to_string(),
            "age-plugin-scripted: the card is \u{fffd}[2Jgone"
        );
        // What opens in spite of it opens.
        let plugin = Installed::scripted(&format!(
            "ask '-> {what}' '{text}'\nask '-> file-key 0' {KEY}\n"
        ));
        assert!(unwrap(&plugin).unwrap().is_some());
    }
    // The fault of one file is its own.
    let plugin = Installed::scripted(&format!(
        "[ -e \"$here/once\" ] || ask '-> file-key 1' {KEY}\n: > \"$here/once\"\nask '-> error stanza 0 0'\n"
    ));
    let identities = plugin.identities();
    let files = [vec![stanza("x", &[], b"a")], vec![stanza("x", &[], b"b")]];
    identities.prepare(&files).unwrap();
    assert!(identities.unwrap_key(&files[1]).unwrap().is_some());
    assert_eq!(
        identities.unwrap_key(&files[0]).unwrap_err().to_string(),
        "age-plugin-scripted: it failed, and does not say why"
    );
}

/// The message of each, behind the plugin's name.
#[test]
fn misbehaviour_is_an_error() {
    let broke = |what: &str| format!("broke the plugin protocol: {what}");
    let both = [
        (
            "exit 3",
            "ended with exit status: 3 before it was done".to_owned(),
        ),
        (
            "exit 0",
            "ended with exit status: 0 before it was done".to_owned(),
        ),
        (
            "kill -9 $$",
            "ended with signal: 9 (SIGKILL) before it was done".to_owned(),
        ),
        (
            "printf 'done\\n\\n'",
            broke("a message does not begin with \"-> \""),
        ),
        (
            "printf '%s' '-> msg'; exit",
            broke("a message ends in the middle"),
        ),
        (
            "say '-> msg' '='",
            broke("invalid character in a stanza body"),
        ),
        ("say '-> msg  x'", broke("empty stanza argument")),
        ("say '-> confirm'", broke("a question without choices")),
        (
            "say '-> confirm a b c'",
            broke("a question without choices"),
        ),
        (
            "say '-> confirm ='",
            broke("the choices of a question are not in base64"),
        ),
        (
            "while say '-> unknown'; do :; done",
            broke("it sends messages without end"),
        ),
        (
            "while say '-> error internal'; do :; done",
            broke("it sends messages without end"),
        ),
        (
            "printf '%s' '-> msg '; while printf x; do :; done",
            broke("a message is too long"),
        ),
    ];
    let sealing = [
        ("", broke("it wrapped no file key")),
        (
            "say '-> recipient-stanza'",
            broke("a stanza is for a file that is not there"),
        ),
        ("say '-> recipient-stanza 0'", broke("a stanza has no type")),
        (
            "say '-> recipient-stanza 1 x'",
            broke("a stanza is for a file that is not there"),
        ),
        (
            "say '-> recipient-stanza 00 x'",
            broke("a stanza is for a file that is not there"),
        ),
        (
            "say '-> recipient-stanza +0 x'",
            broke("a stanza is for a file that is not there"),
        ),
        (
            "ask '-> labels a'; ask '-> labels a'",
            broke("it sends labels twice"),
        ),
        (
            "while say '-> recipient-stanza 0 x'; do :; done",
            broke("it sends messages without end"),
        ),
    ];
    let opening = [
        (
            "say '-> file-key' AAAA",
            broke("a file key is for a file that is not there"),
        ),
        (
            "say '-> file-key 1' AAAA",
            broke("a file key is for a file that is not there"),
        ),
        (
            "say '-> file-key 0 0' AAAA",
            broke("a file key is for a file that is not there"),
        ),
        (
            "say '-> file-key 0' AAAA",
            broke("a file key has 3 bytes instead of 16"),
        ),
        (
            "say '-> file-key 0'",
            broke("a file key has 0 bytes instead of 16"),
        ),
        (
            "ask '-> file-key 0' AAAAAAAAAAAAAAAAAAAAAA; ask '-> file-key 0' AAAAAAAAAAAAAAAAAAAAAA",
            broke("it sends two file keys for one file"),
        ),
        (
            "say '-> error stanza 1 0'",
            broke("an error is about a file that is not there"),
        ),
    ];
    let check = |script: &str, error: Error, what: &str| {
        assert_eq!(
            error.to_string(),
            format!("age-plugin-scripted: {what}"),
            "{script}"
        );
        assert!(matches!(error, Error::Plugin { .. }));
    };
    for (script, what) in both.iter().chain(&sealing) {
        let plugin = Installed::scripted(&format!("{script}\n"));
        check(script, wrap(&plugin).unwrap_err(), what);
    }
    for (script, what) in both.iter().chain(&opening) {
        let plugin = Installed::scripted(&format!("{script}\n"));
        check(script, unwrap(&plugin).unwrap_err(), what);
    }
    // One that cannot even be started.
    let plugin = Installed::new("toy");
    fs::write(plugin.0.path().join("age-plugin-x"), "#!/nowhere\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(plugin.0.path().join("age-plugin-x"), mode).unwrap();
    let found = plugin.find("x", Arc::new(NoInteraction));
    let error = PluginRecipients::new(found, vec![identity("X").recipient()])
        .wrap_key(&key(), &fetool::random)
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("age-plugin-x: cannot be started: "),
        "{message}"
    );
}

#[test]
fn a_plugin_that_hangs_is_left() {
    let silent = "age-plugin-scripted: does not answer: it was silent for 0 seconds";
    let patience = Duration::from_millis(300);
    for (first, then) in [("", "exec sleep 60"), ("exec sleep 60", "")] {
        let plugin = Installed::scripted(then);
        fs::write(plugin.0.path().join("first"), first).unwrap();
        let found = || {
            let found = plugin.find("scripted", Arc::new(NoInteraction));
            found.patience(patience)
        };
        let recipients = PluginRecipients::new(found(), scripted_recipients());
        let error = recipients.wrap_key(&key(), &fetool::random).unwrap_err();
        assert_eq!(error.to_string(), silent);
        // More than a pipe holds.
        let identities = PluginIdentities::new(found(), vec![identity("scripted")]);
        let large = vec![stanza("x", &[], &[0; 100_000]); 3];
        let error = identities.unwrap_key(&large).unwrap_err();
        assert_eq!(error.to_string(), silent);
    }
    // It is done, but does not end: nobody waits for it.
    let plugin = Installed::scripted(&format!(
        "ask '-> file-key 0' {KEY}\nsay '-> done'\nexec sleep 60\n"
    ));
    assert!(unwrap(&plugin).unwrap().is_some());
}
