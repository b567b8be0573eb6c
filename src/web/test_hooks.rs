//! What only the browser tests call; not in the published module.

use std::sync::atomic::{AtomicU32, Ordering};

use wasm_bindgen::prelude::*;

use super::{device, error};
#[cfg(feature = "gpu")]
use crate::kernels;
use crate::kernels::check;
use crate::kernels::selection::{self, AdapterTraits};

/// Compares every kernel with its definition on `webgpu` or `cpu`; `subgroups` tells whether the page added that feature to
/// the device. Returns JSON.
#[wasm_bindgen]
pub async fn kernel_parity_report(device: String, subgroups: bool) -> Result<String, JsValue> {
    let opened = device::open(&device).await.map_err(|e| error::to_js(&e))?;
    selection::describe(&opened.device, AdapterTraits { subgroups, ..AdapterTraits::default() });
    let report = check::report(&opened.device).await.map_err(|e| error::typed("device_lost", 500, &e))?;
    serde_json::to_string(&report).map_err(|e| error::typed("internal", 500, &e.to_string()))
}

/// Name and text of every shader, for the browser to compile, as JSON.
#[cfg(feature = "gpu")]
#[wasm_bindgen]
pub fn shader_texts() -> String {
    serde_json::to_string(&kernels::shaders::shaders()).unwrap_or_default()
}

/// A constructor that counts how often constructors are run.
// SAFETY: the linker expects functions without arguments in this section, which this is.
#[used]
#[unsafe(link_section = ".init_array")]
static COUNT: extern "C" fn() = count;

static RUNS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}

/// How often static constructors have run: anything but once is a mistake of the build.
#[wasm_bindgen]
pub fn constructor_runs() -> u32 {
    RUNS.load(Ordering::Relaxed)
}
