//! The `fetool` command: arguments → plan → run → exit status.

#![forbid(unsafe_code)]
// Secrets of `env:` are in the environment, which is for us alone.
#![deny(clippy::disallowed_methods)]

mod cli;
mod io;
mod progress;
mod size;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(std::env::args_os().collect())
}
