//! The commands of age.

use super::Chapter;
use super::Part::{Item, Text};

pub const AGE_EXAMPLES: &str = "\
Examples:
  ln -s \"$(command -v fetool)\" ~/bin/age
  tar c dir | fetool age -r age1... > dir.tar.age
  fetool age -d -i key.txt dir.tar.age | tar x
  fetool age -p -o notes.age notes.txt
  curl https://github.com/USER.keys | fetool age -R - -o plans.age plans.pdf";

pub const AGE_KEYGEN_EXAMPLES: &str = "\
Examples:
  ln -s \"$(command -v fetool)\" ~/bin/age-keygen
  fetool age-keygen -o key.txt
  fetool age-keygen -y key.txt > recipients.txt";

pub const AGE_STATUSES: [(&str, &str); 3] = [
    ("0", "success; decryption authenticated the end of the file"),
    ("1", "any error"),
    (
        "2",
        "an option that age does not have, or one without its value",
    ),
];

/// What works as in age.
pub const AS_AGE: Chapter = (
    "COMPATIBILITY",
    &[
        Text(
            "The options, the outputs, the prompts and the statuses are those of age 1.3. Messages \
             begin with 'age: error:', 'age: warning:' or 'age: hint:', and those that other programs \
             look for have the same words: 'no identity matched any of the recipients', 'incorrect \
             passphrase', 'bad header MAC', 'failed to decrypt and authenticate payload chunk'. Nothing \
             is printed when all is well.",
        ),
        Text(
            "The first word that is not an option is INPUT. '-o=FILE', '--output FILE' and '-output \
             FILE' are the same, and '-a=false' takes -a back. Of a repeated -o the last one counts.",
        ),
    ],
);

/// What differs from age.
pub const DIFFERENCES: Chapter = (
    "DIFFERENCES FROM AGE",
    &[
        Item(
            "-o OUTPUT",
            "OUTPUT appears when it is complete, and an error leaves it as it was. age leaves what it \
             wrote before the error. The file is replaced and not written over, so other hard links \
             keep the old content.",
        ),
        Item(
            "the same file",
            "fetool refuses an OUTPUT that is also INPUT, an identity file or a recipients file, \
             whatever path leads to it. age compares the paths.",
        ),
        Item(
            "terminals",
            "Decrypted text goes to a terminal when all of it is there, up to 16 MiB. Data with control \
             characters is refused.",
        ),
        Item(
            "duplicates",
            "A recipient that is named twice gets one stanza.",
        ),
        Item(
            "-p",
            "The generated passphrase has 128 random bits in 8 groups of syllables, and no words of a \
             list. At most three passphrases can be typed for an encrypted identity file.",
        ),
        Item(
            "-i",
            "All identity files are read before anything is asked. One that is encrypted may be armored, \
             and may contain identities of plugins.",
        ),
        Item(
            "-j",
            "One process of a plugin serves all of its identities, also those in encrypted files. It inherits no file descriptors, but \
             age-plugin-batchpass gets that of AGE_PASSPHRASE_FD. PATH is searched in absolute \
             directories only.",
        ),
        Item(
            "messages",
            "Only the phrases above are the same. The text of a malformed recipient is not repeated, and \
             no address for reports is printed.",
        ),
        Item(
            "--version",
            "It prints the version of age that this stands in for, and that of fetool.",
        ),
        Item(
            "age-keygen",
            "The time of creation is in UTC. -y takes no encrypted identity files.",
        ),
    ],
);
