//! Opening the GPU as the command does, and what it says of itself.

use burn::tensor::Device;
use burn::tensor::wgpu::{WgpuSetup, wgpu};
use serde::Serialize;

/// The device, and the handles it was made of.
pub struct OpenedAdapter {
    pub device: Device,
    pub setup: WgpuSetup,
    pub description: AdapterDescription,
}

/// What an adapter says of itself.
#[derive(Debug, Clone, Serialize)]
pub struct AdapterDescription {
    pub name: String,
    pub vendor: u32,
    pub device: u32,
    pub kind: String,
    pub driver: String,
    pub driver_info: String,
    pub backend: String,
    /// Computes on the processor: its figures say nothing about a GPU.
    pub software: bool,
    pub shader_f16: bool,
    pub subgroups: bool,
    pub subgroup_sizes: [u32; 2],
    pub features: Vec<&'static str>,
    pub limits: AdapterLimits,
}

/// The limits that kernels meet.
#[derive(Debug, Clone, Serialize)]
pub struct AdapterLimits {
    pub max_buffer_size: u64,
    pub max_storage_buffer_binding_size: u64,
    pub max_storage_buffers_per_shader_stage: u32,
    pub max_compute_workgroup_storage_size: u32,
    pub max_compute_invocations_per_workgroup: u32,
    pub max_compute_workgroups_per_dimension: u32,
}

/// The adapter that the command would use, and as the command opens it: without the styles that need subgroups, which wgpu's
/// own front end of WGSL does not read yet.
pub fn open() -> Result<OpenedAdapter, String> {
    let (device, setup) = pollster::block_on(Device::wgpu_options().init_with_setup_async()).map_err(|error| {
        format!(
            "no GPU can be used: {error}. On Linux this needs a Vulkan driver and its loader (libvulkan.so.1); \
             VK_DRIVER_FILES names a driver's JSON file that the loader does not find by itself"
        )
    })?;
    let description = description_of(&setup);
    Ok(OpenedAdapter { device, setup, description })
}

fn description_of(setup: &WgpuSetup) -> AdapterDescription {
    let (info, features, limits) = (setup.adapter.get_info(), setup.device.features(), setup.device.limits());
    AdapterDescription {
        vendor: info.vendor,
        device: info.device,
        kind: format!("{:?}", info.device_type),
        driver: info.driver,
        driver_info: info.driver_info,
        backend: format!("{:?}", info.backend),
        software: info.device_type == wgpu::DeviceType::Cpu,
        shader_f16: features.contains(wgpu::Features::SHADER_F16),
        subgroups: features.contains(wgpu::Features::SUBGROUP),
        subgroup_sizes: [info.subgroup_min_size, info.subgroup_max_size],
        features: features.iter_names().map(|(name, _)| name).collect(),
        limits: AdapterLimits {
            max_buffer_size: limits.max_buffer_size,
            max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
            max_storage_buffers_per_shader_stage: limits.max_storage_buffers_per_shader_stage,
            max_compute_workgroup_storage_size: limits.max_compute_workgroup_storage_size,
            max_compute_invocations_per_workgroup: limits.max_compute_invocations_per_workgroup,
            max_compute_workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
        },
        name: info.name,
    }
}
