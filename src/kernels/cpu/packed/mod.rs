//! Products with weights in packed blocks on the CPU, where a weight is never held whole in f32.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod wasm;
mod weight;

#[cfg(not(target_arch = "wasm32"))]
pub use native::product;
#[cfg(target_arch = "wasm32")]
pub use wasm::product;
pub use weight::{PackedWeight, Q4Weight, Q8Weight};
