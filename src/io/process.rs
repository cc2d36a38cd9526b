//! What the process asks of the system before it works.

use nix::sys::resource::{Resource, setrlimit};
use signal_hook::consts::SIGXFSZ;
use std::io;
use std::sync::Arc;

/// Guards the secrets that will be in memory, and makes a write beyond the limit on the length of
/// files fail.
///
/// # Errors
/// Those of the system.
pub fn prepare() -> io::Result<()> {
    // No core file; the second also keeps other programs of the same user from reading the memory.
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false)?;
    // Otherwise it would end the process.
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}
