//! Public keys, and lists of them.

use super::*;

#[test]
fn recipients_are_read_with_any_comment() {
    for name in ["ssh_ed25519.pub", "ssh_rsa.pub"] {
        let line = text(vector(name)).trim_end().to_owned();
        let plain = line.strip_suffix(" vector").unwrap();
        let parsed: AgeRecipient = line.parse().unwrap();
        assert_eq!(parsed.to_string(), plain);
        for comment in [
            "",
            " ",
            " user@host",
            " a b  c",
            " ü",
            "\tx",
            "  two spaces",
        ] {
            let line = format!("{plain}{comment}");
            assert_eq!(line.parse::<AgeRecipient>().unwrap(), parsed, "{line}");
        }
        assert!(parsed.labels().is_empty());
        let (kind, wire) = plain.split_once(' ').unwrap();
        for (line, why) in [
            (
                format!("{kind}  {wire}"),
                "the key is damaged, or there is a typo in it",
            ),
            (
                kind.to_owned(),
                "it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one space between",
            ),
            (format!("{kind} {}", &wire[1..]), "the key is not in base64"),
            (
                format!("{kind} {}", &wire[4..]),
                "the key is damaged, or there is a typo in it",
            ),
            (
                format!("{kind} {wire}AAAA"),
                "the key is damaged, or there is a typo in it",
            ),
            (
                format!("ssh-foo {wire}"),
                "it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one space between",
            ),
        ] {
            let error = line.parse::<AgeRecipient>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("invalid SSH recipient: {why}"),
                "{line}"
            );
            assert_eq!(error.status(), status::USAGE);
        }
    }
    let rsa = text(vector("ssh_rsa.pub"));
    let wrong = rsa.replace("ssh-rsa ", "ssh-ed25519 ");
    let error = wrong.trim_end().parse::<AgeRecipient>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid SSH recipient: the key is of another type than it says"
    );
    let small = text(key("rsa_1024.pub"));
    let error = small.trim_end().parse::<AgeRecipient>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid SSH recipient: an RSA key of fewer than 2048 bits is not safe"
    );
}

#[test]
fn other_keys_are_passed_over_unless_they_are_alone() {
    let ecdsa = text(key("ecdsa.pub"));
    let ed25519 = text(vector("ssh_ed25519.pub"));
    let list = RecipientList::parse(format!("# keys\n{ecdsa}{ed25519}").as_bytes()).unwrap();
    assert_eq!(list.recipients, [ed25519.trim_end().parse().unwrap()]);
    let notes: Vec<_> = list.passed_over.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        ["line 2: passed over an SSH key of type ecdsa-sha2-nistp256, which only signs"]
    );
    let parsed = recipients::parse(format!("{ed25519}{ecdsa}").as_bytes()).unwrap();
    assert_eq!(parsed, list.recipients);

    let what = "files cannot be sealed to an SSH key of type ecdsa-sha2-nistp256: it only signs";
    let hint = &Hint::from(
        "give a key of type ssh-ed25519 or ssh-rsa that is in a file: ssh-agent and security \
                keys (sk-) only sign, so no key of theirs opens a file",
    );
    let error = RecipientList::parse(format!("\n{ecdsa}").as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), format!("line 2: {what}"));
    assert_eq!(error.hint(), Some(hint));
    let error = ecdsa.trim_end().parse::<AgeRecipient>().unwrap_err();
    assert_eq!(error.to_string(), what);
    assert_eq!(error.hint(), Some(hint));

    // What only says that it is such a key is no key.
    let error = RecipientList::parse(format!("{ed25519}ecdsa-sha2-nistp256 AAAA\n").as_bytes());
    assert_eq!(
        error.unwrap_err().to_string(),
        "line 2: invalid SSH recipient: it is not \"ssh-ed25519 AAAA…\" or \"ssh-rsa AAAA…\", with one \
         space between"
    );
}
