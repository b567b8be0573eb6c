// y = silu(gate) · up, or gelu_tanh(gate), or gate + up. One invocation per four values.

@group(0) @binding(0) var<storage, read_write> gate: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> up: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;  // values / 4, groups in x, 0 for silu, 1 for gelu, 2 for the sum

fn logistic(x: vec4<f32>) -> vec4<f32> {
    // Outside of this range the result is 0 or 1 in f32, and exp() may overflow on some devices.
    return 1.0 / (1.0 + exp(-clamp(x, vec4<f32>(-30.0), vec4<f32>(30.0))));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let i = (group.y * dims[1] + group.x) * 64u + local.x;
    if (i >= dims[0]) {
        return;
    }
    let g = gate[i];
    if (dims[2] == 0u) {
        y[i] = g * logistic(g) * up[i];
    } else if (dims[2] == 2u) {
        y[i] = g + up[i];
    } else {
        // x/2 · (1 + tanh(√(2/π)(x + 0.044715x³))) is x times the logistic function of twice the argument.
        y[i] = g * logistic(1.5957691216057308 * (g + 0.044715 * g * g * g));
    }
}
