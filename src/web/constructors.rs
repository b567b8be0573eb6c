//! Constructors of static data, which some of our dependencies register themselves with.
//!
//! A module that never names them gets them called at every entry, for the linker takes it for a command that is run anew
//! each time: three fifths of a request's time went there, since each object that is handed to JavaScript is an entry.
//! Naming them is a promise to call them once.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use wasm_bindgen::prelude::*;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

static CALLED: Once = Once::new();

/// Has them called, the first time it is called itself; to be done before anything else.
pub fn call() {
    // SAFETY: the linker makes this function. It takes and gives nothing, and nothing of the module has run before it.
    CALLED.call_once(|| unsafe { __wasm_call_ctors() });
}

/// One of our own, which counts how often they are called.
// SAFETY: what the linker expects in this section is a function without arguments, which this is.
#[used]
#[unsafe(link_section = ".init_array")]
static COUNT: extern "C" fn() = count;

static RUNS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}

/// How often the constructors have run: anything but once is a mistake of the build.
#[wasm_bindgen]
pub fn constructor_runs() -> u32 {
    RUNS.load(Ordering::Relaxed)
}
