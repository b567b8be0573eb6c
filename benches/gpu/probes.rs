//! What the adapter can do at most: small shaders that only multiply and add, or only copy, run through wgpu itself.

use burn::tensor::wgpu::{WgpuSetup, wgpu};
use burn::tensor::{Device, Tensor};
use secondpass::kernels::{add, synchronize, upload};
use serde::Serialize;

use super::clock::Clock;

/// Invocations of a workgroup.
const WORKGROUP: u64 = 64;
/// Accumulators of four values that an invocation has, so that none waits for the one before.
const ACCUMULATORS: usize = 8;
/// Multiply-adds of each accumulator in one turn of the loop, beside which the loop itself is little.
const UNROLLED: usize = 4;
/// Some devices emulate fma() slowly, others fuse only an explicit fma(): the faster form is the peak.
const FORMS: [&str; 2] = ["fma(A, b, b)", "A * b + b"];
/// Runs before the first measurement, so that the clocks of an idle GPU have risen.
const WARM_UP_RUNS: usize = 3;

/// The peaks of an adapter.
#[derive(Debug, Clone, Serialize)]
pub struct Peaks {
    /// GFLOP/s of multiply-adds in 32 bits, two operations each.
    pub f32_gflops: f64,
    /// The same in 16 bits, where the adapter has them.
    pub f16_gflops: Option<f64>,
    /// GB/s of a copy, bytes read and written.
    pub copy_gbs: f64,
    /// Microseconds that a launch takes at least, as the engine launches: the least time of any kernel.
    pub launch_us: f64,
}

/// Measures them.
pub fn measure(setup: &WgpuSetup, device: &Device, clock: &Clock, small: bool) -> Result<Peaks, String> {
    let probe = Probe { setup, clock };
    let fastest = |float: &str| {
        let times = FORMS.map(|form| probe.multiply_adds(float, form, small));
        times.into_iter().collect::<Result<Vec<f64>, String>>().map(|rates| rates.into_iter().fold(0.0, f64::max))
    };
    let f16 = setup.device.features().contains(wgpu::Features::SHADER_F16);
    Ok(Peaks {
        f32_gflops: fastest("f32")?,
        f16_gflops: f16.then(|| fastest("f16")).transpose()?,
        copy_gbs: probe.copy(small)?,
        launch_us: launch(device, clock)? * 1e3,
    })
}

/// Milliseconds of the smallest kernel, launched after another.
fn launch(device: &Device, clock: &Clock) -> Result<f64, String> {
    let [a, b] = [1.0, 2.0].map(|value| upload(vec![value; 4], [1, 4], device));
    clock.time(|repeats| {
        let mut last: Tensor<2> = add(a.clone(), b.clone());
        for _ in 1..repeats {
            last = add(a.clone(), b.clone());
        }
        pollster::block_on(synchronize(&last))
    })
}

struct Probe<'a> {
    setup: &'a WgpuSetup,
    clock: &'a Clock,
}

impl Probe<'_> {
    /// GFLOP/s.
    fn multiply_adds(&self, float: &str, form: &str, small: bool) -> Result<f64, String> {
        let (groups, turns): (u64, u64) = if small { (64, 64) } else { (16_384, 256) };
        let invocations = groups * WORKGROUP;
        let out = self.buffer(invocations * 16);
        let text = multiply_add_text(float, form, turns);
        let ms = self.time(&text, &[&out], [groups as u32, 1])?;
        let flop = invocations * turns * (ACCUMULATORS * UNROLLED * 4 * 2) as u64;
        Ok(flop as f64 / ms / 1e6)
    }

    /// GB/s, with buffers far larger than the caches, as far as the adapter binds such.
    fn copy(&self, small: bool) -> Result<f64, String> {
        let limit = self.setup.device.limits().max_storage_buffer_binding_size;
        let bytes = if small { 64 << 20 } else { 512 << 20 }.min(limit / 2).next_multiple_of(1 << 20);
        let (from, to) = (self.buffer(bytes), self.buffer(bytes));
        let groups = bytes / 16 / WORKGROUP;
        let across = groups.min(32_768);
        let ms = self.time(&copy_text(across), &[&from, &to], [across as u32, groups.div_ceil(across) as u32])?;
        Ok(2.0 * bytes as f64 / ms / 1e6)
    }

    fn buffer(&self, size: u64) -> wgpu::Buffer {
        self.setup.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        })
    }

    /// Milliseconds of a dispatch. The last of `buffers` is read back.
    fn time(&self, text: &str, buffers: &[&wgpu::Buffer], [x, y]: [u32; 2]) -> Result<f64, String> {
        let device = &self.setup.device;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(text.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        let entries: Vec<_> = (0..).zip(buffers).map(|(binding, buffer)| bound(binding, buffer)).collect();
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let read = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 16,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let run = |repeats: usize| {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                pass.set_pipeline(&pipeline);
                pass.set_bind_group(0, &group, &[]);
                for _ in 0..repeats {
                    pass.dispatch_workgroups(x, y, 1);
                }
            }
            encoder.copy_buffer_to_buffer(buffers[buffers.len() - 1], 0, &read, 0, 16);
            self.setup.queue.submit([encoder.finish()]);
            read.map_async(wgpu::MapMode::Read, .., |_| {});
            device.poll(wgpu::PollType::wait_indefinitely()).map_err(|e| format!("the device failed: {e}"))?;
            read.unmap();
            Ok(())
        };
        run(WARM_UP_RUNS)?;
        self.clock.time(run)
    }
}

fn bound(binding: u32, buffer: &wgpu::Buffer) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() }
}

/// `b` is near one, so that no value leaves the range of 16 bits: the accumulators tend to b / (1 - b).
fn multiply_add_text(float: &str, form: &str, turns: u64) -> String {
    let accumulators = |line: &dyn Fn(String, usize) -> String| -> String {
        (0..ACCUMULATORS).map(|i| line(format!("a{i}"), i)).collect::<Vec<_>>().join("\n  ")
    };
    let enable = if float == "f16" { "enable f16;\n" } else { "" };
    let start = accumulators(&|a, i| format!("var {a} = vec4<{float}>({i}.0);"));
    let step = accumulators(&|a, _| format!("{a} = {};", form.replace('A', &a)));
    let sum = (0..ACCUMULATORS).map(|i| format!("vec4<f32>(a{i})")).collect::<Vec<_>>().join(" + ");
    format!(
        "{enable}@group(0) @binding(0) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size({WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
  let b = vec4<{float}>({float}(f32(id.x & 7u) * 0.0005 + 0.99));
  {start}
  for (var turn = 0u; turn < {turns}u; turn++) {{
  {}
  }}
  y[id.x] = {sum};
}}",
        vec![step; UNROLLED].join("\n  ")
    )
}

fn copy_text(across: u64) -> String {
    format!(
        "@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size({WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
  let at = id.y * {}u + id.x;
  if (at < arrayLength(&y)) {{ y[at] = x[at]; }}
}}",
        across * WORKGROUP
    )
}
