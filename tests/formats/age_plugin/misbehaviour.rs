//! Plugins that fail, break the protocol, or hang.

use super::*;

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
    // So it is with many files: one of two cards may be in another machine.
    let plugin = Installed::scripted(&format!(
        "ask '-> file-key 1' {KEY}\nask '-> error identity 0' '{text}'\n"
    ));
    let files = ["a", "b", "c"].map(|kind| vec![stanza(kind, &[], b"")]);
    let identities = plugin.identities();
    identities.prepare(&files).unwrap();
    assert!(identities.unwrap_key(&files[1]).unwrap().is_some());
    for file in [&files[0], &files[2]] {
        assert_eq!(
            identities.unwrap_key(file).unwrap_err().to_string(),
            "age-plugin-scripted: the card is \u{fffd}[2Jgone"
        );
    }
    assert_eq!(plugin.read("log").matches("identity-v1").count(), 1);
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
    // Nobody waits for the result any longer.
    struct Stopped;
    impl PluginInteraction for Stopped {
        fn message(&self, _: &PluginName, _: &str) -> bool {
            true
        }
        fn confirm(&self, _: &PluginName, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
            None
        }
        fn request(&self, _: &PluginName, _: &str, _: bool) -> Option<Zeroizing<String>> {
            None
        }
        fn is_stopped(&self) -> bool {
            true
        }
    }
    let plugin = Installed::scripted("exec sleep 60");
    let found = plugin.find("scripted", Arc::new(Stopped));
    let error = PluginRecipients::new(found, scripted_recipients())
        .wrap_key(&key(), &fetool::random)
        .unwrap_err();
    assert!(matches!(error, Error::Stopped), "{error}");
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
    // It has closed its output, but does not end.
    let plugin = Installed::scripted("exec 1>&-\nexec sleep 60\n");
    assert_eq!(
        unwrap(&plugin).unwrap_err().to_string(),
        "age-plugin-scripted: closed its output before it was done"
    );
    // It has ended, but what it left behind has its output open.
    let plugin = Installed::scripted("sleep 30 &\nexit 3\n");
    assert_eq!(
        unwrap(&plugin).unwrap_err().to_string(),
        "age-plugin-scripted: ended with exit status: 3 before it was done"
    );
    // It has closed its input, and does what it should: whether it read is its own affair.
    let plugin = Installed::scripted("");
    let first = format!("exec 0<&-\nsay '-> file-key 0' {KEY}\nsay '-> done'\nexit\n");
    fs::write(plugin.0.path().join("first"), first).unwrap();
    let large = vec![stanza("x", &[], &[0; 100_000]); 3];
    assert!(plugin.identities().unwrap_key(&large).unwrap().is_some());
    // It is done, but does not end: nobody waits for it.
    let plugin = Installed::scripted(&format!(
        "ask '-> file-key 0' {KEY}\nsay '-> done'\nexec sleep 60\n"
    ));
    assert!(unwrap(&plugin).unwrap().is_some());
}
