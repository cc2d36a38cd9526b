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
            "Each benchmark runs once to warm up. Then all benchmarks run in turns: every line once, then \
             every line once more. A short burst of other load spoils a single turn of many lines, which the \
             median ignores. The number after ± is the distance from the median to the farther quartile. Above \
             about 10 % the machine was too busy for a reliable result. There are 7 turns, 3 for key \
             derivations, and fewer on a slow or busy machine.",
        ),
        Text(
            "A run without --size takes less than 30 seconds. If the machine is too busy for that, bench \
             skips benchmarks with a warning.",
        ),
        Text(
            "Beside each rate is its percentage of the limit, which is measured in the same turns. \
             More than 100 % is possible: the limit is a plain copy, and not always the best one. \
             Rates and sizes count in powers of 1024: GiB/s, MiB.",
        ),
        Text(
            "The last line names the fastest AEAD, and says whether encryption or the medium is the \
             bottleneck. It is the medium if the fastest format reaches 75 % of the rate of copying.",
        ),
        Item(
            "aead",
            "Every AEAD in every engine that is built in and that the processor can run. Chunks of 4 KiB, \
             64 KiB and 1 MiB in the processor's cache are sealed and opened by the given number of threads \
             at once. The limit is copying the same chunks.",
        ),
        Item(
            "kdf",
            "The key derivations with the parameters that the formats prescribe: the time and the memory for \
             one key. A slow key derivation protects a passphrase better.",
        ),
        Item(
            "format",
            "Whole streams, as seal and open process them: from memory with the output discarded ('memory'), \
             from pipe to pipe ('pipe') and, with --dir, from file to file ('file'). Keys are derived \
             before the clock starts, except those of GoCrypt's inner layers. The limit is a plain copy of \
             the same kind, in blocks of 1 MiB. The engine is always the fastest one. The defaults are the \
             format's own AEAD and 5 layers.",
        ),
        Text(
            "The solid part of a bar shows the slower of sealing and opening; the pale part extends it to the \
             faster one. bench draws no bars if standard output is not a terminal, and uses no colours with \
             NO_COLOR.",
        ),
        Text(
            "The filters under SELECTION and PART are combined (AND): 'fetool bench --aead \
             deoxys-ii-256' measures that AEAD in its engines and in Dexios. Lists are separated by \
             commas. If no benchmark matches, the status is 2.",
        ),
        Text(
            "With --dir, bench creates files named '.fetool-*' in DIR. It removes them at the end, after an \
             error, and after any signal that can be caught. It does not call fsync: unless --size is larger \
             than the page cache, it measures the cache.",
        ),
    ],
);

pub const BENCH_JSON: Chapter = (
    "JSON",
    &[
        Text(
            "--json prints one object in one line at the end. Later versions may add members, and never \
             remove or rename one. Sizes are in bytes, rates in bytes per second. A member that does not \
             apply to a benchmark is null.",
        ),
        Item("fetool", "string: the version"),
        Item("cores", "number: the cores that fetool may use"),
        Item("conclusion", "string or null: the last line of the report"),
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
            "numbers or null; size is the plaintext bytes of one turn, null if a turn has a fixed time",
        ),
        Item(
            "kdf, kdf_name, memory",
            "the key derivation with its parameters (string), its name in the format (string or null), the \
             bytes of memory that it needs (number)",
        ),
        Item("turns", "number: the turns without the warm-up"),
        Item(
            "rate",
            "null or {low, median, high}: plaintext bytes per second; low and high are the quartiles",
        ),
        Item(
            "seconds",
            "null or {low, median, high}: the time of one key derivation",
        ),
        Item(
            "limit, percent",
            "numbers or null: the median rate of the limit, and the percentage of it that rate.median reaches",
        ),
        Lines(
            "fetool bench --json aead | jq -r '.results[] | select(.operation == \"seal\") | \
             [.aead, .engine, .chunk_size, .jobs, .rate.median] | @tsv'",
        ),
    ],
);
