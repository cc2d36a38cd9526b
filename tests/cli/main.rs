//! The command: what it takes, what it says and how it ends.

#[path = "../cli_common/mod.rs"]
mod cli_common;
#[path = "../dexios_common/mod.rs"]
mod dexios_common;

// New keys are cheap to derive here, in the runs of the program and in what checks their files.
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn cheap_keys() {
        // SAFETY: before `main` there is one thread.
        unsafe { std::env::set_var("FETOOL_CHEAP_KEYS", "1") }
    }
}

mod age;
mod age_dropin;
#[cfg(feature = "age-plugin")]
mod age_plugin;
#[cfg(feature = "age-plugin")]
mod age_plugin_terminal;
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
mod header_armor;
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
