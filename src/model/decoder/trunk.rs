//! A decoder with its embedding table: prompts in, final hidden states out.

use burn::tensor::{Device, Tensor};

use super::cache::KvCache;
use super::packer::RowPacker;
use super::rows::PackedRows;
use super::stack::{DecoderStack, ForwardOutput, ForwardTarget};
use crate::kernels::{Keys, synchronize};
use crate::model::config::TextConfig;
use crate::model::error::{DeviceError, ModelError};
use crate::model::forward::ForwardOptions;
use crate::model::layers::{RotaryFrequencies, TensorScope, TensorSource};
use crate::model::prompt::TokenizedPrompt;
use crate::model::trace::TraceProbe;
use crate::weights::WeightsError;

/// A decoder with its embedding table.
pub struct Decoder {
    packer: RowPacker,
    stack: DecoderStack,
    device: Device,
}

impl Decoder {
    /// The embedding table, the final norm and all layers. `on_part` is called after the table and after each layer.
    pub async fn load<S: TensorSource>(
        at: &TensorScope<'_, S>,
        config: &TextConfig,
        placeholders: [Option<u32>; 2],
        on_part: &mut dyn FnMut(),
    ) -> Result<Self, WeightsError> {
        let device = at.source().device().clone();
        let shape = [config.vocab_size, config.hidden_size];
        let embedding = at.source().embedding(&at.name("embed_tokens.weight"), shape).await?;
        on_part();
        let packer = RowPacker {
            embedding,
            frequencies: RotaryFrequencies::new(
                config.head_dim,
                config.rope_theta,
                config.mrope_sections,
                config.rotary_order,
            ),
            placeholders,
            hidden_size: config.hidden_size,
            device: device.clone(),
        };
        Ok(Self { packer, stack: DecoderStack::load(at, config, on_part).await?, device })
    }

    /// The keys and values of the start of prompts. It must contain the placeholders of an image entirely or not at all.
    pub async fn prefix(&self, start: TokenizedPrompt<'_>, options: ForwardOptions<'_>) -> Result<KvCache, ModelError> {
        let mut cache = KvCache::default();
        if !start.ids.is_empty() {
            self.check_ids(start.ids)?;
            self.packer.embedding.fetch(start.ids.iter().copied()).await?;
            self.extend(&mut cache, &self.packer.pack(&[(start, 0)])?, start.ids.len(), options).await?;
        }
        Ok(cache)
    }

    /// The final hidden state of the last token of each prompt; all of them start with `prefix`. They are computed in one
    /// submission, or in several for a single prompt that is too long for one.
    pub async fn last_hidden_states(
        &self,
        prefix: &KvCache,
        prompts: &[TokenizedPrompt<'_>],
        options: ForwardOptions<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let tails: Vec<(TokenizedPrompt<'_>, usize)> = prompts.iter().map(|&prompt| (prompt, prefix.len())).collect();
        prompts.iter().try_for_each(|prompt| self.check_ids(prompt.ids))?;
        let new_ids = prompts.iter().flat_map(|prompt| &prompt.ids[prefix.len()..]);
        self.packer.embedding.fetch(new_ids.copied()).await?;
        let rows = self.packer.pack(&tails)?;
        let lens: Vec<usize> = prompts.iter().map(|prompt| prompt.ids.len() - prefix.len()).collect();
        match lens.as_slice() {
            [len] if *len > options.max_rows => {
                let mut prefix = prefix.clone();
                self.extend(&mut prefix, &rows, len - 1, options).await?;
                let last = rows.slice(len - 1, 1, &self.device);
                self.hidden_states(last, &prefix, vec![0], options).await
            }
            _ => {
                let ends = lens.iter().scan(0, |end, len| {
                    *end += len;
                    Some(*end as u32 - 1)
                });
                self.hidden_states(rows, prefix, ends.collect(), options).await
            }
        }
    }

    /// Every stage of one prompt, for comparison with the reference implementation.
    pub fn trace(&self, prompt: TokenizedPrompt<'_>, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        self.check_ids(prompt.ids)?;
        self.stack.trace(self.packer.pack(&[(prompt, 0)])?, probe);
        Ok(())
    }

    /// Adds the keys and values of the first `count` rows to `cache`, one submission at a time.
    async fn extend(
        &self,
        cache: &mut KvCache,
        rows: &PackedRows,
        count: usize,
        options: ForwardOptions<'_>,
    ) -> Result<(), ModelError> {
        for start in (0..count).step_by(options.max_rows.clamp(1, count)) {
            let chunk = rows.slice(start, options.max_rows.min(count - start), &self.device);
            let keys = self.keys_and_values(chunk, cache, options).await?;
            cache.extend(keys);
            // What was submitted to a GPU cannot be cancelled, so the next chunk waits until this one is done.
            if let Some(keys) = cache.layers().and_then(<[_]>::last).filter(|_| count - start > options.max_rows) {
                synchronize(&keys.v).await.map_err(DeviceError::Readback)?;
            }
        }
        Ok(())
    }

    async fn keys_and_values(
        &self,
        rows: PackedRows,
        prefix: &KvCache,
        options: ForwardOptions<'_>,
    ) -> Result<Vec<Keys>, ModelError> {
        let target = ForwardTarget::KeysAndValues;
        match self.stack.forward(rows, prefix.layers(), &target, options.yield_point).await? {
            ForwardOutput::KeysAndValues(keys) => Ok(keys),
            ForwardOutput::HiddenStates(_) => unreachable!("keys and values were asked for"),
        }
    }

    async fn hidden_states(
        &self,
        rows: PackedRows,
        prefix: &KvCache,
        scored: Vec<u32>,
        options: ForwardOptions<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let target = match options.last_layer_only {
            true => ForwardTarget::HiddenStates(scored),
            false => ForwardTarget::HiddenStatesUnpruned(scored),
        };
        match self.stack.forward(rows, prefix.layers(), &target, options.yield_point).await? {
            ForwardOutput::HiddenStates(hidden) => Ok(hidden),
            ForwardOutput::KeysAndValues(_) => unreachable!("hidden states were asked for"),
        }
    }

    fn check_ids(&self, ids: &[u32]) -> Result<(), ModelError> {
        let rows = self.packer.embedding.rows();
        match ids.iter().find(|&&id| id as usize >= rows) {
            Some(&id) => Err(ModelError::TokenOutOfRange { id, rows }),
            None => Ok(()),
        }
    }
}
