//! The layers of the decoder and its final norm.

use burn::module::Module;
use burn::tensor::Tensor;

use super::layer::DecoderLayer;
use super::rows::PackedRows;
use crate::kernels::{Keys, gather_rows};
use crate::model::config::TextConfig;
use crate::model::error::ModelError;
use crate::model::layers::{RmsNorm, TensorScope, TensorSource};
use crate::model::trace::{TraceProbe, TraceStage};
use crate::model::yielding::YieldPoint;
use crate::weights::WeightsError;

/// All layers and the final norm.
#[derive(Module, Debug)]
pub struct DecoderStack {
    layers: Vec<DecoderLayer>,
    norm: RmsNorm,
}

/// What a forward pass computes.
pub enum ForwardTarget {
    /// The keys and values of all rows, for prompts that continue from them. The last layer computes nothing else.
    KeysAndValues,
    /// The final hidden states of these rows. The last layer computes no others.
    HiddenStates(Vec<u32>),
    /// The same, with the last layer computed for all rows: to measure what leaving them out saves.
    HiddenStatesUnpruned(Vec<u32>),
}

/// The result of a forward pass.
#[allow(clippy::large_enum_variant)] // one value a pass
pub enum ForwardOutput {
    /// The keys and values of each layer.
    KeysAndValues(Vec<Keys>),
    /// The final hidden states.
    HiddenStates(Tensor<2>),
}

impl DecoderStack {
    /// The final norm and all layers. `on_part` is called after each layer.
    pub async fn load<S: TensorSource>(
        at: &TensorScope<'_, S>,
        config: &TextConfig,
        on_part: &mut dyn FnMut(),
    ) -> Result<Self, WeightsError> {
        let norm = RmsNorm::load(&at.at("norm"), config.hidden_size, config.rms_norm_eps).await?;
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            layers.push(DecoderLayer::load(&at.at("layers").at(i), config).await?);
            on_part();
        }
        Ok(Self { layers, norm })
    }

    /// One pass over rows that may continue from a prefix, whose keys and values are given for each layer.
    pub async fn forward(
        &self,
        mut rows: PackedRows,
        prefix: Option<&[Keys]>,
        target: &ForwardTarget,
        yield_point: &dyn YieldPoint,
    ) -> Result<ForwardOutput, ModelError> {
        let mut kept = Vec::new();
        let last = self.layers.len() - 1;
        for (i, layer) in self.layers.iter().enumerate() {
            yield_point.yield_now().await?;
            let mut normed = layer.normed_input(&rows);
            let keys = layer.keys_and_values(&normed, &rows);
            if let ForwardTarget::KeysAndValues = target {
                kept.push(keys.clone());
                if i == last {
                    break;
                }
            }
            if let (ForwardTarget::HiddenStates(scored), true) = (target, i == last) {
                rows = rows.select(scored);
                normed = gather_rows(normed, scored);
            }
            layer.forward(&mut rows, normed, keys, prefix.map(|prefix| &prefix[i]));
            rows.add_deepstack(i);
        }
        Ok(match target {
            ForwardTarget::KeysAndValues => ForwardOutput::KeysAndValues(kept),
            ForwardTarget::HiddenStates(_) => ForwardOutput::HiddenStates(self.norm.forward(rows.x)),
            ForwardTarget::HiddenStatesUnpruned(scored) => {
                ForwardOutput::HiddenStates(gather_rows(self.norm.forward(rows.x), scored))
            }
        })
    }

    /// Every stage of all rows, for comparison with the reference implementation.
    pub fn trace(&self, mut rows: PackedRows, probe: TraceProbe<'_>) {
        for (i, layer) in self.layers.iter().enumerate() {
            let normed = layer.normed_input(&rows);
            let keys = layer.keys_and_values(&normed, &rows);
            layer.forward(&mut rows, normed, keys, None);
            probe(TraceStage::Layer(i), &rows.x);
            if rows.add_deepstack(i) {
                probe(TraceStage::LayerWithDeepstack(i), &rows.x);
            }
        }
        probe(TraceStage::LastHidden, &self.norm.forward(rows.x));
    }
}
