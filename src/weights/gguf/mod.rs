//! GGUF: one file, or several parts, with everything that a model needs: configuration, tokenizer, tensors.

mod embedded;
mod header;
mod names;
mod reader;
mod split;
mod value;
mod writer;

pub use embedded::{EMBEDDED_NAMES, EmbeddedFile, embedded_fields, embedded_files};
pub use header::{GgufHeader, GgufTensor, MAX_STRING_BYTES, read_header};
pub use names::{canonical, llama_name};
pub use split::{check_part, other_parts, part_name, parts_by_name};
pub use value::{Metadata, Value};
pub use writer::{Field, GgufLayout, GgufWriter, NewTensor};
