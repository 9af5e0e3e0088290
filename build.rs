//! Tells the program for which machine it is built: updates and backups name it.

fn main() {
    // Cargo always sets it for a build script.
    println!("cargo:rustc-env=AEGIS_TARGET={}", std::env::var("TARGET").unwrap_or_default());
    println!("cargo:rerun-if-changed=build.rs");
}
