//! Links the unwinder and the mathematical functions into the program, where static libraries have them.
//!
//! The standard library asks for `libgcc_s.so` and `libm.so`. To load them at every start takes as long as to
//! seal a file of some hundred kilobytes. The linker takes a script in place of a library: these name the
//! static libraries instead. Without one, everything is linked as usual. So is what only uses the library.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CC");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    // A cross compiler would have to be asked for.
    if !is_gnu
        || env::var_os("CARGO_FEATURE_CLI").is_none()
        || env::var("HOST")? != env::var("TARGET")?
    {
        return Ok(());
    }
    let dir = PathBuf::from(env::var("OUT_DIR")?);
    for (asked, instead) in [("libgcc_s.so", "libgcc_eh.a"), ("libm.so", "libm.a")] {
        if let Some(library) = found(instead) {
            let script = format!("INPUT(\"{}\")\n", library.display());
            fs::write(dir.join(asked), script)?;
        }
    }
    println!("cargo::rustc-link-search=native={}", dir.display());
    Ok(())
}

/// Asks the compiler where a library is. It answers with the mere name if there is none.
fn found(library: &str) -> Option<PathBuf> {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let output = Command::new(compiler)
        .arg(format!("-print-file-name={library}"))
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    let path = Path::new(path.trim()).canonicalize().ok()?;
    path.is_file().then_some(path)
}
