//! The `secondpass` command. On wasm the crate is used as a library only.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    secondpass::cli::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
