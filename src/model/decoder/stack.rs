//! The layers of the decoder and its final norm, and the passes that go through them.

use burn::tensor::Tensor;

use super::cache::KvCache;
use super::layer::DecoderLayer;
use super::rows::PackedRows;
use crate::kernels::{Keys, concat_rows, gather_rows, slice_rows, synchronize};
use crate::model::config::TextConfig;
use crate::model::error::{DeviceError, ModelError};
use crate::model::forward::ForwardOptions;
use crate::model::layers::{LayerList, RmsNorm, StreamTimes, TensorScope};
use crate::model::trace::{TraceProbe, TraceStage};
use crate::model::yielding::NeverYield;
use crate::weights::WeightsError;

/// All layers and the final norm.
pub struct DecoderStack {
    layers: LayerList<DecoderLayer>,
    norm: RmsNorm,
}

/// Rows that go through the layers together, and what is wanted of them.
pub struct Pass<'a> {
    rows: PackedRows,
    prefix: PassPrefix<'a>,
    target: PassTarget,
    /// Keys and values of each layer, where the target is to keep them.
    kept: Vec<Keys>,
    /// Those of the current layer and of the prefix, where a later pass continues from them.
    current: Option<Keys>,
}

/// What the rows of a pass continue from.
#[derive(Clone, Copy)]
pub enum PassPrefix<'a> {
    /// Nothing.
    Empty,
    /// The first tokens of a prefix that was computed before.
    Computed(&'a KvCache, usize),
    /// The first tokens of an earlier pass, whose own prefix counts as part of it.
    Earlier(usize, usize),
}

impl PassPrefix<'_> {
    /// Its tokens.
    pub fn len(self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Computed(_, len) | Self::Earlier(_, len) => len,
        }
    }

    /// Its first tokens alone. They do not depend on later ones.
    pub fn first(self, len: usize) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::Computed(cache, _) => Self::Computed(cache, len),
            Self::Earlier(pass, _) => Self::Earlier(pass, len),
        }
    }
}

/// What a pass computes.
pub enum PassTarget {
    /// Nothing but what later passes continue from.
    Continued,
    /// The same, and keys and values are kept for prompts of later requests. The last layer computes nothing else.
    KeysAndValues,
    /// The final hidden states of these rows. The last layer computes no others.
    HiddenStates(Vec<u32>),
    /// The same, with the last layer computed for all rows: to measure what leaving them out saves.
    HiddenStatesUnpruned(Vec<u32>),
}

/// The result of a pass.
#[allow(clippy::large_enum_variant)] // one value a pass
pub enum PassOutput {
    /// The keys and values of each layer; none of a pass that was only continued.
    KeysAndValues(Vec<Keys>),
    /// The final hidden states.
    HiddenStates(Tensor<2>),
}

impl<'a> Pass<'a> {
    /// Rows that no layer has seen.
    pub fn new(rows: PackedRows, prefix: PassPrefix<'a>, target: PassTarget) -> Self {
        Self { rows, prefix, target, kept: Vec::new(), current: None }
    }

    fn len(&self) -> usize {
        self.rows.x.dims()[0]
    }

    /// Whether later passes may continue from it.
    fn is_continued(&self) -> bool {
        matches!(self.target, PassTarget::Continued | PassTarget::KeysAndValues)
    }

    /// Sends the rows through layer `i`.
    fn step(&mut self, i: usize, is_last: bool, layer: &DecoderLayer, prefix: Option<Keys>) {
        let mut normed = layer.normed_input(&self.rows);
        let keys = layer.keys_and_values(&normed, &self.rows);
        if let PassTarget::KeysAndValues = self.target {
            self.kept.push(keys.clone());
        }
        if self.is_continued() {
            self.current = Some(match &prefix {
                Some(prefix) => Keys {
                    k: concat_rows(vec![prefix.k.clone(), keys.k.clone()]),
                    v: concat_rows(vec![prefix.v.clone(), keys.v.clone()]),
                },
                None => keys.clone(),
            });
            if is_last {
                return;
            }
        }
        if let (PassTarget::HiddenStates(scored), true) = (&self.target, is_last) {
            self.rows = self.rows.select(scored);
            normed = gather_rows(normed, scored);
        }
        layer.forward(&mut self.rows, normed, keys, prefix.as_ref());
        self.rows.add_deepstack(i);
    }

    fn into_output(self, norm: &RmsNorm) -> PassOutput {
        match self.target {
            PassTarget::Continued | PassTarget::KeysAndValues => PassOutput::KeysAndValues(self.kept),
            PassTarget::HiddenStates(_) => PassOutput::HiddenStates(norm.forward(self.rows.x)),
            PassTarget::HiddenStatesUnpruned(scored) => {
                PassOutput::HiddenStates(gather_rows(norm.forward(self.rows.x), &scored))
            }
        }
    }
}

impl DecoderStack {
    /// The final norm and all layers. `on_part` is called after each layer.
    pub async fn load(
        at: &TensorScope<'_>,
        config: &TextConfig,
        on_part: &mut dyn FnMut(),
    ) -> Result<Self, WeightsError> {
        let norm = RmsNorm::load(&at.at("norm"), config.hidden_size, config.rms_norm_eps).await?;
        let layers = LayerList::load(&at.at("layers"), config, config.num_hidden_layers, on_part).await?;
        Ok(Self { layers, norm })
    }

    /// Sends all passes through each layer before the next, so that a layer is read once for all of them.
    pub async fn forward(
        &self,
        mut passes: Vec<Pass<'_>>,
        options: ForwardOptions<'_>,
    ) -> Result<Vec<PassOutput>, ModelError> {
        let last = self.layers.len() - 1;
        let most = options.max_rows.saturating_mul(self.layers.len());
        let mut submitted = 0;
        let step = async |i: usize, layer: &DecoderLayer| {
            for at in 0..passes.len() {
                options.yield_point.yield_now().await?;
                // What was submitted to a GPU cannot be cancelled, so the next pass waits until this much is done.
                if submitted >= most {
                    synchronize(&passes[at].rows.x).await.map_err(DeviceError::Readback)?;
                    submitted = 0;
                }
                submitted += passes[at].len();
                let prefix = prefix_keys(&passes, at, i);
                passes[at].step(i, i == last, layer, prefix);
            }
            match passes.last() {
                Some(pass) if self.layers.is_streamed() => {
                    synchronize(&pass.rows.x).await.map_err(|e| DeviceError::Readback(e).into())
                }
                _ => Ok(()),
            }
        };
        self.layers.for_each(options.yield_point, step).await?;
        Ok(passes.into_iter().map(|pass| pass.into_output(&self.norm)).collect())
    }

    /// How long reading layers again has taken.
    pub fn stream_times(&self) -> StreamTimes {
        self.layers.times()
    }

    /// Every stage of all rows, for comparison with the reference implementation.
    pub async fn trace(&self, mut rows: PackedRows, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        let step = async |i: usize, layer: &DecoderLayer| {
            let normed = layer.normed_input(&rows);
            let keys = layer.keys_and_values(&normed, &rows);
            layer.forward(&mut rows, normed, keys, None);
            probe(TraceStage::Layer(i), &rows.x);
            if rows.add_deepstack(i) {
                probe(TraceStage::LayerWithDeepstack(i), &rows.x);
            }
            Ok(())
        };
        self.layers.for_each(&NeverYield, step).await?;
        probe(TraceStage::LastHidden, &self.norm.forward(rows.x));
        Ok(())
    }
}

/// The keys and values of layer `i` that pass `at` continues from.
fn prefix_keys(passes: &[Pass<'_>], at: usize, i: usize) -> Option<Keys> {
    let (keys, len) = match passes[at].prefix {
        PassPrefix::Empty => return None,
        PassPrefix::Computed(cache, len) => (cache.layers()?.get(i)?, len),
        PassPrefix::Earlier(pass, len) => (passes[pass].current.as_ref()?, len),
    };
    if len == 0 {
        return None;
    }
    let cut = |tensor: &Tensor<2>| match tensor.dims()[0] == len {
        true => tensor.clone(),
        false => slice_rows(tensor.clone(), 0, len),
    };
    Some(Keys { k: cut(&keys.k), v: cut(&keys.v) })
}
