//! Every kernel in every style that can run here.

use std::time::Instant;

use burn::tensor::Device;
use secondpass::kernels::selection::{KernelChoice, SelectionError, Style, select};
use secondpass::kernels::synchronize;
use serde::Serialize;

use super::clock::Clock;
use super::probes::Peaks;
use super::work::Work;

/// A kernel's time, and its share of the peaks.
#[derive(Debug, Clone, Serialize)]
pub struct KernelFigures {
    pub kernel: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<&'static str>,
    /// What has these sizes.
    pub of: &'static str,
    pub rows: usize,
    pub size: String,
    /// None where all styles are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<&'static str>,
    pub ms: f64,
    pub gflops: f64,
    pub gbs: f64,
    pub of_f32: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_f16: Option<f64>,
    pub of_copy: f64,
    /// The time that the peaks allow over the time taken.
    pub of_bound: f64,
}

/// Times all works; what no style changes only once.
pub fn measure(device: &Device, works: &[Work], peaks: &Peaks, clock: &Clock) -> Result<Vec<KernelFigures>, String> {
    let mut figures = Vec::new();
    for style in Style::ALL {
        if !usable(device, style)? {
            eprintln!("  style {}: cannot run here", style.name());
            continue;
        }
        let first = figures.is_empty();
        let start = Instant::now();
        for work in works.iter().filter(|work| work.styled || first) {
            let ms = clock.time(|repeats| {
                let mut last = (work.run)();
                for _ in 1..repeats {
                    last = (work.run)();
                }
                pollster::block_on(synchronize(&last))
            })?;
            figures.push(figures_of(work, style, ms, peaks));
        }
        eprintln!("  style {}: measured in {:.0} s", style.name(), start.elapsed().as_secs_f64());
    }
    Ok(figures)
}

/// Uses a style from now on, unless the adapter cannot run it or gets known values wrong with it.
fn usable(device: &Device, style: Style) -> Result<bool, String> {
    match pollster::block_on(select(device, &KernelChoice::Fixed(style.name().to_owned()), &now())) {
        Ok(_) => Ok(true),
        Err(SelectionError::Unusable(_)) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

/// What the selection chooses here.
pub fn selected(device: &Device) -> Result<String, String> {
    let name = pollster::block_on(select(device, &KernelChoice::Measured, &now())).map_err(|e| e.to_string())?;
    name.ok_or_else(|| "this device has no choice of kernels".to_owned())
}

/// Milliseconds.
fn now() -> impl Fn() -> f64 {
    let start = Instant::now();
    move || start.elapsed().as_secs_f64() * 1e3
}

fn figures_of(work: &Work, style: Style, ms: f64, peaks: &Peaks) -> KernelFigures {
    let (gflops, gbs) = (work.flop / ms / 1e6, work.bytes / ms / 1e6);
    let least_ms = (work.flop / peaks.f32_gflops).max(work.bytes / peaks.copy_gbs) / 1e6;
    KernelFigures {
        kernel: work.kernel,
        format: work.format,
        of: work.of,
        rows: work.rows,
        size: work.size.clone(),
        style: work.styled.then(|| style.name()),
        ms,
        gflops,
        gbs,
        of_f32: gflops / peaks.f32_gflops,
        of_f16: peaks.f16_gflops.map(|peak| gflops / peak),
        of_copy: gbs / peaks.copy_gbs,
        of_bound: least_ms / ms,
    }
}
