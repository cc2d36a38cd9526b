//! The command: what it takes, what it says and how it ends.

#[path = "../cli_common/mod.rs"]
mod cli_common;
#[path = "../dexios_common/mod.rs"]
mod dexios_common;

mod age;
mod age_dropin;
mod age_dropin_terminal;
#[cfg(feature = "age-plugin")]
mod age_plugin;
mod bench;
mod check;
mod check_lists;
mod closed_descriptors;
mod completions;
mod dialect;
mod external;
mod files;
mod generated;
mod header;
mod help;
mod hints;
mod inputs;
mod inspect;
mod keygen;
mod keys;
mod layers;
mod output;
mod output_attacks;
mod passphrase;
mod pipes;
mod places;
mod progress;
mod progress_line;
mod prompt;
mod proof;
mod public_api;
mod range;
mod readme;
mod rekey;
mod rekey_in_place;
mod rekey_reseal;
mod salvage;
mod secret_sources;
mod secrets;
mod signals;
mod status;
mod terminal;
mod verify;
mod weak;
mod weak_inspect;
mod weak_open;
mod wrong_passphrase;
