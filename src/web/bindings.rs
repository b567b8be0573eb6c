//! What the worker calls. JSON in, JSON out: the typed surface is the TypeScript façade's.

use js_sys::{Float32Array, Function};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::device;
use super::load::{self, LoadHost};
use super::loaded_model::LoadedModel;
use super::open_device::Adapter;
use super::pictures::{PagePictures, PictureHost};
use super::{clock, constructors, error};
use crate::api::{DocumentScore, EmbedRequest, RequestError, RerankRequest};
use crate::engine::{LoadOptions, LoadProgress, ModelInfo, Observer, Optimizations, RequestOptions};
use crate::kernels::selection::{self, AdapterTraits, KernelChoice};
use crate::media::DecodeOptions;
use crate::model::{DeviceKind, Precision, Task};

/// A loaded model, owned by the worker.
#[wasm_bindgen(js_name = Engine)]
pub struct WorkerEngine {
    inner: LoadedModel,
    adapter: Option<Adapter>,
    decoding: DecodeOptions,
    storage: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    #[serde(flatten)]
    files: load::FileOptions,
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    dtype: Option<String>,
    #[serde(default)]
    max_image_pixels: Option<usize>,
    #[serde(default)]
    apply_orientation: bool,
    #[serde(default, rename = "savings")]
    optimizations: Optimizations,
    #[serde(default)]
    kernels: Option<String>,
    #[serde(default)]
    remembered: Option<Remembered>,
    /// The most bytes of weights that may stay on each kind of device, where there is a limit.
    #[serde(default)]
    max_weight_bytes: WeightLimits,
    #[serde(default, rename = "caution")]
    device_losses: u32,
}

#[derive(Deserialize, Default)]
struct WeightLimits {
    cpu: Option<u64>,
    webgpu: Option<u64>,
}

impl WeightLimits {
    fn on(&self, device: DeviceKind) -> Option<u64> {
        if device == DeviceKind::Cpu { self.cpu } else { self.webgpu }
    }
}

/// What was measured on an earlier visit.
#[derive(Deserialize)]
struct Remembered {
    adapter: String,
    style: String,
}

#[derive(Serialize)]
struct InfoJson<'a> {
    #[serde(flatten)]
    info: &'a ModelInfo,
    adapter: Option<&'a Adapter>,
    /// Where the model's files are kept.
    storage: &'static str,
}

#[wasm_bindgen(start)]
fn start() {
    constructors::call();
    console_error_panic_hook::set_once();
}

/// The version of this build.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[wasm_bindgen(js_class = Engine)]
impl WorkerEngine {
    /// Opens the device and loads the model. `host` has the files that the user picked.
    pub async fn load(
        options: String,
        host: LoadHost,
        signal: AbortSignal,
        on_progress: Function,
    ) -> Result<WorkerEngine, JsValue> {
        let loading = load(&options, host, &signal, &on_progress);
        load::until_aborted(&signal, loading).await.map_err(|e| error::to_js(&e))
    }

    /// Scores a `/v1/rerank` body; calls `on_result` for each document as soon as its score exists. `host` gives the
    /// pictures that the body names; `strict` makes a document that cannot be scored end the request.
    pub async fn rerank(
        &self,
        body: String,
        strict: bool,
        host: PictureHost,
        signal: AbortSignal,
        on_result: Function,
    ) -> Result<String, JsValue> {
        let report = |index: usize, DocumentScore { relevance_score, logit }: DocumentScore| {
            let json =
                serde_json::json!({ "index": index, "relevance_score": relevance_score, "logit": logit }).to_string();
            call(&on_result, &json);
        };
        let aborted = || signal.aborted();
        let observer = Observer { on_result: &report, ..watching(&aborted) };
        let run = async {
            let request = RerankRequest::from_json(&body)?;
            let Some(reranker) = self.inner.reranker() else {
                return Err(RequestError::invalid("an embedding model scores no documents; load a reranker").into());
            };
            let pictures = PagePictures { host: &host, signal: &signal, options: self.decoding };
            reranker.rerank_with(&request, &pictures, RequestOptions { strict }, &observer).await
        };
        answer(run.await)
    }

    /// The vectors of a `/v1/embeddings` body; calls `on_vector` with the index and the vector of each input as soon as it
    /// exists. The other arguments are those of `rerank`.
    pub async fn embed(
        &self,
        body: String,
        strict: bool,
        host: PictureHost,
        signal: AbortSignal,
        on_vector: Function,
    ) -> Result<String, JsValue> {
        let report = |index: usize, vector: &[f32]| {
            // What the worker's handler throws must not end our work.
            let _ = on_vector.call2(&JsValue::UNDEFINED, &(index as f64).into(), &Float32Array::from(vector).into());
        };
        let aborted = || signal.aborted();
        let observer = watching(&aborted);
        let run = async {
            let request = EmbedRequest::from_json(&body)?;
            let Some(embedder) = self.inner.embedder() else {
                return Err(RequestError::invalid("a reranker makes no vectors; load an embedding model").into());
            };
            let pictures = PagePictures { host: &host, signal: &signal, options: self.decoding };
            embedder.embed_with(&request, &pictures, RequestOptions { strict }, &report, &observer).await
        };
        answer(run.await)
    }

    /// Loads the model for its other task too, with the trunk that is here. The arguments are those of `load`. False if
    /// its files describe another trunk for that task, or are another version by now: it then needs a load of its own.
    pub async fn add(
        &self,
        options: String,
        host: LoadHost,
        signal: AbortSignal,
        on_progress: Function,
    ) -> Result<bool, JsValue> {
        let adding = async {
            let files =
                serde_json::from_str(&options).map_err(|e| RequestError::invalid(format!("load options: {e}")))?;
            let report = move |progress: LoadProgress| tell(&on_progress, &progress);
            let aborted = || signal.aborted();
            let observer = Observer { on_progress: &report.clone(), ..watching(&aborted) };
            load::add(files, host, &self.inner, &observer, std::rc::Rc::new(report)).await
        };
        load::until_aborted(&signal, adding).await.map_err(|e| error::to_js(&e))
    }

    /// What is loaded for a task and where it runs, as JSON.
    pub fn info(&self, embeds: bool) -> String {
        let task = if embeds { Task::Embed } else { Task::Rerank };
        let Some(info) = self.inner.info(task) else { return String::new() };
        let info = InfoJson { info, adapter: self.adapter.as_ref(), storage: self.storage };
        serde_json::to_string(&info).unwrap_or_default()
    }
}

fn answer<T: Serialize>(response: Result<T, crate::Error>) -> Result<String, JsValue> {
    let response = response.map_err(|e| error::to_js(&e))?;
    serde_json::to_string(&response).map_err(|e| error::typed("internal", 500, &e.to_string()))
}

async fn load(
    options: &str,
    host: LoadHost,
    signal: &AbortSignal,
    on_progress: &Function,
) -> Result<WorkerEngine, crate::Error> {
    let options: Options =
        serde_json::from_str(options).map_err(|e| RequestError::invalid(format!("load options: {e}")))?;
    let precision = match options.dtype.as_deref() {
        None => Precision::default(),
        Some(name) => Precision::from_name(name)
            .ok_or_else(|| RequestError::invalid(format!("dtype is \"{name}\"; use \"auto\", \"f32\" or \"q8_0\"")))?,
    };
    let opened = device::open(options.device.as_deref().unwrap_or("auto")).await?;
    let software = opened.adapter.as_ref().is_some_and(|adapter| adapter.fallback);
    selection::describe(&opened.device, AdapterTraits { subgroups: host.subgroups(), software });
    let report = {
        let on_progress = on_progress.clone();
        move |progress: LoadProgress| tell(&on_progress, &progress)
    };
    let aborted = || signal.aborted();
    let observer = Observer { on_progress: &report, ..watching(&aborted) };
    let load_options = LoadOptions {
        kernels: kernels(options.kernels.as_deref(), options.remembered, opened.adapter.as_ref())?,
        max_weight_bytes: options.max_weight_bytes.on(opened.kind),
        device_losses: options.device_losses,
        device: opened.device,
        device_kind: opened.kind,
        precision,
        max_image_pixels: options.max_image_pixels,
        optimizations: options.optimizations,
    };
    let (inner, storage) =
        load::load(options.files, host, load_options, &observer, std::rc::Rc::new(report.clone())).await?;
    let decoding = DecodeOptions { apply_orientation: options.apply_orientation, ..DecodeOptions::default() };
    Ok(WorkerEngine { inner, adapter: opened.adapter, decoding, storage })
}

fn kernels(
    asked: Option<&str>,
    remembered: Option<Remembered>,
    adapter: Option<&Adapter>,
) -> Result<KernelChoice, RequestError> {
    if let Some(name) = asked.filter(|&name| name != "auto") {
        if selection::Styles::from_name(name).is_some() {
            return Ok(KernelChoice::Fixed(name.to_owned()));
        }
        let names: Vec<String> = selection::Style::ALL.iter().map(|style| format!("\"{}\"", style.name())).collect();
        let detail = format!("kernels is \"{name}\"; use \"auto\" or one of {}", names.join(", "));
        return Err(RequestError::invalid(detail));
    }
    // What holds for one adapter says nothing of another.
    let same = |old: &Remembered| adapter.is_some_and(|adapter| adapter.name == old.adapter);
    let remembered = remembered.filter(same).filter(|old| selection::Styles::from_name(&old.style).is_some());
    Ok(remembered.map_or(KernelChoice::Measured, |old| KernelChoice::Remembered(old.style)))
}

pub(super) fn watching<'a>(aborted: &'a dyn Fn() -> bool) -> Observer<'a> {
    Observer { aborted, pause: &|| Box::pin(clock::pause()), now: &clock::now, ..Observer::silent() }
}

pub(super) fn tell(on_progress: &Function, progress: &LoadProgress) {
    call(on_progress, &serde_json::to_string(progress).unwrap_or_default());
}

/// Calls back into the worker. What its handler throws is its own business and must not end our work.
fn call(function: &Function, json: &str) {
    let _ = function.call1(&JsValue::UNDEFINED, &json.into());
}
