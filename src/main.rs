//! The `secondpass` command. In a browser the library is used instead, so there is nothing here for wasm.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    secondpass::cli::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
