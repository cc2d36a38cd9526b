//! From `--key`, `--passphrase` and `--to` to identities and recipients.
//!
//! Options name sources ([`SecretSource`], [`recipients::To`]). fetool checks all of them, then reads what it can, and
//! only then asks: the user types no passphrase before a missing file is reported.

mod batches;
mod identity_file;
pub mod keys;
mod new_key;
mod plugin_pool;
#[cfg_attr(not(feature = "age-plugin"), path = "no_plugins.rs")]
mod plugins;
mod question;
pub mod recipients;
mod source;
mod spec;

pub use batches::{BATCH, For, pass_on_to_seal, stock_first};
pub use new_key::{key_exists, new_key, save_key};
pub use question::{Purpose, ask};
pub use source::{NamedSecret, Prepared, SecretSource, no_key};
pub use spec::{Spec, mode_for_others, others_can_read};
