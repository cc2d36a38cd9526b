//! The chapters about measuring.

use super::chapters::Chapter;
use super::chapters::Part::{Item, Lines, Text};

pub const BENCH_EXAMPLES: &str = "\
Examples:
  fetool bench
  fetool bench aead -j 1
  fetool bench --format gocrypt --layers 1,5,200
  fetool bench --format gfe,dexios --dir /mnt/backup --size 1GiB";

pub const MEASURING: Chapter = (
    "HOW IT IS MEASURED",
    &[
        Text(
            "Everything that is measured is done once to warm up (but for key derivations, which take \
             long and ask for new memory each time), and then in turns: every line once, every line \
             once more. Another program that takes the machine for a moment \
             spoils one turn of many lines, and the median leaves that out. What stands behind \
             ± is how far the farther quartile is from the median; above 10 % or so, the machine was \
             too busy to tell. There are 7 turns, 3 of the key derivations, and fewer on a machine \
             where they would take longer than half a minute together.",
        ),
        Text(
            "Beside each rate is what part it is of its limit, measured in the same turns. More than \
             100 % is possible: the limit is a plain copy, and not always the best one.",
        ),
        Item(
            "aead",
            "every AEAD in every engine that is built in and that the processor can run, on chunks \
             of 4 KiB, 64 KiB and 1 MiB that are in the processor's cache, by that many jobs at \
             once. The limit is copying the same chunks.",
        ),
        Item(
            "kdf",
            "the key derivations with the parameters that the formats fix: the time for one key, and \
             the memory that it works on. A slow key derivation is a good one, where it protects a \
             passphrase.",
        ),
        Item(
            "format",
            "whole streams, sealed and opened as seal and open do it: from memory to nowhere \
             ('memory'), from one pipe to another ('pipe') and, with --dir, from a file to a new \
             file ('file'). Keys are derived before. The limit is a plain copy the same way, in \
             blocks of 1 MiB. The engine is always the fastest. Dexios has its default AEAD unless \
             --aead names others, GoCrypt 5 layers unless --layers does.",
        ),
        Text(
            "In the bars, what is full is the slower one of sealing and opening, and what is pale \
             goes on to the faster one. Where standard output is no terminal there are no bars, and \
             with NO_COLOR no colours.",
        ),
        Text(
            "Each option under SELECTION leaves only those lines that it speaks of, and a PART only \
             that part: 'fetool bench --aead deoxys-ii-256' measures that AEAD in its engines and in \
             Dexios. Lists are separated by commas. Where nothing is left, the status is 2.",
        ),
        Text(
            "With --dir, files named '.fetool-*' are made in FOLDER. They are removed at the end, at \
             errors and at any signal that can be caught. Nothing is told to be brought to the disk \
             (fsync), so that unless --size is larger than the system's memory for files, that is \
             what is measured.",
        ),
    ],
);

pub const BENCH_JSON: Chapter = (
    "JSON",
    &[
        Text(
            "--json prints one object, in one line, when everything was measured. Members are never \
             removed or renamed; new ones may come. Sizes are in bytes, rates in bytes a second. A \
             member that does not go with what was measured is null.",
        ),
        Item("fetool", "string: the version"),
        Item("cores", "number: the cores that fetool may use"),
        Item(
            "results",
            "array of objects, one for each operation, with the members that follow",
        ),
        Item("part", "string: 'aead', 'kdf' or 'format'"),
        Item(
            "operation",
            "string: 'seal', 'open', 'derive', or 'copy' for a limit",
        ),
        Item(
            "aead, engine, format",
            "strings or null: names as on the command line",
        ),
        Item("layers", "number or null: the layers of GoCrypt"),
        Item("way", "string or null: 'memory', 'pipe' or 'file'"),
        Item(
            "chunk_size, jobs, size",
            "numbers or null; size is the plaintext of one turn, null where a turn has a fixed time",
        ),
        Item(
            "kdf, kdf_name, memory",
            "the key derivation with its parameters (string), what its format calls it (string or \
             null), the memory that it works on (number)",
        ),
        Item("turns", "number: how many turns counted"),
        Item(
            "rate",
            "null or {low, median, high}: bytes of plaintext a second, with the quartiles",
        ),
        Item(
            "seconds",
            "null or {low, median, high}: the time of a key derivation",
        ),
        Item(
            "limit, percent",
            "numbers or null: the median rate of the limit, and how much of it the median is",
        ),
        Lines(
            "fetool bench --json aead | jq -r '.results[] | select(.operation == \"seal\") | \
             [.aead, .engine, .chunk_size, .jobs, .rate.median] | @tsv'",
        ),
    ],
);
