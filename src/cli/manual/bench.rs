//! The sections about measuring.

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
            "Each benchmark runs once to warm up, and then in turns: every line once, then every line once \
             more. Another program that takes the processor for a moment spoils one turn of many lines, and \
             the median leaves that out. The number behind ± is the distance of the farther quartile from \
             the median; above about 10 % the machine was too busy to tell. There are 7 turns, 3 of key \
             derivations, and fewer on a slow or busy machine.",
        ),
        Text(
            "A run without --size ends in less than 30 seconds. A benchmark that a busy machine \
             leaves no time for is left out, with a warning.",
        ),
        Text(
            "Beside each rate is its percentage of the limit, which is measured in the same turns. \
             More than 100 % is possible: the limit is a plain copy, and not always the best one. \
             Rates and sizes count in powers of 1024: GiB/s, MiB.",
        ),
        Text(
            "The last line says what the numbers mean: the fastest AEAD, and whether encryption or \
             the medium is the limit. The medium is, if the fastest format reaches 75 % of copying.",
        ),
        Item(
            "aead",
            "Every AEAD in every engine that is built in and that the processor can run. Chunks of 4 KiB, \
             64 KiB and 1 MiB in the processor's cache are sealed and opened by the given number of jobs at \
             once. The limit is copying the same chunks.",
        ),
        Item(
            "kdf",
            "The key derivations with the parameters that the formats fix: the time for one key, and the \
             memory that it takes. A slow key derivation protects a passphrase better.",
        ),
        Item(
            "format",
            "Whole streams, sealed and opened as seal and open do it: from memory to nowhere ('memory'), \
             from pipe to pipe ('pipe') and, with --dir, from file to file ('file'). Keys are derived \
             before the clock starts, except those of GoCrypt's inner layers. The limit is a plain copy the \
             same way, in blocks of 1 MiB. The engine is always the fastest. The defaults are the format's \
             own AEAD and 5 layers.",
        ),
        Text(
            "The full part of a bar is the slower one of sealing and opening; the pale part goes on \
             to the faster one. There are no bars if standard output is not a terminal, and no \
             colours with NO_COLOR.",
        ),
        Text(
            "The filters under SELECTION and PART are combined (AND): 'fetool bench --aead \
             deoxys-ii-256' measures that AEAD in its engines and in Dexios. Lists are separated by \
             commas. If no benchmark matches, the status is 2.",
        ),
        Text(
            "With --dir, bench makes files named '.fetool-*' in DIR. It removes them at the end, at errors \
             and at any signal that can be caught. It does not call fsync: unless --size is larger than the \
             page cache, it measures the cache.",
        ),
    ],
);

pub const BENCH_JSON: Chapter = (
    "JSON",
    &[
        Text(
            "--json prints one object, in one line, when everything was measured. Members are never \
             removed or renamed; new ones may come. Sizes are in bytes, rates in bytes a second. A \
             member that does not apply to what was measured is null.",
        ),
        Item("fetool", "string: the version"),
        Item("cores", "number: the cores that fetool may use"),
        Item("conclusion", "string or null: what the numbers mean"),
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
