//! The causal decoder: packed rows of several prompts, a shared prefix, layers of attention and gated MLP.

mod cache;
mod layer;
mod layout;
mod packer;
mod rows;
mod stack;
mod trunk;

pub use cache::KvCache;
pub use trunk::{Decoder, PromptStart, Sweep};
