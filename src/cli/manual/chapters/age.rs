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
            "Options, output, prompts and exit statuses are those of age 1.3. Messages begin with 'age: \
             error:', 'age: warning:' or 'age: hint:'. Those that other programs search for have the same \
             words: 'no identity matched any of the recipients', 'incorrect passphrase', 'bad header MAC', \
             'failed to decrypt and authenticate payload chunk'. A successful run prints no message.",
        ),
        Text(
            "The first argument that is not an option is INPUT. '-o=FILE', '--output FILE' and '-output \
             FILE' are the same, and '-a=false' turns -a off. The last of several -o counts.",
        ),
    ],
);

/// What differs from age.
pub const DIFFERENCES: Chapter = (
    "DIFFERENCES FROM AGE",
    &[
        Item(
            "-o OUTPUT",
            "fetool writes a temporary file and renames it to OUTPUT when it is complete, so an error leaves \
             OUTPUT unchanged. age leaves what it wrote before the error. Since OUTPUT is replaced, other \
             hard links to it keep the old content.",
        ),
        Item(
            "the same file",
            "fetool refuses an OUTPUT that is the same file as INPUT, an identity file or a recipients file, \
             even under another name. age compares only the paths.",
        ),
        Item(
            "terminals",
            "fetool prints decrypted text on a terminal only after it has decrypted all of it, up to 16 MiB. \
             It refuses data with control characters.",
        ),
        Item(
            "duplicates",
            "A recipient that is named twice gets one stanza.",
        ),
        Item(
            "-p",
            "The generated passphrase has 128 random bits in 8 groups of syllables, instead of words from a \
             list. fetool asks for the passphrase of an encrypted identity file at most three times.",
        ),
        Item(
            "-i",
            "fetool reads all identity files before it asks for a passphrase. An encrypted identity file may \
             be armored, and may contain identities of plugins.",
        ),
        Item(
            "-j",
            "One plugin process serves all identities of the plugin, even those in encrypted files. It \
             inherits no file descriptors, except that age-plugin-batchpass gets that of AGE_PASSPHRASE_FD. \
             fetool ignores relative directories in PATH.",
        ),
        Item(
            "messages",
            "Only the phrases above are the same. fetool does not print the text of a malformed recipient, \
             nor an address for bug reports.",
        ),
        Item(
            "--version",
            "Prints the version of age that fetool is compatible with, and that of fetool.",
        ),
        Item(
            "age-keygen",
            "The time of creation is in UTC. -y does not accept encrypted identity files.",
        ),
    ],
);
