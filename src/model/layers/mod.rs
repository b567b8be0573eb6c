//! The layers that all trunks are built from.

mod attention;
mod embedding;
mod linear;
mod list;
mod mlp;
mod norm;
mod precision;
mod q4;
mod rotary;
mod source;
mod weight;

pub use attention::SelfAttention;
pub use embedding::{EmbeddingTable, RowReader};
pub use linear::{Bias, Linear};
pub use list::{LayerList, ListedLayer, StreamTimes};
pub use mlp::{GateActivation, GatedMlp, Mlp, MlpActivation};
pub use norm::{LayerNorm, RmsNorm};
pub use precision::Precision;
pub use rotary::{RotaryFrequencies, RotaryOrder, rotary_table};
pub use source::{LayerReader, LayerTensors, StreamedLayers, TensorFuture, TensorScope, TensorSource};
pub use weight::LinearWeight;
