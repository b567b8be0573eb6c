//! GGUF: one file, or one split into several, with everything that a model needs: sizes, tokenizer, tensors.

mod cursor;
mod header;
mod names;
mod split;
mod value;

pub use header::{GgufHeader, GgufTensor, read_header};
pub use names::canonical;
pub use split::{other_parts, part_name};
pub use value::{Metadata, Value};
