//! Memory is bounded.

#[path = "../common/mod.rs"]
mod common;
#[path = "../counting/mod.rs"]
mod counting;
#[path = "../dexios_common/mod.rs"]
mod dexios_common;
#[path = "../weak_common/mod.rs"]
mod weak_common;

mod age;
mod dexios;
mod gfe;
#[cfg(unix)]
mod parts;
mod weak;
