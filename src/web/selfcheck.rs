//! The kernel parity report: for the browser tests, and for people whose scores look wrong.

use wasm_bindgen::prelude::*;

use super::{device, error};
use crate::kernels::selfcheck;

/// Compares every kernel's GPU half with its CPU half on this browser's adapter; JSON.
#[wasm_bindgen]
pub async fn kernel_parity_report() -> Result<String, JsValue> {
    let opened = device::open("webgpu").await.map_err(|e| error::to_js(&e))?;
    let report = selfcheck::run(&opened.device).await.map_err(|e| error::typed("device_lost", 500, &e))?;
    serde_json::to_string(&report).map_err(|e| error::typed("internal", 500, &e.to_string()))
}
