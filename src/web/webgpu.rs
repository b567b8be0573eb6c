//! Opening the browser's WebGPU device for burn.

use std::cell::RefCell;

use burn::tensor::Device;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::open_device::{Adapter, OpenDevice};
use crate::Error;
use crate::model::DeviceKind;

thread_local! {
    /// burn registers a device once for a worker; a second engine of the same worker uses the first's.
    static REGISTERED: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// Whatever adapter the browser has.
pub async fn open() -> Result<OpenDevice, Error> {
    let no_adapter = || {
        Error::NoDevice("This browser offers no WebGPU adapter here. Use device \"auto\" or \"cpu\", or a browser with WebGPU over https or localhost.".into())
    };
    open_adapter(describe_adapter().await.ok_or_else(no_adapter)?).await
}

/// A GPU, if there is one that can be opened.
pub async fn open_hardware() -> Option<OpenDevice> {
    let adapter = describe_adapter().await.filter(|adapter| !adapter.fallback)?;
    open_adapter(adapter).await.ok()
}

async fn open_adapter(adapter: Adapter) -> Result<OpenDevice, Error> {
    let registered = REGISTERED.with_borrow(Clone::clone);
    let device = match registered {
        Some(device) => device,
        None => {
            let opened = Device::wgpu_options().init_async().await;
            let device = opened.map_err(|e| Error::NoDevice(format!("The WebGPU device could not be opened: {e}")))?;
            REGISTERED.with_borrow_mut(|slot| *slot = Some(device.clone()));
            device
        }
    };
    Ok(OpenDevice { device, kind: DeviceKind::WebGpu, adapter: Some(adapter) })
}

/// Asks the browser itself: what wgpu passes on lacks the fallback flag.
async fn describe_adapter() -> Option<Adapter> {
    let navigator = get(&js_sys::global(), "navigator")?;
    let gpu = get(&navigator, "gpu")?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: Promise = request.call0(&gpu).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(promise).await.ok().filter(JsValue::is_object)?;
    let info = get(&adapter, "info")?;
    let text = |key| get(&info, key).and_then(|v| v.as_string()).filter(|s| !s.is_empty());
    let fallback = [&info, &adapter].into_iter().any(|o| get(o, "isFallbackAdapter").is_some_and(|v| v.is_truthy()));
    let vendor = text("vendor").unwrap_or_default();
    let name = text("description").or_else(|| text("architecture")).unwrap_or_else(|| vendor.clone());
    Some(Adapter { name, vendor, fallback })
}

fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok().filter(|v| !v.is_undefined() && !v.is_null())
}
