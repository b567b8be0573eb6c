//! A decoder with its embedding table: prompts in, final hidden states out.

use burn::tensor::{Device, Tensor};

use super::cache::KvCache;
use super::packer::RowPacker;
use super::rows::PackedRows;
use super::stack::{DecoderStack, Pass, PassOutput, PassPrefix, PassTarget};
use crate::model::config::TextConfig;
use crate::model::error::ModelError;
use crate::model::forward::ForwardOptions;
use crate::model::layers::{RotaryFrequencies, StreamTimes, TensorScope};
use crate::model::prompt::{PromptBatch, TokenizedPrompt};
use crate::model::trace::TraceProbe;
use crate::weights::WeightsError;

/// A decoder with its embedding table.
pub struct Decoder {
    packer: RowPacker,
    stack: DecoderStack,
    device: Device,
}

/// The tokens that prompts begin with.
#[derive(Debug, Clone, Copy)]
pub enum PromptStart<'a> {
    /// They were computed before.
    Computed(&'a KvCache),
    /// They are computed with the first prompts. They must contain the placeholders of an image entirely or not at all.
    New(TokenizedPrompt<'a>),
}

impl PromptStart<'_> {
    /// The tokens that are to be computed.
    fn new_ids(&self) -> &[u32] {
        match self {
            Self::Computed(_) => &[],
            Self::New(prompt) => prompt.ids,
        }
    }
}

/// The result of one way through all layers.
pub struct Sweep {
    /// The final hidden states of each batch, `[prompts, hidden]`.
    pub hidden: Vec<Tensor<2>>,
    /// The keys and values of a start that was new.
    pub start: Option<KvCache>,
}

impl Decoder {
    /// The embedding table, the final norm and all layers. `on_part` is called after the table and after each layer.
    pub async fn load(
        at: &TensorScope<'_>,
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

    /// The final hidden state of the last token of each prompt, for each batch, and what was computed of a new start. All of
    /// them go through the layers together. A batch is one submission to the device, unless it is a single prompt that is too
    /// long for one.
    pub async fn sweep(
        &self,
        start: PromptStart<'_>,
        batches: &[PromptBatch<'_>],
        options: ForwardOptions<'_>,
    ) -> Result<Sweep, ModelError> {
        let ids = start.new_ids().iter().chain(batches.iter().flat_map(PromptBatch::new_ids));
        self.check_ids(ids.clone())?;
        self.packer.embedding.fetch(ids.copied()).await?;
        let mut passes = PassList {
            decoder: self,
            max_rows: options.max_rows.max(1),
            passes: Vec::new(),
            last_layer_only: options.last_layer_only,
        };
        let prefix = passes.push_start(start)?;
        let new_passes = passes.passes.len();
        for batch in batches {
            passes.push_batch(batch, prefix.first(batch.shared))?;
        }
        let mut outputs = self.stack.forward(passes.passes, options).await?;
        let results = outputs.split_off(new_passes);
        let mut cache = KvCache::default();
        for output in outputs {
            if let PassOutput::KeysAndValues(layers) = output {
                cache.extend(layers);
            }
        }
        let hidden = results.into_iter().filter_map(|output| match output {
            PassOutput::HiddenStates(hidden) => Some(hidden),
            PassOutput::KeysAndValues(_) => None,
        });
        Ok(Sweep { hidden: hidden.collect(), start: (new_passes > 0).then_some(cache) })
    }

    /// How long reading layers again has taken.
    pub fn stream_times(&self) -> StreamTimes {
        self.stack.stream_times()
    }

    /// Every stage of one prompt, for comparison with the reference implementation.
    pub async fn trace(&self, prompt: TokenizedPrompt<'_>, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        self.check_ids(prompt.ids.iter())?;
        self.packer.embedding.fetch(prompt.ids.iter().copied()).await?;
        self.stack.trace(self.packer.pack(&[(prompt, 0)])?, probe).await
    }

    fn check_ids<'a>(&self, mut ids: impl Iterator<Item = &'a u32>) -> Result<(), ModelError> {
        let rows = self.packer.embedding.rows();
        match ids.find(|&&id| id as usize >= rows) {
            Some(&id) => Err(ModelError::TokenOutOfRange { id, rows }),
            None => Ok(()),
        }
    }
}

/// The passes of a sweep.
struct PassList<'a> {
    decoder: &'a Decoder,
    max_rows: usize,
    passes: Vec<Pass<'a>>,
    last_layer_only: bool,
}

impl<'a> PassList<'a> {
    /// Those of a start that was not computed yet; what the prompts continue from.
    fn push_start(&mut self, start: PromptStart<'a>) -> Result<PassPrefix<'a>, ModelError> {
        match start {
            PromptStart::Computed(cache) => Ok(PassPrefix::Computed(cache, cache.len())),
            PromptStart::New(TokenizedPrompt { ids: [], .. }) => Ok(PassPrefix::Empty),
            PromptStart::New(prompt) => {
                let rows = self.decoder.packer.pack(&[(prompt, 0)])?;
                Ok(self.push_pieces(&rows, prompt.ids.len(), PassPrefix::Empty, || PassTarget::KeysAndValues))
            }
        }
    }

    fn push_batch(&mut self, batch: &PromptBatch<'_>, prefix: PassPrefix<'a>) -> Result<(), ModelError> {
        let tails: Vec<(TokenizedPrompt<'_>, usize)> =
            batch.prompts.iter().map(|&prompt| (prompt, batch.shared)).collect();
        let rows = self.decoder.packer.pack(&tails)?;
        let lens: Vec<usize> = batch.prompts.iter().map(|prompt| prompt.ids.len() - batch.shared).collect();
        let (rows, prefix, ends) = match lens.as_slice() {
            // Of a prompt that is too long, the last piece has the token that is read.
            [len] if *len > self.max_rows => {
                let before = (len - 1) / self.max_rows * self.max_rows;
                let prefix = self.push_pieces(&rows, before, prefix, || PassTarget::Continued);
                let count = len - before;
                (rows.slice(before, count, &self.decoder.device), prefix, vec![count as u32 - 1])
            }
            lens => {
                let ends = lens.iter().scan(0, |end, len| {
                    *end += len;
                    Some(*end as u32 - 1)
                });
                (rows, prefix, ends.collect())
            }
        };
        let target = match self.last_layer_only {
            true => PassTarget::HiddenStates(ends),
            false => PassTarget::HiddenStatesUnpruned(ends),
        };
        self.passes.push(Pass::new(rows, prefix, target));
        Ok(())
    }

    /// The first `count` rows in as many passes as are needed, each of which continues from the one before. Returns what
    /// continues from the last.
    fn push_pieces(
        &mut self,
        rows: &PackedRows,
        count: usize,
        mut prefix: PassPrefix<'a>,
        target: impl Fn() -> PassTarget,
    ) -> PassPrefix<'a> {
        for start in (0..count).step_by(self.max_rows.min(count)) {
            let len = self.max_rows.min(count - start);
            let piece = rows.slice(start, len, &self.decoder.device);
            self.passes.push(Pass::new(piece, prefix, target()));
            prefix = PassPrefix::Earlier(self.passes.len() - 1, prefix.len() + len);
        }
        prefix
    }
}
