//! The tensors of an encoder in a GGUF file: what each is called there and in a checkpoint of the family.

use super::config::ModelConfig;
use super::family::{TrunkKind, encoder_tensors};
use super::heads::{HeadModules, HeadPlace, head_places};
use super::loading::{required_tensors, required_tensors_named};
use crate::weights::gguf::GgufTensor;

/// A tensor that a GGUF file may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GgufTensorName {
    /// Its name in the file.
    pub gguf: String,
    /// Its name in a checkpoint of the family.
    pub checkpoint: String,
    /// Whether its matrix may have one row. llama.cpp's converter drops the dimension of such a tensor.
    may_be_row: bool,
}

/// All tensors of an encoder and its head. A head's biases are listed whether the model has them or not.
pub fn encoder_tensor_names(config: &ModelConfig) -> Vec<GgufTensorName> {
    let TrunkKind::Encoder(spec) = config.family().spec().trunk else { return Vec::new() };
    let in_file = required_tensors_named(config, encoder_tensors(spec.norm_order));
    let name = |(gguf, checkpoint), may_be_row| GgufTensorName { gguf, checkpoint, may_be_row };
    let pairs = in_file.into_iter().zip(required_tensors(config));
    let mut names: Vec<GgufTensorName> =
        pairs.map(|(theirs, ours)| name((theirs.name, ours.name), ours.shape.len() == 2)).collect();
    let places = head_places(config);
    let is_score = config.head_modules.as_ref().is_none_or(HeadModules::is_score);
    for (gguf, HeadPlace { at, is_norm }) in gguf_places(&places, is_score).iter().zip(&places) {
        names.push(name((format!("{gguf}.weight"), format!("{at}.weight")), !is_norm));
        names.push(name((format!("{gguf}.bias"), format!("{at}.bias")), false));
    }
    names
}

/// Where llama.cpp keeps the heads that it has; the layers of others, and of those that give vectors, are numbered.
fn gguf_places(places: &[HeadPlace], is_score: bool) -> Vec<String> {
    let norms: Vec<bool> = places.iter().map(|place| place.is_norm).collect();
    let known: &[&str] = match norms.as_slice() {
        [false] if is_score => &["cls.output"],
        [false, false] if is_score => &["cls", "cls.output"],
        [false, true, false] if is_score => &["cls", "cls.norm", "cls.output"],
        _ => return (0..places.len()).map(|layer| format!("head.{layer}")).collect(),
    };
    known.iter().map(|&place| place.to_owned()).collect()
}

/// Renames a tensor of a file to that of a checkpoint, and gives a matrix of one row back its dimension. A tensor that is not
/// listed keeps its name.
pub fn adapt_encoder_tensor(names: &[GgufTensorName], tensor: &mut GgufTensor) {
    let Some(listed) = names.iter().find(|listed| listed.gguf == tensor.name) else { return };
    tensor.name.clone_from(&listed.checkpoint);
    if let ([width], true) = (tensor.shape.as_slice(), listed.may_be_row) {
        tensor.shape = vec![1, *width];
    }
}
