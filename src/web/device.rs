//! Choosing the device: what the page asked for, what the browser has.

use burn::tensor::Device;
use js_sys::{Function, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::Error;

/// The WebGPU adapter, as the browser describes it.
#[derive(Debug, Clone, Serialize)]
pub struct Adapter {
    /// Description, architecture or vendor: the most telling of what the browser reveals.
    pub name: String,
    /// `nvidia`, `apple`, `google` …
    pub vendor: String,
    /// A software adapter. Never to be presented as a GPU.
    pub fallback: bool,
}

/// A device ready for tensors.
pub struct Opened {
    pub device: Device,
    pub name: &'static str,
    pub adapter: Option<Adapter>,
}

/// Opens `webgpu`, `cpu`, or with `auto` the first of the two that exists.
pub async fn open(choice: &str) -> Result<Opened, Error> {
    match choice {
        "cpu" => Ok(cpu()),
        "webgpu" => webgpu(describe_adapter().await.ok_or_else(no_adapter)?).await,
        "auto" => match describe_adapter().await {
            Some(adapter) if !adapter.fallback => webgpu(adapter).await.or_else(|_| Ok(cpu())),
            // A software adapter is slower than the CPU path it runs on; it is not even opened, for it might be lost.
            _ => Ok(cpu()),
        },
        other => Err(crate::api::RequestError::invalid(format!(
            "device is \"{other}\"; use \"auto\", \"webgpu\" or \"cpu\""
        ))
        .into()),
    }
}

fn cpu() -> Opened {
    Opened { device: Device::flex(), name: "cpu", adapter: None }
}

thread_local! {
    /// burn registers a device once for a worker; a second engine of the same worker uses the first's.
    static REGISTERED: std::cell::RefCell<Option<Device>> = const { std::cell::RefCell::new(None) };
}

fn no_adapter() -> Error {
    Error::NoDevice("This browser offers no WebGPU adapter here. Use device \"auto\" or \"cpu\", or a browser with WebGPU over https or localhost.".into())
}

async fn webgpu(adapter: Adapter) -> Result<Opened, Error> {
    let registered = REGISTERED.with_borrow(Clone::clone);
    let device = match registered {
        Some(device) => device,
        None => {
            let device = Device::wgpu_options()
                .init_async()
                .await
                .map_err(|e| Error::NoDevice(format!("The WebGPU device could not be opened: {e}")))?;
            REGISTERED.with_borrow_mut(|slot| *slot = Some(device.clone()));
            device
        }
    };
    Ok(Opened { device, name: "webgpu", adapter: Some(adapter) })
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
