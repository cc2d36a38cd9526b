//! The command: what it takes, what it says and how it ends.

#[path = "../cli_common/mod.rs"]
mod cli_common;
#[path = "../dexios_common/mod.rs"]
mod dexios_common;

mod bench;
mod external;
mod files;
mod generated;
mod help;
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
mod rekey;
mod rekey_in_place;
mod rekey_reseal;
mod secrets;
mod signals;
mod status;
mod terminal;
mod verify;
mod weak;
mod weak_inspect;
mod weak_open;
