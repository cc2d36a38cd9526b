//! The text of the overview page.

use super::Chapter;
use super::Part::{Item, Text};

pub const EXTERNAL: &str = "\
If there is no subcommand x, 'fetool x' runs the program fetool-x from PATH with the remaining \
arguments; 'fetool help' lists these programs. Relative directories in PATH are skipped.";

pub const SHORT_FORMATS: Chapter = (
    "FORMATS",
    &[
        Item(
            "age (.age)",
            "for recipients, identities and passphrases; the default for these",
        ),
        Item(
            "gfe (.gfe)",
            "go-fileencrypt, for a raw key; the default for one",
        ),
        Item(
            "dexios (.dexios)",
            "Dexios, with up to four keys or passphrases",
        ),
        Item(
            "gocrypt, parallel-encryptor (.enc)",
            "GoCrypt and the AES-GCM File Encryptor, for exchange with these programs; weak",
        ),
        Text(
            "open, check and inspect identify the format. fetool-formats(5) says what each protects.",
        ),
    ],
);

pub const ENVIRONMENT: Chapter = (
    "ENVIRONMENT",
    &[
        Item(
            "FETOOL_KEY",
            "replaces --key if neither --key nor --passphrase is given. It holds a SPEC, such as \
             '@/home/me/keyfile', never the key itself. 'seal --new-key' requires --key.",
        ),
        Item("NO_COLOR", "disables colour in help and error messages"),
        Item(
            "TERM",
            "If unset or 'dumb', fetool uses no colour and draws no progress line.",
        ),
        Item(
            "LC_ALL, LC_CTYPE, LANG",
            "The first that is set says whether the terminal shows UTF-8. If not, file names in the progress \
             line are ASCII, with '?' for other characters.",
        ),
        Item(
            "PATH",
            "where plugins of age (age-plugin-NAME) and programs fetool-x are looked up",
        ),
    ],
);
