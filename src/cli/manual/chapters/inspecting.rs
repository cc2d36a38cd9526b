//! What inspect prints.

use super::Chapter;
use super::Part::{Item, Lines, Text};

pub const REPORT: Chapter = (
    "THE REPORT",
    &[
        Text(
            "inspect needs no key: it decodes the header and walks the chunks to the end by their \
             lengths (skipping over them where the input is a file). What it says is what the \
             file claims to be; with --verify and a secret, every chunk is authenticated as well.",
        ),
        Text(
            "The first fault in the structure is reported with its offset in bytes, and makes the \
             exit status 4 (malformed) or 5 (truncated); a chunk that does not authenticate makes \
             it 3.",
        ),
    ],
);

pub const JSON: Chapter = (
    "JSON",
    &[
        Text(
            "--json prints one object a file, a line each, in the order of the PATHs. Members are \
             never removed or renamed; new ones may come. Sizes and offsets are in bytes. A member \
             that is not known is null.",
        ),
        Item("path", "string: the PATH as given, '-' for standard input"),
        Item(
            "format",
            "string or null: the format's name on the command line; null when none was recognised",
        ),
        Item(
            "title, version, algorithm",
            "the format's name for people (string), its version (number), its AEAD (string)",
        ),
        Item(
            "header_size, chunk_size, chunks, plaintext_size, sealed_size, overhead",
            "numbers; header_size + plaintext_size + what the chunks add = sealed_size, and overhead = sealed_size - plaintext_size",
        ),
        Item(
            "declared_size",
            "number or null: the plaintext's length as the header has it",
        ),
        Item(
            "length_protection",
            "string: how the plaintext's length is protected",
        ),
        Item(
            "end",
            "string: how the end is known: 'declared-size', 'short-chunk', 'last-block', 'one-block' or 'none'",
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
            "true, false, or null when that was not asked for",
        ),
        Item(
            "reading",
            "string or null: with --verify, which reading of the format authenticated the file",
        ),
        Item(
            "layers",
            "number or null: how many times GoCrypt has sealed the data",
        ),
        Item(
            "possible",
            "array of {format, title, likely, supporting, opposing}: where no magic number tells, \
             the formats that it may be; likely is true where opposing is empty",
        ),
        Item(
            "fault",
            "null, or {status, offset, message}: the first fault; offset may be null",
        ),
        Lines("fetool inspect --json *.gfe | jq -r 'select(.fault) | .path'"),
    ],
);
