//! The formats, the engines and telling formats apart.

#[path = "../age_reader/mod.rs"]
mod age_reader;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/deoxys_vectors.rs"]
mod deoxys_vectors;
#[path = "../dexios_common/mod.rs"]
mod dexios_common;
#[path = "../dexios_reader/mod.rs"]
mod dexios_reader;
#[path = "../weak_common/mod.rs"]
mod weak_common;

mod abilities;
mod age_armor;
mod age_header;
mod age_mutations;
mod age_open;
#[cfg(all(unix, feature = "age-plugin"))]
mod age_plugin;
mod age_properties;
mod age_rekey;
#[cfg(feature = "age-ssh")]
mod age_ssh;
mod detection;
mod dexios_bodies;
mod dexios_detached;
mod dexios_mutations;
mod dexios_seal;
mod dexios_vectors;
mod engines;
mod expected_len;
mod features;
mod format_documents;
mod gfe_additive;
mod gfe_mutations;
mod gfe_properties;
mod gfe_readings;
mod gfe_vectors;
mod gocrypt_forgery;
mod gocrypt_layers;
mod gocrypt_limits;
mod gocrypt_mutations;
mod gocrypt_nesting;
mod gocrypt_vectors;
mod parallel_encryptor;
mod parallel_encryptor_mutations;
mod parallel_encryptor_vectors;
mod ranges;
mod rekey_model;
mod salvage;
