//! The `fetool` command: arguments → plan → run → exit status.

#![forbid(unsafe_code)]
// The secrets of `env:` are in the environment, and no other program may get them.
#![deny(clippy::disallowed_methods)]

#[cfg(not(unix))]
compile_error!(
    "the fetool command runs on Unix only; the library builds everywhere, with --no-default-features"
);

mod cli;
mod io;
mod progress;
mod size;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(std::env::args_os().collect())
}
