//! What a plugin is told, what it asks, and what comes of its answers.

use super::*;

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
