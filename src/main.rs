//! The `fetool` command: arguments → plan → run → exit status.

#![forbid(unsafe_code)]

mod cli;
mod io;
mod progress;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(std::env::args_os().collect())
}
