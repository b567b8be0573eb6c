//! An encoder with its embedding tables: pairs in, the hidden states that a head reads out.

use burn::tensor::{Device, Tensor};

use super::embeddings::EncoderEmbeddings;
use super::layer::EncoderLayer;
use super::relative::RelativeEmbeddings;
use super::rows::BatchPlaces;
use crate::kernels::{gather_rows, mean_rows};
use crate::model::config::{EncoderConfig, LayerAttention, Pooling, Positions};
use crate::model::error::ModelError;
use crate::model::family::{EncoderSpec, NormOrder};
use crate::model::forward::ForwardOptions;
use crate::model::layers::{LayerNorm, TensorScope};
use crate::model::prompt::TokenizedPrompt;
use crate::model::trace::{TraceProbe, TraceStage, no_trace};
use crate::weights::WeightsError;

/// An encoder with its embedding tables.
pub struct Encoder {
    embeddings: EncoderEmbeddings,
    layers: Vec<(EncoderLayer, LayerAttention)>,
    /// In an encoder whose scores depend on relative positions.
    relative: Option<RelativeEmbeddings>,
    /// In an encoder whose layers norm their inputs.
    final_norm: Option<LayerNorm>,
    head_dim: usize,
    /// Whether the last layer can compute a few rows only. Distances need all.
    can_select: bool,
    device: Device,
}

/// A point after which the last layer's other rows are not needed.
enum Selection {
    /// All rows are.
    All,
    /// Those that the head reads.
    Pooled(Vec<u32>),
}

impl Encoder {
    /// The tables, the layers and the final norm. `on_part` is called after the tables and after each layer.
    pub async fn load(
        at: &TensorScope<'_>,
        config: &EncoderConfig,
        spec: &EncoderSpec,
        on_part: &mut dyn FnMut(),
    ) -> Result<Self, WeightsError> {
        let embeddings = EncoderEmbeddings::load(&at.at("embeddings"), config).await?;
        let relative = RelativeEmbeddings::load(at, config).await?;
        on_part();
        let mut layers = Vec::with_capacity(config.layers.len());
        for (i, &attention) in config.layers.iter().enumerate() {
            layers.push((EncoderLayer::load(&at.at("layers").at(i), i, config, spec).await?, attention));
            on_part();
        }
        let final_norm = match spec.norm_order {
            NormOrder::After => None,
            NormOrder::Before => {
                let at = at.at("final_norm");
                Some(LayerNorm::load_with(&at, config.hidden_size, config.norm_eps, config.biases.norm).await?)
            }
        };
        Ok(Self {
            embeddings,
            layers,
            relative,
            final_norm,
            head_dim: config.head_dim(),
            can_select: !matches!(config.positions, Positions::LinearBias | Positions::Disentangled { .. }),
            device: at.source().device().clone(),
        })
    }

    /// What a head with this pooling reads of each pair, `[pairs, hidden]`. All of them are computed in one submission.
    pub async fn pooled(
        &self,
        prompts: &[TokenizedPrompt<'_>],
        pooling: Pooling,
        options: ForwardOptions<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let bounds = row_bounds(prompts);
        let chosen: Option<Vec<u32>> = match pooling {
            Pooling::FirstToken => Some(bounds.iter().map(|[start, _]| *start).collect()),
            Pooling::LastToken => Some(bounds.iter().map(|[_, end]| end - 1).collect()),
            Pooling::Mean => None,
        };
        let selection = match &chosen {
            Some(rows) if options.last_layer_only && self.can_select => Selection::Pooled(rows.clone()),
            _ => Selection::All,
        };
        let hidden = self.forward(prompts, &selection, options, &mut no_trace).await?;
        Ok(match (chosen, selection) {
            (None, _) => mean_rows(hidden, &bounds),
            (Some(_), Selection::Pooled(_)) => hidden,
            (Some(rows), Selection::All) => gather_rows(hidden, &rows),
        })
    }

    /// Every stage of one pair, for comparison with the reference implementation.
    pub async fn trace(&self, prompt: TokenizedPrompt<'_>, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        let hidden = self.forward(&[prompt], &Selection::All, ForwardOptions::default(), probe).await?;
        probe(TraceStage::LastHidden, &hidden);
        Ok(())
    }

    async fn forward(
        &self,
        prompts: &[TokenizedPrompt<'_>],
        selection: &Selection,
        options: ForwardOptions<'_>,
        probe: TraceProbe<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        prompts.iter().try_for_each(|&prompt| self.embeddings.check(prompt))?;
        let mut x = self.embeddings.embed(prompts, probe).await?;
        let lens: Vec<usize> = prompts.iter().map(|prompt| prompt.ids.len()).collect();
        let attentions: Vec<LayerAttention> = self.layers.iter().map(|(_, attention)| *attention).collect();
        let places = BatchPlaces::new(&lens, &attentions, self.head_dim, &self.device);
        let relative = self.relative.as_ref().map(RelativeEmbeddings::pass);
        for (i, (layer, attention)) in self.layers.iter().enumerate() {
            options.yield_point.yield_now().await?;
            let mut input = layer.attention_input(&x);
            let keys = layer.keys_and_values(&input, places.of(*attention));
            let selected = match selection {
                Selection::Pooled(rows) if i + 1 == self.layers.len() => {
                    x = gather_rows(x, rows);
                    input = gather_rows(input, rows);
                    Some(places.of(*attention).select(rows))
                }
                _ => None,
            };
            let places = selected.as_ref().unwrap_or_else(|| places.of(*attention));
            x = layer.forward(x, input, keys, places, relative.as_ref());
            probe(TraceStage::Layer(i), &x);
        }
        Ok(match &self.final_norm {
            Some(norm) => norm.forward(x),
            None => x,
        })
    }
}

/// The first row of each pair and the one past its last.
fn row_bounds(prompts: &[TokenizedPrompt<'_>]) -> Vec<[u32; 2]> {
    let mut start = 0;
    let bounds = prompts.iter().map(|prompt| {
        let bounds = [start, start + prompt.ids.len() as u32];
        start = bounds[1];
        bounds
    });
    bounds.collect()
}
