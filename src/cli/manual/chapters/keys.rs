//! Keys, identities, recipients and passphrases.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const KEYS: Chapter = (
    "KEYS",
    &[
        Text(
            "fetool never takes a secret from the command line itself, where every user of the machine can \
             read it. SPEC names its source:",
        ),
        Item(
            "@FILE",
            "the bytes of FILE; '@~/FILE' is in the home directory. fetool warns if other users can \
             read FILE.",
        ),
        Item("@-", "stdin, when the data comes from a PATH"),
        Item("env:NAME", "the value of the environment variable NAME"),
        Item(
            "fd:N",
            "the content of the file descriptor N, which the caller opened: 'fetool … -k fd:3 3< FILE'",
        ),
        Text("fetool identifies what a key file is by its content:"),
        Item(
            "identities",
            "One per line: AGE-SECRET-KEY-1…, AGE-SECRET-KEY-PQ-1… or AGE-PLUGIN-…, and comment lines that \
             begin with '#'. 'fetool keygen --age' and age-keygen make such files. The file can itself be an \
             age file for a passphrase. An SSH private key is also an identity. fetool asks for the passphrase \
             of an identity, or reads it from --identity-passphrase, only if a file needs that identity.",
        ),
        Item(
            "raw keys",
            "32 bytes are always a raw key. A GFE key can also be 64 hexadecimal digits or 44 base64 \
             characters, with an optional line end and comment lines ('#') above.",
        ),
        Item(
            "anything else",
            "Dexios, GoCrypt and the AES-GCM File Encryptor take any bytes, and hash them like a passphrase.",
        ),
        Text(
            "A recipient is public. 'seal --to' takes age1…, age1pq1…, age1tag1…, age1tagpq1…, a plugin's \
             age1NAME1…, an SSH public key, or @FILE with one recipient per line. Anyone who knows a recipient \
             can seal for it: a file does not show who sealed it.",
        ),
        Text(
            "When files are opened, -k and -p can be repeated: fetool tries every key in order, then every \
             passphrase, then plugins. If there are several secrets, it asks for a passphrase only if no key \
             opens the file. One process of a plugin serves all of its identities and all files of a tree.",
        ),
        Text(
            "fetool reads a typed passphrase from /dev/tty without echo; without a terminal that is an error. \
             For a single file, it asks up to three times. For trees it asks once, and a passphrase from a \
             SPEC is tried once. fetool cannot distinguish a wrong passphrase from a file that was tampered \
             with: the message names both, with status 3.",
        ),
        Text(
            "A passphrase is a string of bytes. fetool does not convert its encoding and does not normalise \
             it: a composed and a decomposed letter are different passphrases. seal and rekey refuse a secret \
             that is empty or only a line end, with status 2. open tries an empty key, for files that were \
             sealed with one.",
        ),
        Text(
            "A GFE key seals many files; each has a base nonce with 64 random bits. After n files under one \
             key, two share a nonce with a probability of about n^2 / 2^65: 2^-33 for 2^16 files. If two do, \
             anyone can compute the XOR of their contents and forge files under that key. Replace the key \
             after 65536 files. fetool warns if one run seals more, and cannot count over several runs. To \
             count the files that were sealed since the key was made:",
        ),
        Lines("find backup -name '*.gfe' -newer keyfile | wc -l"),
        Text(
            "'fetool keygen --comment TEXT' writes the limit and TEXT above the key. A passphrase of the \
             AES-GCM File Encryptor counts as one key.",
        ),
        Text(
            "In memory, fetool wipes secrets after use and keeps them out of swap as far as the limit on \
             locked memory allows (ulimit -l). It writes no core file, and other programs of the same user \
             cannot read its memory. A variable that env: names stays in the environment until fetool ends, \
             where root can read it. @FILE and fd: are safer.",
        ),
    ],
);
