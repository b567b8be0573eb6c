//! Element-wise operations.

use burn_cubecl::tensor::CubeTensor;

use super::launch::grid;
use crate::kernels::params::Activation;
use crate::kernels::shaders::{ACTIVATION, LIST_WORKGROUP};

/// Values that one invocation computes.
const WORD: usize = 4;

pub fn activate(a: CubeTensor, b: CubeTensor, activation: Activation, out: CubeTensor) -> CubeTensor {
    let words = |tensor: &CubeTensor| tensor.meta.shape().num_elements() / WORD;
    let groups = grid(words(&out).div_ceil(LIST_WORKGROUP));
    let operation = match activation {
        Activation::SiluGate => 0,
        Activation::GeluTanh => 1,
        Activation::GeluErf => 2,
        Activation::Sum => 3,
        Activation::GeluTanhGate => 4,
        Activation::GeluErfGate => 5,
        Activation::GeluQuick => 6,
    };
    let dims = [words(&out) as u32, groups[0] as u32, operation, words(&b) as u32];
    ACTIVATION.launch(&[a, b], out, &dims, groups)
}
