//! The operations that burn does not do well enough, each with a WGSL implementation for GPUs (text in `shaders/`) and a
//! Rust one for the CPU, and the few that move values around. The model uses these and none of burn's own: a single call
//! of burn's links a large part of cubecl's kernel library into the module.
//!
//! How to add one: a method on `KernelOps`, a file in `cpu/` and one in `gpu/`, a function in `ops` that checks shapes, a
//! shader in `shaders/`, and cases in `check/cases.rs`, which compare both with the definition in double precision. The
//! caller allocates the output, every element of which is overwritten, so that a check can fill it with NaN first.
//!
//! What was chosen for a GPU (see [`selection`]) belongs to that device.

mod adapter;
pub mod check;
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
mod kernel_ops;
mod ops;
mod params;
pub mod selection;
pub mod shaders;
mod tensor;

pub use ops::{
    Heads, Keys, RelativePositions, activate_into, add, add_bias, attention, attention_into, disentangled_attention,
    gelu, gelu_gate, gelu_quick, gelu_tanh, gelu_tanh_gate, layer_norm, layer_norm_into, matmul, matmul_into,
    matmul_q4, matmul_q4_into, matmul_q8, matmul_q8_into, mean_rows, rms_norm, rms_norm_into, rotate, rotate_into,
    silu_gate,
};
pub use params::{Activation, AttentionSizes, BLOCK, BlockCopy, DisentangledSizes, MAX_HEAD};
pub use tensor::{
    concat_columns, concat_rows, concat_word_rows, download, download_words, gather_rows, gather_word_rows,
    pad_columns, reshape, slice_columns, slice_rows, synchronize, upload, upload_bytes, upload_vector, upload_words,
    zeros,
};
