//! Whole models: the same request on the GPU and on the CPU.

use std::path::Path;
use std::time::Instant;

use burn::tensor::Device;
use secondpass::bytes::DirectoryFolder;
use secondpass::{
    DeviceKind, Engine, FileLocation, LoadOptions, ModelLocation, Observer, RerankRequest, RerankResponse,
};
use serde::{Deserialize, Serialize};

use super::clock::once;
use super::options::BenchOptions;

/// The request to measure.
#[derive(Deserialize)]
struct Workload {
    query: String,
    documents: Vec<String>,
}

/// A model's times.
#[derive(Debug, Clone, Serialize)]
pub struct ModelFigures {
    pub model: String,
    pub gpu: RequestFigures,
    /// With fewer documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<RequestFigures>,
    /// Between the scores of both, over the documents that both have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_difference: Option<f64>,
}

/// A model on a device.
#[derive(Debug, Clone, Serialize)]
pub struct RequestFigures {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernels: Option<String>,
    pub load_ms: f64,
    pub documents: usize,
    pub ms_a_document: f64,
    /// A request of one document.
    pub one_document_ms: f64,
    pub tokens: usize,
    pub cached_tokens: usize,
    /// In the order of the documents.
    pub scores: Vec<f64>,
}

/// Measures the model in a file.
pub fn measure(path: &Path, gpu: &Device, options: &BenchOptions) -> Result<ModelFigures, String> {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let workload = read_workload(options.workload.as_deref().ok_or("--model needs --workload")?)?;
    let on_gpu = LoadOptions::on(gpu.clone(), DeviceKind::Gpu);
    let gpu = request(path, on_gpu, &workload, workload.documents.len(), options.rounds)?;
    eprintln!("  {name} on the GPU: {:.2} ms a document", gpu.ms_a_document);
    let count = options.cpu_documents.min(workload.documents.len());
    let cpu = (count > 0).then(|| request(path, LoadOptions::cpu(), &workload, count, 1)).transpose()?;
    if let Some(cpu) = &cpu {
        eprintln!("  {name} on the CPU: {:.2} ms a document", cpu.ms_a_document);
    }
    let largest_difference =
        cpu.as_ref().map(|cpu| cpu.scores.iter().zip(&gpu.scores).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max));
    Ok(ModelFigures { model: name, gpu, cpu, largest_difference })
}

fn read_workload(path: &Path) -> Result<Workload, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    let workload: Workload = serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    if workload.documents.is_empty() { Err(format!("{} has no documents", path.display())) } else { Ok(workload) }
}

/// Loads the model and scores the first `count` documents: once for the scores, then `rounds` times with new queries, since
/// the start of a prompt is kept for the same query.
fn request(
    path: &Path,
    options: LoadOptions,
    workload: &Workload,
    count: usize,
    rounds: usize,
) -> Result<RequestFigures, String> {
    let folder = DirectoryFolder::new(path.parent().unwrap_or(Path::new(".")));
    let file = path.file_name().ok_or_else(|| format!("{} is no file", path.display()))?;
    let text = FileLocation { folder: &folder, name: file.to_string_lossy().into_owned() };
    let start = Instant::now();
    let now = move || start.elapsed().as_secs_f64() * 1e3;
    let observer = Observer { now: &now, ..Observer::silent() };
    let location = ModelLocation::Gguf { text, vision: None };
    let failed = |e: secondpass::Error| format!("{}: {e}", path.display());
    let (load_ms, engine) = once(|| pollster::block_on(Engine::load_from(&location, options, &observer)));
    let engine = engine.map_err(failed)?;
    let score = |query: &str, count: usize| {
        let body = serde_json::json!({ "query": query, "documents": &workload.documents[..count] });
        let request = RerankRequest::from_json(&body.to_string()).map_err(|e| failed(e.into()))?;
        let (ms, response) = once(|| pollster::block_on(engine.rerank(&request, &observer)));
        response.map(|response| (ms, response)).map_err(failed)
    };
    let (first_ms, answer) = score(&workload.query, count)?;
    let mut times = Vec::new();
    let mut single = Vec::new();
    for round in 0..rounds {
        times.push(score(&format!("{} ({round})", workload.query), count)?.0);
        single.push(score(&format!("{} (one, {round})", workload.query), 1)?.0);
    }
    let ms = if times.is_empty() { first_ms } else { median(times) };
    Ok(RequestFigures {
        kernels: engine.info().kernels.clone(),
        load_ms,
        documents: count,
        ms_a_document: ms / count as f64,
        one_document_ms: median(single),
        tokens: answer.usage.total_tokens,
        cached_tokens: answer.meta.cached_tokens,
        scores: in_order(&answer),
    })
}

fn in_order(answer: &RerankResponse) -> Vec<f64> {
    let mut scores = vec![f64::NAN; answer.results.len()];
    for result in &answer.results {
        scores[result.index] = result.relevance_score;
    }
    scores
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
