//! The `fetool` command: arguments → plan → run → exit status.

#![forbid(unsafe_code)]
// Secrets of `env:` are in the environment, which is for us alone.
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
