fn main() {
    println!("cargo:rustc-cfg=fetool_model");
    println!("cargo:rerun-if-changed=build.rs");
}
