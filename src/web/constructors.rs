//! Static constructors, by which some dependencies register themselves.
//!
//! The linker takes a module that never references `__wasm_call_ctors` for a command, and calls it at every exported
//! function: three fifths of a request's time went there, since every object passed to JavaScript goes through one.
//! Referencing it is a promise to call it once.

use std::sync::Once;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

static CALLED: Once = Once::new();

/// Runs the constructors, once; to be called before anything else.
pub fn call() {
    // SAFETY: the linker makes this function. It takes and returns nothing, and nothing of the module has run before it.
    CALLED.call_once(|| unsafe { __wasm_call_ctors() });
}
