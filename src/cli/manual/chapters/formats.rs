//! The formats, and their guarantees.

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
            "GFE version 1, the format of go-fileencrypt (.gfe): AES-256-GCM with a 32-byte key, in chunks \
             of up to 10 MiB. It has no key derivation and stores no salt. The default for a key, and for a \
             passphrase with --salt.",
        ),
        Item(
            "age",
            "age version 1 (.age): ChaCha20-Poly1305 in chunks of 64 KiB under a random file key. The \
             header wraps that key for each recipient: age1… (X25519), age1pq1… (post-quantum), age1tag1… \
             and age1tagpq1… (hardware keys, sealing only), SSH keys (ssh-ed25519, ssh-rsa) and plugins, or \
             for one passphrase (scrypt). --armor writes it as text, which is recognised. The default for \
             recipients, identities, and a passphrase without --salt. A file does not show who sealed it: \
             anyone who knows a recipient can seal for it.",
        ),
        Item(
            "dexios",
            "Dexios (.dexios): XChaCha20-Poly1305, AES-256-GCM or Deoxys-II-256 in blocks of 1 MiB, under a \
             random master key that up to four key slots wrap. fetool reads header versions 1 to 5 (Dexios \
             8.0 to 8.8) and writes version 5. No version of Dexios opens all of them. --max-memory bounds \
             files that were sealed in one piece (small files of versions 1 to 3).",
        ),
        Item(
            "gocrypt",
            "GoCrypt 1.1 (.enc): XChaCha20-Poly1305 in chunks of 32 KiB under a passphrase. The whole \
             stream is sealed again for each layer, up to 200 (--layers [default: 5]), with a key of its \
             own. All layers are sealed and opened in one pass and without temporary files. See WEAK \
             FORMATS.",
        ),
        Item(
            "gocrypt-v1",
            "GoCrypt 1.0: the same with one layer and another header. Only read.",
        ),
        Item(
            "parallel-encryptor",
            "the AES-GCM File Encryptor, also called Parallel-Encryptor (.enc): AES-256-GCM in chunks of \
             any size up to 4 GiB under a passphrase. See WEAK FORMATS.",
        ),
        Text("GoCrypt and the AES-GCM File Encryptor have no magic number. See FORMAT DETECTION."),
    ],
);

pub const STREAMS: Chapter = (
    "STREAMS AND FILES",
    &[
        Text(
            "age and Dexios mark the last chunk, so truncation is always detected. GFE stores the length of \
             a file in its header. The length of a pipe is unknown unless --size gives it. The streams of \
             go-fileencrypt can be cut between two chunks without notice; those of fetool cannot. Every \
             chunk but the last is full, the last is shorter (perhaps empty), and a mark in the size field \
             requires that. The size field is associated data of every chunk. go-fileencrypt opens these \
             files.",
        ),
        Text("A file that changes its length while fetool reads it is an error."),
    ],
);

pub const WEAK: Chapter = (
    "WEAK FORMATS",
    &[
        Text(
            "Some formats protect less than people expect. fetool supports them for exchange with their \
             programs. It prints a warning when it seals one (-q silences it), and inspect shows it. For \
             anything else choose age, gfe or dexios.",
        ),
        Item(
            "gocrypt: the nonce repeats",
            "Every chunk of a layer has the same nonce. Beyond 32 KiB the keystream repeats, so anyone who \
             has the file can compute the XOR of any two chunks that the outermost layer sealed, and forge \
             chunks of it. With one layer these chunks are plaintext.",
        ),
        Item(
            "gocrypt: chunks have no numbers",
            "With one layer, chunks can be changed, swapped, repeated and cut off without the passphrase. \
             With two, they can be cut off at the end, and swapped or repeated if they are 64 MiB apart. \
             With three or more, the outermost layer can be forged if it has more than one chunk. No attack \
             is known on such files of less than 128 GiB, but no number of layers guarantees that \
             truncation is detected. The arithmetic is in docs/formats/gocrypt.md of the source.",
        ),
        Item(
            "gocrypt: the passphrase",
            "4096 rounds of PBKDF2-HMAC-SHA256 take a millisecond, so passphrases can be guessed in bulk. \
             More layers do not help: one is enough to test a guess.",
        ),
        Item(
            "parallel-encryptor: the passphrase",
            "The key is SHA-256 of the secret, without a salt: one guess tests every file, at billions of \
             guesses a second. All files of a passphrase share one key; their nonces have 64 random bits.",
        ),
        Item(
            "parallel-encryptor: the end and the header",
            "The file can be truncated between two chunks without notice. The chunk size is not \
             authenticated: a changed one is noticed only if it moves the borders of the chunks.",
        ),
        Item(
            "both: empty files",
            "In a file without a chunk nothing is authenticated, so anyone can make one. GoCrypt with two \
             layers or more is an exception. open warns; open --check, open --strict and inspect --verify \
             fail with status 3. The same holds for an empty GFE file of go-fileencrypt.",
        ),
        Text(
            "open warns if the end of a file is not authenticated, and --strict refuses such files.",
        ),
    ],
);

pub const DETECTION: Chapter = (
    "FORMAT DETECTION",
    &[
        Text(
            "Without --format, the magic number decides: 'GFE', the bytes DE 01 to DE 05 and 0E for Dexios, \
             'age-encryption.org/' or the first line of its armor for age. If there is none, open and \
             inspect --verify try the secret on the first chunk, in each format without a magic number. They \
             take the format that authenticates it. They try the format first that needs the least input, \
             and buffer at most 64 MiB of a pipe. A file with a longer first chunk needs --format \
             parallel-encryptor. If no format authenticates the chunk, or there is no chunk, the status is \
             4, and the message says for each format what rules it out.",
        ),
        Text(
            "Without a secret, inspect lists the possible formats with the evidence for (+) and against (-) \
             each: the number of layers, the chunk size, whether the length fits, and whether the first \
             bytes have the entropy of sealed data. The status is 0 if there is a format with no evidence \
             against it, else 4. --format prints the whole report.",
        ),
    ],
);
