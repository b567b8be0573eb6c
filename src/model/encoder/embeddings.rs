//! From tokens to the first hidden states: the sum of up to three embeddings, a norm, and a linear map where the tables
//! are narrower than the layers.

use burn::tensor::{Device, Tensor};

use crate::kernels::upload;
use crate::model::config::{EncoderConfig, Positions};
use crate::model::error::ModelError;
use crate::model::layers::{Bias, EmbeddingTable, LayerNorm, Linear, TensorScope};
use crate::model::prompt::TokenizedPrompt;
use crate::model::trace::{TraceProbe, TraceStage};
use crate::weights::WeightsError;

/// The tables and what follows them.
pub struct EncoderEmbeddings {
    words: EmbeddingTable,
    /// Learned positions, row by row, and the row of the first token.
    positions: Option<(Vec<f32>, usize)>,
    /// Token types, row by row.
    token_types: Vec<f32>,
    norm: LayerNorm,
    projection: Option<Linear>,
    width: usize,
    device: Device,
}

impl EncoderEmbeddings {
    /// All of them.
    pub async fn load(at: &TensorScope<'_>, config: &EncoderConfig) -> Result<Self, WeightsError> {
        let width = config.embedding_size;
        let words = at.source().embedding(&at.name("word.weight"), [config.vocab_size, width]).await?;
        let positions = match config.positions {
            Positions::Learned { rows, first } => {
                Some((at.source().host_values(&at.name("position.weight"), &[rows, width]).await?, first))
            }
            Positions::Rotary | Positions::LinearBias | Positions::Disentangled { .. } => None,
        };
        let token_types = match config.token_types {
            0 => Vec::new(),
            types => at.source().host_values(&at.name("token_type.weight"), &[types, width]).await?,
        };
        let norm = LayerNorm::load_with(&at.at("norm"), width, config.norm_eps, config.biases.norm).await?;
        let projection = match width == config.hidden_size {
            true => None,
            false => Some(Linear::load(&at.at("projection"), [config.hidden_size, width], Bias::Present).await?),
        };
        Ok(Self { words, positions, token_types, norm, projection, width, device: at.source().device().clone() })
    }

    /// Refuses what has no embedding.
    pub fn check(&self, prompt: TokenizedPrompt<'_>) -> Result<(), ModelError> {
        let rows = self.words.rows();
        if let Some(&id) = prompt.ids.iter().find(|&&id| id as usize >= rows) {
            return Err(ModelError::TokenOutOfRange { id, rows });
        }
        let Some((positions, first)) = &self.positions else { return Ok(()) };
        let (tokens, limit) = (prompt.ids.len(), (positions.len() / self.width).saturating_sub(*first));
        if tokens > limit { Err(ModelError::TooManyTokens { tokens, limit }) } else { Ok(()) }
    }

    /// The first hidden states of pairs, below each other.
    pub async fn embed(&self, prompts: &[TokenizedPrompt<'_>], probe: TraceProbe<'_>) -> Result<Tensor<2>, ModelError> {
        self.words.fetch(prompts.iter().flat_map(|prompt| prompt.ids).copied()).await?;
        let count: usize = prompts.iter().map(|prompt| prompt.ids.len()).sum();
        let mut values = Vec::with_capacity(count * self.width);
        for prompt in prompts {
            for (i, &id) in prompt.ids.iter().enumerate() {
                self.words.push_row(id, &mut values)?;
                let start = values.len() - self.width;
                let row = &mut values[start..];
                add_row(row, &self.token_types, self.token_type(prompt, i));
                if let Some((positions, first)) = &self.positions {
                    add_row(row, positions, first + i);
                }
            }
        }
        let x = self.norm.forward(upload(values, [count, self.width], &self.device));
        probe(TraceStage::Embeddings, &x);
        Ok(match &self.projection {
            Some(projection) => projection.forward(x),
            None => x,
        })
    }

    /// 0 for the query and 1 for the document, in a model with more than one type.
    fn token_type(&self, prompt: &TokenizedPrompt<'_>, token: usize) -> usize {
        usize::from(token >= prompt.second_segment && self.token_types.len() > self.width)
    }
}

/// Adds a row of a table, which may have none.
fn add_row(values: &mut [f32], table: &[f32], row: usize) {
    if !table.is_empty() {
        let start = row * values.len();
        values.iter_mut().zip(&table[start..]).for_each(|(value, more)| *value += more);
    }
}
