//! The kernels and the models on a GPU, natively: where there is no adapter, each test says so and checks nothing. Mesa's
//! lavapipe is one that computes on the CPU, with half precision, so that no GPU is needed:
//! `VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.x86_64.json cargo test --test gpu`.
#![cfg(feature = "gpu")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use burn::tensor::Device;
use pollster::block_on;
use secondpass::bytes::DirectoryFolder;
use secondpass::engine::LoadOptions;
use secondpass::kernels::check::report;
use secondpass::kernels::selection;
use secondpass::model::{DeviceKind, Precision};
use secondpass::{Engine, Error, KernelChoice, Observer, RerankRequest};
use serde_json::Value;

/// Between two styles that compute in f32: the order of sums differs.
const STYLE_TOLERANCE: f64 = 2e-5;
/// How far products in half precision, which have to be asked for, may move a score.
const HALF_TOLERANCE: f64 = 1e-2;

/// One for all tests: each has a thread of its own, and a device has one state.
fn gpu() -> Option<Device> {
    static OPENED: OnceLock<Option<Device>> = OnceLock::new();
    let device = OPENED.get_or_init(|| block_on(Device::wgpu_options().init_async()).ok()).clone();
    if device.is_none() {
        println!("skipped: no adapter of Vulkan, Metal, Direct3D or OpenGL is here");
    }
    device
}

/// Tests take turns: the styles belong to the device.
fn turn() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let models = |kind: &str| {
        let mut models: Vec<PathBuf> = std::fs::read_dir(folder.join(kind))
            .expect("fixtures")
            .map(|entry| entry.expect("a model").path())
            .collect();
        models.retain(|path| path.join("cases.json").exists());
        models.sort();
        models
    };
    let all = [models("text"), models("encoder")].concat();
    assert!(all.len() > 15);
    all
}

fn load(folder: &Path, precision: Precision, style: &str, device: &Device) -> Result<Engine, Error> {
    let kernels = KernelChoice::Fixed(style.to_owned());
    let options = LoadOptions { precision, kernels, ..LoadOptions::on(device.clone(), DeviceKind::Gpu) };
    block_on(Engine::load(&DirectoryFolder::new(folder), options, &Observer::silent()))
}

/// The scores of every case that can be scored, in the order of the documents.
fn scores(engine: &Engine, folder: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(folder.join("cases.json")).expect("cases");
    let cases: Value = serde_json::from_str(&text).expect("JSON");
    let mut scores = Vec::new();
    for case in cases["cases"].as_array().expect("a list") {
        let request = RerankRequest::from_json(&case["request"].to_string()).expect("a request");
        let Ok(mut response) = block_on(engine.rerank(&request, &Observer::silent())) else { continue };
        response.results.sort_by_key(|result| result.index);
        scores.extend(response.results.iter().map(|result| result.relevance_score));
    }
    assert!(scores.len() > 5);
    scores
}

#[test]
fn every_kernel_on_the_gpu_is_its_definition() {
    let Some(device) = gpu() else { return };
    let _turn = turn();
    let report = block_on(report(&device)).expect("a report");
    assert!(report.len() > 200);
    for parity in report {
        assert!(
            parity.ok,
            "{}: off by {}, allowed {}; {} left",
            parity.name, parity.max_abs_diff, parity.tolerance, parity.nan_left
        );
    }
}

#[test]
fn every_style_gives_the_scores_of_every_model() {
    let Some(device) = gpu() else { return };
    let _turn = turn();
    let styles = block_on(report(&device)).expect("a report");
    let has_half = styles.iter().any(|parity| parity.name.ends_with(" half"));
    for folder in fixtures() {
        for precision in [Precision::F32, Precision::Q8] {
            let place = |style: &str| format!("{} in {} with {style}", folder.display(), precision.name());
            let want = scores(&load(&folder, precision, "direct", &device).expect("the safe kernels"), &folder);
            for (style, tolerance) in [("blocked", STYLE_TOLERANCE), ("half", HALF_TOLERANCE)] {
                let engine = match load(&folder, precision, style, &device) {
                    Err(Error::UnusableKernels(_)) if !has_half => {
                        println!("skipped: {style}: this device has no half precision");
                        continue;
                    }
                    loaded => loaded.unwrap_or_else(|e| panic!("{}: {e}", place(style))),
                };
                assert_eq!(engine.info().kernels.as_deref(), Some(style));
                let got = scores(&engine, &folder);
                assert_eq!(got.len(), want.len());
                let largest = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                println!("{}: largest difference {largest:.2e}", place(style));
                assert!(largest <= tolerance, "{}: {largest}", place(style));
            }
        }
    }
}

#[test]
fn a_device_on_a_cpu_is_not_asked_for_what_is_made_for_gpus() {
    let Some(device) = gpu() else { return };
    let _turn = turn();
    let start = std::time::Instant::now();
    let now = || start.elapsed().as_secs_f64() * 1e3;
    selection::describe(&device, selection::AdapterTraits { subgroups: false, software: true });
    let names = block_on(selection::select(&device, &KernelChoice::Measured, &now)).expect("styles").expect("a GPU");
    assert!(!["blocked", "half", "tiled"].iter().any(|name| names.contains(name)), "{names}");
    // As if it were a GPU, it chooses from all of them but half precision.
    selection::describe(&device, selection::AdapterTraits { subgroups: false, software: false });
    let names = block_on(selection::select(&device, &KernelChoice::Measured, &now)).expect("styles").expect("a GPU");
    println!("as a GPU: {names}");
    assert!(selection::Styles::from_name(&names).is_some() && !names.contains("half"), "{names}");
}
