//! Sealing.

use super::Chapter;
use super::Part::Text;

pub const SEALING: Chapter = (
    "SEALING",
    &[
        Text(
            "The secrets choose the format unless --format is given: a raw key makes a GFE file; recipients, \
             identities and passphrases make an age file. For a raw key together with a passphrase, or for \
             several raw keys, give '-f dexios'. fetool-formats(5) says what each format protects.",
        ),
        Text(
            "A passphrase for GFE requires --salt, since the format keeps none. An age file for a passphrase \
             has no other recipients, and costs a scrypt run for each file; for many files use recipients.",
        ),
    ],
);
