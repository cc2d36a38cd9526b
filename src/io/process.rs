//! The process's own settings, made before it works.

use nix::sys::resource::{Resource, setrlimit};
use signal_hook::consts::SIGXFSZ;
use std::io;
#[cfg(feature = "age-plugin")]
use std::os::fd::RawFd;
use std::sync::Arc;

/// Protects secrets in memory, and makes writing beyond the file size limit fail.
///
/// # Errors
/// Those of the system.
pub fn prepare() -> io::Result<()> {
    #[cfg(all(feature = "age-plugin", not(target_os = "linux")))]
    look_at_descriptors();
    // No core file. The second setting also keeps other programs of the same user from reading the memory.
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false)?;
    // By default, this signal ends the process.
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

/// Returns the descriptors that were open when this process started, except the standard ones. Any of them may lead to
/// a secret.
#[cfg(feature = "age-plugin")]
pub fn inherited() -> Vec<RawFd> {
    #[cfg(target_os = "linux")]
    return open_descriptors().filter(is_inherited).collect();
    #[cfg(not(target_os = "linux"))]
    return INHERITED.get().cloned().unwrap_or_default();
}

/// Returns whether this process inherited a descriptor. Those that it opens itself are closed when it starts another
/// program; inherited ones cannot be.
#[cfg(all(feature = "age-plugin", target_os = "linux"))]
fn is_inherited(number: &RawFd) -> bool {
    let told = match std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")) {
        Ok(told) => told,
        // It was the one used for the list. One that cannot be examined may be anything.
        Err(error) => return error.kind() != io::ErrorKind::NotFound,
    };
    let flags = told.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
    flags.is_none_or(|flags| flags & nix::libc::O_CLOEXEC == 0)
}

#[cfg(all(feature = "age-plugin", not(target_os = "linux")))]
static INHERITED: std::sync::OnceLock<Vec<RawFd>> = std::sync::OnceLock::new();

/// Examines the descriptors before this process opens anything itself.
#[cfg(all(feature = "age-plugin", not(target_os = "linux")))]
fn look_at_descriptors() {
    // The one used for the list is closed again.
    let is_open = |number: &RawFd| std::fs::symlink_metadata(format!("/dev/fd/{number}")).is_ok();
    let open: Vec<_> = open_descriptors().collect();
    INHERITED.get_or_init(|| open.into_iter().filter(is_open).collect());
}

/// Returns the numbers of the open descriptors, except the standard ones.
#[cfg(feature = "age-plugin")]
fn open_descriptors() -> impl Iterator<Item = RawFd> {
    let listed = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let numbers = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|number| *number > 2)
}
