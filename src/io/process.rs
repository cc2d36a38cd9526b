//! What the process asks of the system before it works.

use nix::sys::resource::{Resource, setrlimit};
use signal_hook::consts::SIGXFSZ;
use std::io;
#[cfg(feature = "age-plugin")]
use std::os::fd::RawFd;
use std::sync::Arc;
#[cfg(feature = "age-plugin")]
use std::sync::OnceLock;

/// Guards the secrets that will be in memory, and makes a write beyond the limit on the length of
/// files fail.
///
/// # Errors
/// Those of the system.
pub fn prepare() -> io::Result<()> {
    #[cfg(feature = "age-plugin")]
    look_at_descriptors();
    // No core file; the second also keeps other programs of the same user from reading the memory.
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false)?;
    // Otherwise it would end the process.
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

#[cfg(feature = "age-plugin")]
static INHERITED: OnceLock<Vec<RawFd>> = OnceLock::new();

/// Returns the descriptors, but the standard ones, that were open when this process started. Any of them may
/// lead to a secret.
#[cfg(feature = "age-plugin")]
pub fn inherited() -> &'static [RawFd] {
    INHERITED.get().map_or(&[], Vec::as_slice)
}

/// Looks before this process opens anything itself.
#[cfg(feature = "age-plugin")]
fn look_at_descriptors() {
    let listed = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let numbers = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let mut open: Vec<RawFd> = numbers.filter(|number| *number > 2).collect();
    // That of the list itself is closed again.
    open.retain(|number| std::fs::symlink_metadata(format!("/dev/fd/{number}")).is_ok());
    INHERITED.get_or_init(|| open);
}
