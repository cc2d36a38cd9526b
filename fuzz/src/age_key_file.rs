//! Files of age's recipients and identities: what is accepted is the same as text again, and no error has
//! any of the text.

use super::memory::bounded;
use fetool::format::age::{KeyFile, RecipientList, identities};
use fetool::{Error, status};

pub fn age_key_file(input: &[u8]) {
    let kind = KeyFile::of(input);
    let text: Vec<_> = input
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .collect();
    match bounded(input, || identities::parse(input)) {
        Ok(identities) => {
            assert_eq!(kind, KeyFile::Identities);
            let lines: Vec<_> = identities
                .iter()
                .map(|identity| identity.encode())
                .collect();
            let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
            assert_eq!(lines, text);
        }
        Err(error) => refused(&error, status::SYSTEM, &text),
    }
    match bounded(input, || RecipientList::parse(input)) {
        Ok(list) => {
            assert_eq!(kind, KeyFile::Recipients);
            assert_eq!(list.recipients.len() + list.passed_over.len(), text.len());
            let mut lines = text.iter();
            for recipient in list.recipients {
                // A comment is left out, and so are lines that were passed over.
                let recipient = recipient.to_string();
                assert!(lines.any(|line| line.starts_with(recipient.as_bytes())));
            }
        }
        Err(error) => refused(&error, status::USAGE, &text),
    }
}

pub(super) fn refused(error: &Error, status: u8, text: &[&[u8]]) {
    assert_eq!(error.status(), status, "{error:?}");
    let message = format!("{error} {:?}", error.hint());
    for line in text {
        // Any piece of a line that is long enough to be worth something.
        let mut pieces = line.windows(24);
        let shown = pieces.any(|piece| {
            message
                .as_bytes()
                .windows(piece.len())
                .any(|part| part == piece)
        });
        assert!(!shown, "{message}");
    }
}
