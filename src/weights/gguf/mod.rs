//! GGUF: one file, or one split into several, with everything that a model needs: sizes, tokenizer, tensors.

mod cursor;
mod header;
mod names;
mod split;
mod value;
mod writer;

pub use header::{GgufHeader, GgufTensor, read_header};
pub use names::{canonical, llama_name};
pub use split::{check_part, other_parts, part_name, parts_by_name};
pub use value::{Metadata, Value};
pub use writer::{Field, GgufWriter, Layout, NewTensor};
