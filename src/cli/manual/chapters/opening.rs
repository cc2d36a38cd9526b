//! Opening, as a whole and in part.

use super::Chapter;
use super::Part::{Item, Text};

pub const OPENING: Chapter = (
    "OPENING",
    &[
        Text(
            "fetool opens a file with the first secret that fits, and fails with status 3 if none does. \
             The message says how many were tried.",
        ),
        Text(
            "Files that go-fileencrypt made of streams have no authenticated length. fetool opens them with a \
             warning; --strict refuses them with status 4. If the document and the program of a format \
             disagree on the nonce or the associated data, fetool uses the reading that authenticates the \
             first chunk.",
        ),
        Text(
            "--check authenticates everything and writes nothing. With --json it prints one object about an \
             authentic file, in one line; for others there is only the message. The members are path, \
             path_hex, format, chunks and plaintext_size as in fetool-inspect(1), reading (string: which \
             reading of the format authenticated the file), verified (true) and warnings (array of \
             strings, which are then not printed as messages).",
        ),
    ],
);

pub const RANGES: Chapter = (
    "RANGES",
    &[
        Text(
            "--range writes a part of the plaintext, exactly the bytes that it names. They count from 0. \
             Every number can have a suffix: KiB, MiB, GiB, TiB, or kB and so on for powers of 1000.",
        ),
        Item("START+LENGTH", "LENGTH bytes from START on"),
        Item(
            "START-END",
            "the bytes from START to END, both included, as in HTTP and with curl: 0-499 are the first 500",
        ),
        Item("START-", "everything from START on"),
        Item("-LAST", "the last LAST bytes"),
        Text(
            "From a file that can be read at any position, fetool reads the header, the first chunk to try \
             the key on, and the chunks that hold the range. It also opens the last chunk, as the last, \
             if the range depends on the length of the plaintext: for -LAST, for START-, for an empty \
             range and for one behind the end. A megabyte in the middle of a terabyte costs as much as \
             one at the start.",
        ),
        Text(
            "A pipe is read from its beginning: fetool passes over what is before the range, and stops \
             reading behind it. -LAST needs a file, and is status 2 for a pipe.",
        ),
        Text(
            "Every byte that comes out was authenticated, as the byte at its position. Nothing is said \
             about the rest of the file: damage elsewhere goes unnoticed, and so does a file that was cut \
             behind the range. --check and open without --range authenticate everything.",
        ),
        Text(
            "A range that the plaintext does not have is an error with status 2, which names the length. \
             fetool writes nothing then; from a pipe, the bytes before the end may have been written. An \
             empty range writes nothing and succeeds if the plaintext reaches its start.",
        ),
        Text(
            "Ranges need chunks whose places can be computed. That holds for age, also as text if all its \
             lines end alike; for Dexios in stream mode; for the AES-GCM File Encryptor; for GoCrypt with \
             one layer; and for GFE with a declared size or a stream, if all chunks but the last are as \
             long as the first. For other files --range says why not, with status 2. A GFE file with an \
             additive nonce needs --gfe-nonce additive, since only the whole file shows that it starts \
             with its first chunk.",
        ),
    ],
);
