// Element-wise operations on pairs of values, or of a value and a bias. One invocation computes four values.

@group(0) @binding(0) var<storage, read_write> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b: array<vec4<f32>>;  // as long as `a`, or a bias of one row
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;  // vec4s of a, workgroups in x, operation, vec4s of b

const SILU_GATE = 0u;
const GELU_TANH = 1u;
const GELU_ERF = 2u;
const GELU_TANH_GATE = 4u;
const GELU_ERF_GATE = 5u;
const GELU_QUICK = 6u;
// Any other: the sum, where b repeats if it is shorter than a.

fn logistic(x: vec4<f32>) -> vec4<f32> {
    // Beyond ±30 the result is 0 or 1 in f32; without the clamp exp() overflows on some devices.
    return 1.0 / (1.0 + exp(-clamp(x, vec4<f32>(-30.0), vec4<f32>(30.0))));
}

// The error function by the minimax polynomials of the Cephes library, within 2 units in the last place.
fn erf(x: vec4<f32>) -> vec4<f32> {
    let s = x * x;
    var t = vec4<f32>(7.853861353153693e-5);
    t = t * s - 8.010193625184903e-4;
    t = t * s + 5.188327685732524e-3;
    t = t * s - 2.685381193529856e-2;
    t = t * s + 1.128358514861418e-1;
    t = t * s - 3.761262582423300e-1;
    t = t * s + 1.128379165726710;
    // From 1 on: 1 - exp(-x²) · P(1/x²) / |x|. From 4 on the difference from 1 is below f32.
    let r = 1.0 / clamp(abs(x), vec4<f32>(1.0), vec4<f32>(4.0));
    let q = r * r;
    var near = vec4<f32>(2.326819970068386e-2);
    near = near * q - 1.387039388740657e-1;
    near = near * q + 3.687424674597105e-1;
    near = near * q - 5.824733027278666e-1;
    near = near * q + 6.210004621745983e-1;
    near = near * q - 4.944515323274145e-1;
    near = near * q + 3.404879937665872e-1;
    near = near * q - 2.741127028184656e-1;
    near = near * q + 5.638259427386472e-1;
    var far = vec4<f32>(-1.047766399936249e+1);
    far = far * q + 1.297719955372516e+1;
    far = far * q - 7.495518717768503;
    far = far * q + 2.921019019210786;
    far = far * q - 1.015265279202700;
    far = far * q + 4.218463358204948e-1;
    far = far * q - 2.820767439740514e-1;
    far = far * q + 5.641895067754075e-1;
    let tail = exp(-min(s, vec4<f32>(16.0))) * r * select(near, far, abs(x) > vec4<f32>(2.0));
    return select(sign(x) * (1.0 - tail), x * t, abs(x) < vec4<f32>(1.0));
}

fn gelu_tanh(x: vec4<f32>) -> vec4<f32> {
    // x/2 · (1 + tanh(√(2/π)(x + 0.044715x³))) is x times the logistic function of twice the argument.
    return x * logistic(1.5957691216057308 * (x + 0.044715 * x * x * x));
}

fn gelu_erf(x: vec4<f32>) -> vec4<f32> {
    return 0.5 * x * (1.0 + erf(x * 0.7071067811865476));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let i = (group.y * dims[1] + group.x) * 64u + local.x;
    if (i >= dims[0]) {
        return;
    }
    let x = a[i];
    switch (dims[2]) {
        case SILU_GATE: {
            y[i] = x * logistic(x) * b[i];
        }
        case GELU_TANH: {
            y[i] = gelu_tanh(x);
        }
        case GELU_ERF: {
            y[i] = gelu_erf(x);
        }
        case GELU_TANH_GATE: {
            y[i] = gelu_tanh(x) * b[i];
        }
        case GELU_ERF_GATE: {
            y[i] = gelu_erf(x) * b[i];
        }
        case GELU_QUICK: {
            y[i] = x * logistic(1.702 * x);
        }
        default: {
            y[i] = x + b[i % dims[3]];
        }
    }
}
