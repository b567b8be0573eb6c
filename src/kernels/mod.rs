//! The operations burn does not do well enough, each as one method of [`SecondpassOps`] with a WGSL implementation for
//! GPUs (text in `shaders/`) and a Rust one for the CPU, which is at once fallback and oracle.
//!
//! How to add one: a method on the trait, a file here with a `Tensor` wrapper that checks shapes, `gpu` and `cpu`
//! functions in it, a shader in `shaders/`, and cases in [`selfcheck`], which compares the two where they really run.

mod q8_matmul;
pub mod selfcheck;

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, backend_extension};

pub use q8_matmul::{BLOCK, q8_matmul, q8_matmul_into};

/// What secondpass adds to a burn backend.
#[backend_extension(Cube, Flex)]
pub trait SecondpassOps: Backend {
    /// `x [m, k] · wᵀ` for a weight `w [n, k]` in packed 8-bit blocks of 32; see [`q8_matmul`].
    ///
    /// Every element of `out [m, n]` is overwritten. The caller allocates it, so that a test can poison it.
    fn q8_matmul_into(
        x: FloatTensor<Self>,
        quants: IntTensor<Self>,
        scales: FloatTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

impl SecondpassOps for burn_cubecl::CubeBackend {
    fn q8_matmul_into(
        x: FloatTensor<Self>,
        quants: IntTensor<Self>,
        scales: FloatTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        q8_matmul::gpu(x, quants, scales, out)
    }
}

impl SecondpassOps for burn::backend::Flex {
    fn q8_matmul_into(
        x: FloatTensor<Self>,
        quants: IntTensor<Self>,
        scales: FloatTensor<Self>,
        out: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        q8_matmul::cpu(x, quants, scales, out)
    }
}
