//! The output of inspect.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const REPORT: Chapter = (
    "THE REPORT",
    &[
        Text(
            "inspect needs no key. It decodes the header and follows the lengths of the chunks to the end of \
             the file. In a regular file it seeks from chunk to chunk. Without a key nothing is authenticated: \
             the report says what the file claims to be. --verify with a secret also authenticates every \
             chunk.",
        ),
        Text(
            "The report shows the first fault in the structure, with its offset in bytes. The exit status is \
             then 4 (malformed) or 5 (truncated). With --verify it is 3 if a chunk does not authenticate, or \
             if nothing is authenticated: there is no chunk at all, or the tags can be forged without the \
             secret.",
        ),
    ],
);

pub const JSON: Chapter = (
    "JSON",
    &[
        Text(
            "--json prints one object per line for each file, in the order of the PATHs. Later versions may \
             add members, and never remove or rename one. Sizes and offsets are in bytes. Unknown values are \
             null.",
        ),
        Item("path", "string: the PATH as given, '-' for standard input"),
        Item(
            "path_hex",
            "string or null: the bytes of a PATH that is not UTF-8, in hexadecimal digits",
        ),
        Item(
            "format",
            "string or null: the format's name on the command line; null if none was recognised",
        ),
        Item(
            "title, version, algorithm",
            "the format's name for people (string), its version (number or null), its AEAD (string)",
        ),
        Item(
            "mode",
            "string or null: 'stream' or 'memory', how Dexios has sealed the data",
        ),
        Item(
            "layers",
            "number or null: how many times GoCrypt has sealed the data",
        ),
        Item(
            "keys",
            "array of {kdf, memory, passes, lanes, iterations, text}: how the secret becomes a key, one for \
             each key slot of Dexios, one for other formats, none for GFE. kdf is 'argon2id', 'balloon', \
             'pbkdf2', 'scrypt', 'sha256', or null if unknown; memory is in bytes; text is for people. \
             Members that a kdf does not have are null",
        ),
        Item(
            "stanzas",
            "array of {stanza, type, args, offset, size, text}: the stanzas of an age file. stanza counts \
             from 0; text says who the recipient is, if that is known",
        ),
        Item(
            "opened_stanzas",
            "array of numbers or null: with -k, the stanzas that the given identities open",
        ),
        Item(
            "post_quantum",
            "string or null: 'yes', 'no' or 'unknown', whether an age file stays secret once there are \
             quantum computers",
        ),
        Item(
            "armored, armor_size",
            "boolean and number, or null: whether an age file is text, and how many bytes that adds. All \
             other sizes and offsets are those of the bytes that the text stands for",
        ),
        Item(
            "header_size, chunk_size, chunks, plaintext_size, sealed_size, overhead",
            "numbers; header_size + plaintext_size + what the chunks add = sealed_size, and overhead = sealed_size - plaintext_size",
        ),
        Item(
            "declared_size",
            "number or null: the plaintext's length as a GFE header declares it",
        ),
        Item(
            "length_protection",
            "string: how the plaintext's length is protected, for people",
        ),
        Item(
            "end",
            "string: how the end is known: 'declared-size', 'short-chunk', 'last-block', 'last-chunk', 'one-block' or 'none'",
        ),
        Item(
            "authenticated",
            "string: which bytes of the header are authenticated, for people",
        ),
        Item(
            "header",
            "array of {offset, size, hex, field, meaning}, which covers the header without gaps",
        ),
        Item(
            "warnings",
            "array of strings: what the file does not protect",
        ),
        Item(
            "verified",
            "with --verify: true if every chunk is authentic. false if one is not, if there is no chunk, or \
             if the tags can be forged without the secret (GoCrypt with 1 or 2 layers). null without \
             --verify",
        ),
        Item(
            "reading",
            "string or null: with --verify, which reading of the format authenticated the file",
        ),
        Item(
            "possible",
            "array of {format, title, likely, supporting, opposing}: the formats that a file without a \
             magic number may be of; likely is true if opposing is empty",
        ),
        Item(
            "fault",
            "null, or {status, offset, message}: the first fault; offset may be null",
        ),
        Lines("fetool inspect --json *.gfe | jq -r 'select(.fault) | .path'"),
    ],
);
