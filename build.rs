//! Links the unwinder into the program, where GCC's static library has it.
//!
//! The standard library asks for `libgcc_s.so`. To load that at every start takes as long as to seal a file
//! of some hundred kilobytes. The linker takes a script in place of a library: this one names the static
//! library instead. Without it everything is linked as usual. So is what only uses the library.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    // A cross compiler would have to be asked for, and so would the library for 32 bits, which the compiler of a
    // 64-bit system does not name.
    if !is_gnu
        || !is("CARGO_CFG_TARGET_POINTER_WIDTH", "64")
        || env::var_os("CARGO_FEATURE_CLI").is_none()
        || env::var("HOST")? != env::var("TARGET")?
    {
        return Ok(());
    }
    if let Some(library) = static_unwinder() {
        let dir = PathBuf::from(env::var("OUT_DIR")?);
        let script = format!("INPUT(\"{}\")\n", library.display());
        fs::write(dir.join("libgcc_s.so"), script)?;
        println!("cargo::rustc-link-search=native={}", dir.display());
    }
    Ok(())
}

/// Asks the compiler that links where its library is. It answers with the mere name if there is none. `CC`
/// compiles C and may be for something else.
fn static_unwinder() -> Option<PathBuf> {
    let compiler = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let output = Command::new(compiler)
        .arg("-print-file-name=libgcc_eh.a")
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    let path = Path::new(path.trim()).canonicalize().ok()?;
    path.is_file().then_some(path)
}
