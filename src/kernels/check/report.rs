//! Every case on one device: for the browser tests, and for people whose scores look wrong.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::tensor::Device;

use super::case::{Comparison, KernelCase, compare};
use super::cases::all_cases;
#[cfg(feature = "gpu")]
use super::cases::gpu_cases;

/// Compares every case on `device` with its definition; on a GPU in each style that it can run.
pub async fn report(device: &Device) -> Result<Vec<Comparison>, String> {
    match device.as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(gpu) => styles_report(gpu, device).await,
        _ => {
            let mut report = Vec::new();
            for case in all_cases() {
                report.push(comparison(&case, device).await?);
            }
            Ok(report)
        }
    }
}

#[cfg(feature = "gpu")]
async fn styles_report(gpu: &burn_cubecl::CubeDevice, device: &Device) -> Result<Vec<Comparison>, String> {
    use crate::kernels::gpu::state_of;
    use crate::kernels::shaders::{Style, Styles};

    let state = state_of(gpu);
    let usual = state.styles();
    let mut report = Vec::new();
    for style in Style::ALL.into_iter().filter(|&style| state.can_run(style)) {
        state.set_styles(Styles::all(style));
        for case in gpu_cases(style) {
            let comparison = comparison(&case, device).await?;
            report.push(Comparison { name: format!("{} {}", comparison.name, style.name()), ..comparison });
        }
    }
    state.set_styles(usual);
    Ok(report)
}

async fn comparison(case: &KernelCase, device: &Device) -> Result<Comparison, String> {
    Ok(compare(case, &case.run(device).await?, &case.exact()))
}
