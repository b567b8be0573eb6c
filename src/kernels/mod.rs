//! The operations burn does not do well enough, each as one method of [`SecondpassOps`] with a WGSL implementation for
//! GPUs (text in `shaders/`) and a Rust one for the CPU, which is at once fallback and oracle.
//!
//! How to add one: a method on the trait, a file here with `gpu` and `cpu` functions, a function in `ops` that checks
//! shapes, a shader in `shaders/`, and cases in [`selfcheck`], which compares the two where they really run. The caller
//! allocates the output, every element of which is overwritten, so that a test can poison it.

mod attention;
mod cpu;
mod gate;
mod gpu;
mod matmul;
mod norm;
mod ops;
mod packed;
mod rotate;
pub mod selfcheck;
mod style;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Flex, backend_extension};
use burn_cubecl::CubeBackend;

pub use attention::MAX_HEAD;
pub use gate::Activation;
pub use matmul::BLOCK;
pub use ops::{
    Heads, Keys, activate_into, add, attention, attention_into, gelu_tanh, matmul, matmul_into, matmul_q4,
    matmul_q4_into, matmul_q8, matmul_q8_into, rms_norm, rms_norm_into, rotate, rotate_into, silu_gate,
};
pub use style::Style;

/// Every shader, by its name and its whole text, for the checks that compile them.
pub fn shaders() -> Vec<(String, String)> {
    let products = matmul::Form::ALL.iter().flat_map(|&form| Style::ALL.map(|style| matmul::shader(form, style)));
    let heads = [1, 18, MAX_HEAD / 4].into_iter().flat_map(|words| [false, true].map(|q| attention::shader(words, q)));
    let norms = [norm::RMS, norm::RMS_ROWS, norm::RMS_QUADS];
    let all = products.chain(heads).chain(norms).chain([rotate::ROTATE, gate::GATE]);
    all.map(|shader| (format!("{}{:?}", shader.name, shader.words), shader.source())).collect()
}

/// What secondpass adds to a burn backend.
#[backend_extension(Cube, Flex)]
pub trait SecondpassOps: Backend {
    /// See [`matmul`].
    fn matmul_f32(x: FloatTensor<Self>, weight: FloatTensor<Self>, out: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`matmul_q8`].
    fn matmul_q8(
        x: FloatTensor<Self>,
        quants: IntTensor<Self>,
        scales: FloatTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`matmul_q4`].
    fn matmul_q4(
        x: FloatTensor<Self>,
        quants: IntTensor<Self>,
        scales: FloatTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`rms_norm`].
    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f32, out: FloatTensor<Self>)
    -> FloatTensor<Self>;

    /// See [`rotate`].
    fn rotate(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        angles: FloatTensor<Self>,
        norm: Option<f32>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`silu_gate`], [`gelu_tanh`] and [`add`].
    fn activate(
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        activation: Activation,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`attention()`].
    #[allow(clippy::too_many_arguments)] // the dispatch macro routes by tensors that are arguments of their own
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        prefix_k: FloatTensor<Self>,
        prefix_v: FloatTensor<Self>,
        ranges: IntTensor<Self>,
        sizes: [usize; 3],
        scale: f32,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

macro_rules! implement {
    ($backend:ty, $half:ident, $f32:ident, $q8:ident, $q4:ident) => {
        impl SecondpassOps for $backend {
            fn matmul_f32(x: FloatTensor<Self>, w: FloatTensor<Self>, out: FloatTensor<Self>) -> FloatTensor<Self> {
                matmul::$f32(x, w, out)
            }

            fn matmul_q8(
                x: FloatTensor<Self>,
                quants: IntTensor<Self>,
                scales: FloatTensor<Self>,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                matmul::$q8(x, quants, scales, out)
            }

            fn matmul_q4(
                x: FloatTensor<Self>,
                quants: IntTensor<Self>,
                scales: FloatTensor<Self>,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                matmul::$q4(x, quants, scales, out)
            }

            fn rms_norm(
                x: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                eps: f32,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                norm::$half(x, weight, eps, out)
            }

            fn rotate(
                x: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                angles: FloatTensor<Self>,
                norm: Option<f32>,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                rotate::$half(x, weight, angles, norm, out)
            }

            fn activate(
                gate: FloatTensor<Self>,
                up: FloatTensor<Self>,
                activation: Activation,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                gate::$half(gate, up, activation, out)
            }

            fn attention(
                q: FloatTensor<Self>,
                k: FloatTensor<Self>,
                v: FloatTensor<Self>,
                prefix_k: FloatTensor<Self>,
                prefix_v: FloatTensor<Self>,
                ranges: IntTensor<Self>,
                [heads, kv_heads, prefix]: [usize; 3],
                scale: f32,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                let inputs = attention::Inputs { q, k, v, prefix_k, prefix_v, ranges };
                attention::$half(inputs, attention::Sizes { heads, kv_heads, prefix, scale }, out)
            }
        }
    };
}

implement!(CubeBackend, gpu, f32_gpu, q8_gpu, q4_gpu);
implement!(Flex, cpu, f32_cpu, q8_cpu, q4_cpu);
