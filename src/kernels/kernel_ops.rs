//! The operations as an extension of burn's backends.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Flex, backend_extension};

use super::cpu;
#[cfg(feature = "gpu")]
use super::gpu;
use super::params::{Activation, AttentionSizes, BlockCopy, DisentangledSizes};

/// What secondpass adds to a burn backend. Shapes are checked by the functions of this module, which call these.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex)]
pub trait KernelOps: Backend {
    /// See [`matmul`](super::matmul).
    fn matmul_f32(x: FloatTensor<Self>, weight: FloatTensor<Self>, out: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`matmul_q8`](super::matmul_q8).
    fn matmul_q8(
        x: FloatTensor<Self>,
        quants: IntTensor<Self>,
        scales: FloatTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`matmul_q4`](super::matmul_q4).
    fn matmul_q4(
        x: FloatTensor<Self>,
        quants: IntTensor<Self>,
        scales: FloatTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`rms_norm`](super::rms_norm).
    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, eps: f32, out: FloatTensor<Self>)
    -> FloatTensor<Self>;

    /// See [`layer_norm`](super::layer_norm).
    fn layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        eps: f32,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`rotate`](super::rotate).
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

    /// See [`attention`](super::attention()).
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

    /// See [`disentangled_attention`](super::disentangled_attention()).
    #[allow(clippy::too_many_arguments)] // as above
    fn disentangled_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        relative_k: FloatTensor<Self>,
        relative_q: FloatTensor<Self>,
        ranges: IntTensor<Self>,
        sizes: DisentangledSizes,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See [`mean_rows`](super::mean_rows).
    fn mean_rows(x: FloatTensor<Self>, ranges: IntTensor<Self>, out: FloatTensor<Self>) -> FloatTensor<Self>;

    /// Copies a block of `x` into `out`, whose other elements stay.
    fn copy_block(x: FloatTensor<Self>, out: FloatTensor<Self>, block: BlockCopy) -> FloatTensor<Self>;

    /// [`KernelOps::copy_block`] of 32-bit words.
    fn copy_word_block(x: IntTensor<Self>, out: IntTensor<Self>, block: BlockCopy) -> IntTensor<Self>;

    /// See [`gather_rows`](super::gather_rows).
    fn gather_rows(x: FloatTensor<Self>, indices: IntTensor<Self>, out: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See [`gather_word_rows`](super::gather_word_rows).
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

            fn disentangled_attention(
                q: FloatTensor<Self>,
                k: FloatTensor<Self>,
                v: FloatTensor<Self>,
                relative_k: FloatTensor<Self>,
                relative_q: FloatTensor<Self>,
                ranges: IntTensor<Self>,
                sizes: DisentangledSizes,
                out: FloatTensor<Self>,
            ) -> FloatTensor<Self> {
                $half::disentangled::attention([q, k, v, relative_k, relative_q, ranges], sizes, out)
            }

            fn mean_rows(x: FloatTensor<Self>, ranges: IntTensor<Self>, out: FloatTensor<Self>) -> FloatTensor<Self> {
                $half::mean::rows(x, ranges, out)
            }

            fn copy_block(x: FloatTensor<Self>, out: FloatTensor<Self>, block: BlockCopy) -> FloatTensor<Self> {
                $half::copy::copy_block(x, out, block)
            }

            fn copy_word_block(x: IntTensor<Self>, out: IntTensor<Self>, block: BlockCopy) -> IntTensor<Self> {
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
