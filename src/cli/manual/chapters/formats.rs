//! The formats, and what they protect.

use super::Chapter;
use super::Part::{Item, Text};

pub const FORMATS_INTRODUCTION: &str = "\
fetool reads and writes the formats of other programs, so that they open its files and it opens theirs. \
'seal --format NAME' chooses one. The suffix is what fetool adds to names in directory trees.";

pub const FORMATS: Chapter = (
    "FORMATS",
    &[
        Item(
            "gfe",
            "GFE version 1, the format of go-fileencrypt (.gfe): AES-256-GCM with a 32-byte key, \
             chunks of up to 10 MiB, no key derivation and no salt in the file. The default for a \
             key, and for a passphrase with --salt.",
        ),
        Item(
            "age",
            "age version 1 (.age): ChaCha20-Poly1305 in chunks of 64 KiB under a random key that \
             the header wraps for each recipient: age1… (X25519), age1pq1… (post-quantum), \
             age1tag1… and age1tagpq1… (hardware keys, sealing only), SSH keys (ssh-ed25519, \
             ssh-rsa), plugins; or for one passphrase (scrypt). Also as text (--armor), which is \
             recognised. The default for recipients, identities, and a passphrase without --salt. \
             It says nothing about who sealed the file: whoever knows a recipient can seal for it.",
        ),
        Item(
            "dexios",
            "Dexios (.dexios): XChaCha20-Poly1305, AES-256-GCM or Deoxys-II-256 in blocks of 1 MiB, \
             under a random master key that up to four key slots wrap. Header versions 1 to 5 are \
             read (Dexios 8.0 to 8.8), version 5 is written. Dexios has no program that opens all \
             of them. Files that it sealed in one piece (versions 1 to 3, small files) are opened \
             within --max-memory.",
        ),
        Item(
            "gocrypt",
            "GoCrypt 1.1 (.enc): XChaCha20-Poly1305 in chunks of 32 KiB under a passphrase, all of \
             it done over up to 200 times (--layers; 5 by default), each layer with a key of its \
             own. All layers are sealed and opened in one pass and without temporary files. Weak: \
             see below.",
        ),
        Item(
            "gocrypt-v1",
            "GoCrypt 1.0: the same with one layer and another header. Only read.",
        ),
        Item(
            "parallel-encryptor",
            "the AES-GCM File Encryptor, also called Parallel-Encryptor (.enc): AES-256-GCM in \
             chunks of any size up to 4 GiB under a passphrase. Weak: see below.",
        ),
        Text("GoCrypt and the AES-GCM File Encryptor have no magic number. See FORMAT DETECTION."),
    ],
);

pub const STREAMS: Chapter = (
    "STREAMS AND FILES",
    &[
        Text(
            "age and Dexios mark the last chunk, so a file that was cut off is always noticed. GFE stores the \
             length of a file in its header. The length of a pipe is not known unless --size gives it, and \
             go-fileencrypt writes such streams so that a cut between two chunks cannot be noticed. fetool \
             writes them so that it can: every chunk but the last is full, the last is shorter (perhaps \
             empty), and a mark in the size field, which is associated data of every chunk, demands that. \
             go-fileencrypt opens these files too.",
        ),
        Text("A file that changes its length while fetool reads it is an error."),
    ],
);

pub const WEAK: Chapter = (
    "WEAK FORMATS",
    &[
        Text(
            "Some formats protect less than people expect. fetool reads and writes them for those \
             who must exchange files with their programs, and says so in a line when it seals one \
             (-q silences it); inspect says it too. For anything else choose gfe or dexios.",
        ),
        Item(
            "gocrypt: the nonce repeats",
            "every chunk of a layer has the same nonce. More than 32 KiB repeat the keystream, so \
             whoever has the file knows how any two chunks of what the outermost layer sealed \
             differ, and can forge chunks of it. With one layer that is the plaintext.",
        ),
        Item(
            "gocrypt: chunks have no place",
            "with one layer, chunks can be changed, swapped, repeated and cut off without the \
             passphrase. With two, they can be cut off at the end, and swapped or repeated when they \
             are 64 MiB apart. With three or more, the outermost layer can be forged once it has more \
             than one chunk. No way is known to use that on a file of less than 128 GiB, but no \
             number of layers guarantees that a missing end is noticed. docs/formats/gocrypt.md, which \
             comes with the source, has the arithmetic.",
        ),
        Item(
            "gocrypt: the passphrase",
            "4096 rounds of PBKDF2-HMAC-SHA256 take a millisecond, so passphrases can be guessed \
             in bulk. More layers do not help: one is enough to test a guess on.",
        ),
        Item(
            "parallel-encryptor: the passphrase",
            "the key is SHA-256 of the secret, without a salt: one guess tests every file, and \
             billions can be tested in a second. All files of a passphrase share one key; their \
             nonces have 64 random bits.",
        ),
        Item(
            "parallel-encryptor: the end and the header",
            "the end can be cut off between two chunks, unnoticed. The chunk size is not \
             authenticated; another one is noticed only where the data then falls into other \
             chunks.",
        ),
        Item(
            "both: empty files",
            "a file without a chunk (but for GoCrypt with two layers or more) holds nothing that \
             is authenticated: anyone can make one. open warns; open --check, open --strict and \
             inspect --verify fail with status 3. The same goes for an empty GFE file of \
             go-fileencrypt.",
        ),
        Text(
            "open warns where the end of a file is not authenticated, and --strict refuses such \
             files.",
        ),
    ],
);

pub const DETECTION: Chapter = (
    "FORMAT DETECTION",
    &[
        Text(
            "Without --format, a magic number decides: 'GFE', the bytes DE 01 to DE 05 and 0E for \
             Dexios, and 'age-encryption.org/' or the first line of its armor for age. Where there is none, open and inspect --verify try the secret on the first \
             chunk as each format without a magic number, those first that need least of the \
             input, and take the one that authenticates it. At most 64 MiB of a pipe are held for \
             that; a file whose first chunk is longer needs --format parallel-encryptor. Where \
             none authenticates, or a file has no chunk that could, the status is 4 and each \
             format is named with what spoke against it.",
        ),
        Text(
            "inspect without a secret lists the formats that are possible with what speaks for \
             (+) and against each (-): the number of layers, the chunk size, whether the length fits, \
             and whether the first bytes have the entropy of random ones, as sealed data has. The \
             status is 0 where nothing speaks against one of them, and 4 otherwise. --format gives \
             the whole report.",
        ),
    ],
);
