//! The kernel parity report: for the browser tests, and for people whose scores look wrong.

use wasm_bindgen::prelude::*;

use super::{device, error};
use crate::kernels::{self, Style, selfcheck};

/// Compares every kernel with its definition on a device of this browser, `webgpu` or `cpu`, which was opened with
/// subgroups or without; JSON.
#[wasm_bindgen]
pub async fn kernel_parity_report(device: String, subgroups: bool) -> Result<String, JsValue> {
    let opened = device::open(&device).await.map_err(|e| error::to_js(&e))?;
    Style::offer_subgroups(subgroups);
    let report = selfcheck::run(&opened.device).await.map_err(|e| error::typed("device_lost", 500, &e))?;
    serde_json::to_string(&report).map_err(|e| error::typed("internal", 500, &e.to_string()))
}

/// Name and text of every shader, for a browser to compile; JSON.
#[wasm_bindgen]
pub fn shader_texts() -> String {
    serde_json::to_string(&kernels::shaders()).unwrap_or_default()
}
