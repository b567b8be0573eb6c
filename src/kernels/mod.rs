//! The operations that burn does not do well enough, each with a WGSL implementation for GPUs (text in `shaders/`) and a
//! Rust one for the CPU, and the few that move values around. The model uses these and none of burn's own: a single call
//! of burn's links a large part of cubecl's kernel library into the module.
//!
//! How to add one: a method on [`KernelOps`], a file in `cpu/` and one in `gpu/`, a function in `ops` that checks shapes, a
//! shader in `shaders/`, and cases in `check/cases.rs`, which compare both with the definition in double precision. The
//! caller allocates the output, every element of which is overwritten, so that a check can fill it with NaN first.
//!
//! What was chosen for a GPU (see [`selection`]) belongs to that device.

pub mod check;
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
mod ops;
pub mod selection;
mod tensor;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Flex, backend_extension};

pub use ops::{
    Activation, BLOCK, Heads, Keys, MAX_HEAD, activate_into, add, add_bias, attention, attention_into, gelu, gelu_tanh,
    layer_norm, layer_norm_into, matmul, matmul_into, matmul_q4, matmul_q4_into, matmul_q8, matmul_q8_into, rms_norm,
    rms_norm_into, rotate, rotate_into, silu_gate,
};
pub use tensor::{
    concat_columns, concat_rows, concat_word_rows, download, download_words, gather_rows, gather_word_rows,
    pad_columns, reshape, slice_columns, slice_rows, synchronize, upload, upload_bytes, upload_vector, upload_words,
    zeros,
};

#[cfg(feature = "gpu")]
pub use gpu::shaders;

/// The part of a matrix that [`KernelOps::copy_block`] copies, and where to.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// Rows and columns of the block.
    pub shape: [usize; 2],
    /// Its first row and column in the source.
    pub from: [usize; 2],
    /// Its first row and column in the destination.
    pub to: [usize; 2],
}

/// The sizes of an attention. `prefix` may be less than the rows of its tensors, which are never empty.
#[derive(Debug, Clone, Copy)]
pub struct AttentionSizes {
    /// Query heads.
    pub heads: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Rows of the shared prefix.
    pub prefix: usize,
    /// What scores are multiplied by.
    pub scale: f32,
}

/// What secondpass adds to a burn backend. Shapes are checked by the functions of this module, which call these.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex)]
pub trait KernelOps: Backend {
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

    /// See [`layer_norm`].
    fn layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f32,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`rotate`].
    fn rotate(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        angles: FloatTensor<Self>,
        norm: Option<f32>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`Activation`].
    fn activate(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        activation: Activation,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`attention()`].
    #[allow(clippy::too_many_arguments)] // the dispatch macro only routes by tensors that are arguments of their own
    fn attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        prefix_k: FloatTensor<Self>,
        prefix_v: FloatTensor<Self>,
        ranges: IntTensor<Self>,
        sizes: AttentionSizes,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Copies a block of `x` into `out`, whose other elements stay.
    fn copy_block(x: FloatTensor<Self>, out: FloatTensor<Self>, block: Block) -> FloatTensor<Self>;

    /// [`KernelOps::copy_block`] of 32-bit words.
    fn copy_word_block(x: IntTensor<Self>, out: IntTensor<Self>, block: Block) -> IntTensor<Self>;

    /// See [`gather_rows`].
    fn gather_rows(x: FloatTensor<Self>, indices: IntTensor<Self>, out: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`gather_word_rows`].
    fn gather_word_rows(x: IntTensor<Self>, indices: IntTensor<Self>, out: IntTensor<Self>) -> IntTensor<Self>;
}

/// Implements [`KernelOps`] for a backend by the functions of a module.
macro_rules! implement {
    ($backend:ty, $half:ident) => {
        impl KernelOps for $backend {
            fn matmul_f32(x: FloatTensor<Self>, w: FloatTensor<Self>, out: FloatTensor<Self>) -> FloatTensor<Self> {
                $half::matmul::f32(x, w, out)
            }

            fn matmul_q8(
                x: FloatTensor<Self>,
                quants: IntTensor<Self>,
                scales: FloatTensor<Self>,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::matmul::q8(x, quants, scales, out)
            }

            fn matmul_q4(
                x: FloatTensor<Self>,
                quants: IntTensor<Self>,
                scales: FloatTensor<Self>,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::matmul::q4(x, quants, scales, out)
            }

            fn rms_norm(
                x: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                eps: f32,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::norm::rms(x, weight, eps, out)
            }

            fn layer_norm(
                x: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                eps: f32,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::norm::layer(x, weight, bias, eps, out)
            }

            fn rotate(
                x: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                angles: FloatTensor<Self>,
                norm: Option<f32>,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::rotate::rotate(x, weight, angles, norm, out)
            }

            fn activate(
                a: FloatTensor<Self>,
                b: FloatTensor<Self>,
                activation: Activation,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::activation::activate(a, b, activation, out)
            }

            fn attention(
                q: FloatTensor<Self>,
                k: FloatTensor<Self>,
                v: FloatTensor<Self>,
                prefix_k: FloatTensor<Self>,
                prefix_v: FloatTensor<Self>,
                ranges: IntTensor<Self>,
                sizes: AttentionSizes,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::attention::attention([q, k, v, prefix_k, prefix_v, ranges], sizes, out)
            }

            fn copy_block(x: FloatTensor<Self>, out: FloatTensor<Self>, block: Block) -> FloatTensor<Self> {
                $half::copy::copy_block(x, out, block)
            }

            fn copy_word_block(x: IntTensor<Self>, out: IntTensor<Self>, block: Block) -> IntTensor<Self> {
                $half::copy::copy_block(x, out, block)
            }

            fn gather_rows(
                x: FloatTensor<Self>,
                indices: IntTensor<Self>,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::copy::gather_rows(x, indices, out)
            }

            fn gather_word_rows(x: IntTensor<Self>, indices: IntTensor<Self>, out: IntTensor<Self>) -> IntTensor<Self> {
                $half::copy::gather_rows(x, indices, out)
            }
        }
    };
}

implement!(Flex, cpu);
#[cfg(feature = "gpu")]
implement!(burn_cubecl::CubeBackend, gpu);
