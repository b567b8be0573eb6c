//! One matrix product at a time, by the package's kernel and by variants that need relaxed SIMD, for `benches/relaxed.mjs` to time.

mod case;
mod ceiling;
mod cuts;
mod exact;
mod floats;
mod kernels {
    pub mod params {
        pub const BLOCK: usize = 32;
    }
    pub mod cpu {
        pub(crate) use crate::{math, vectors};
    }
}
mod relaxed;
// The package's own kernel, from its own files.
#[path = "../../../src/kernels/cpu/math.rs"]
#[allow(dead_code)]
mod math;
#[path = "../../../src/kernels/cpu/vectors.rs"]
mod vectors;
#[path = "../../../src/kernels/cpu/packed/wasm.rs"]
mod wasm;
#[path = "../../../src/kernels/cpu/packed/weight.rs"]
mod weight;
