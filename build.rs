//! Links the program without shared libraries, where the static ones are installed with the C compiler.
//!
//! To find, map and relocate shared libraries at every start takes longer than to seal a file of some hundred
//! kilobytes. The program becomes a static PIE: the kernel places it at a random address as before. Rust's own
//! switch for that, `crt-static`, needs `--target` in the command that builds; so the linker is asked
//! instead. It takes a script in place of a library, and the scripts here name static libraries. Where one
//! is missing, or with `FETOOL_DYNAMIC` in the environment, the program is linked as usual, and so is what only
//! uses the library.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the standard library and the crate `libc` ask for, and the static libraries that serve it.
const LIBRARIES: [(&str, &[&str]); 7] = [
    ("libc.so", &["libc.a", "libgcc_eh.a", "libgcc.a"]),
    ("libm.so", &["libm.a"]),
    ("libgcc_s.so", &["libgcc_eh.a"]),
    ("libdl.so", &["libdl.a"]),
    ("libpthread.so", &["libpthread.a"]),
    ("librt.so", &["librt.a"]),
    ("libutil.so", &["libutil.a"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    println!("cargo::rerun-if-env-changed=FETOOL_DYNAMIC");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_gnu = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    let is_crt_static = env::var("CARGO_CFG_TARGET_FEATURE")
        .is_ok_and(|features| features.split(',').any(|feature| feature == "crt-static"));
    // A cross compiler would have to be asked for, and so would the libraries for 32 bits, which the compiler
    // of a 64-bit system does not name.
    if !is_gnu
        || is_crt_static
        || env::var_os("CARGO_CFG_SANITIZE").is_some()
        || env::var_os("FETOOL_DYNAMIC").is_some()
        || !is("CARGO_CFG_TARGET_POINTER_WIDTH", "64")
        || env::var_os("CARGO_FEATURE_CLI").is_none()
        || env::var("HOST")? != env::var("TARGET")?
    {
        return Ok(());
    }
    let compiler = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let find = |name: &str| static_library(Path::new(&compiler), name);
    let Some(scripts) = LIBRARIES
        .iter()
        .map(|(shared, archives)| {
            let archives: Option<Vec<_>> = archives.iter().map(|name| find(name)).collect();
            Some((shared, archives?))
        })
        .collect::<Option<Vec<_>>>()
    else {
        return Ok(());
    };
    // What starts a static PIE.
    if find("rcrt1.o").is_none() {
        return Ok(());
    }
    let dir = PathBuf::from(env::var("OUT_DIR")?);
    for (shared, archives) in scripts {
        let names: Vec<_> = archives
            .iter()
            .map(|path| format!("\"{}\"", path.display()))
            .collect();
        fs::write(dir.join(shared), format!("GROUP({})\n", names.join(" ")))?;
    }
    if !is_linked(&dir) {
        return Ok(());
    }
    // For the program alone: a test or another program that loads libc must not get a second one.
    println!("cargo::rustc-link-arg-bin=fetool=-static-pie");
    println!("cargo::rustc-link-arg-bin=fetool=-L{}", dir.display());
    Ok(())
}

/// Links a program that does nothing, with the flags of this build, and runs it: linkers differ, and some flags make no
/// static program, or one that crashes.
fn is_linked(dir: &Path) -> bool {
    let (source, program) = (dir.join("probe.rs"), dir.join("probe"));
    let Some(rustc) = env::var_os("RUSTC") else {
        return false;
    };
    if fs::write(&source, "fn main() {}\n").is_err() {
        return false;
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let mut command = Command::new(rustc);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut flag = OsString::from("-Clinker=");
        flag.push(linker);
        command.arg(flag);
    }
    command
        .args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()))
        .arg("-Clink-arg=-static-pie")
        .arg(format!("-Clink-arg=-L{}", dir.display()))
        .arg(&source)
        .arg("-o")
        .arg(&program);
    let succeeds =
        |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    succeeds(&mut command) && succeeds(&mut Command::new(&program))
}

/// Where the compiler that links has this file. It answers with the mere name if it has none. `CC` compiles C
/// and may be for something else.
fn static_library(compiler: &Path, name: &str) -> Option<PathBuf> {
    let output = Command::new(compiler)
        .arg(format!("-print-file-name={name}"))
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    let path = Path::new(path.trim()).canonicalize().ok()?;
    path.is_file().then_some(path)
}
