//! A whole model: prompts in, logits out.

use std::rc::Rc;

use super::config::ModelConfig;
use super::decoder::{KvCache, PromptStart, Sweep};
use super::error::{DeviceError, ModelError};
use super::forward::ForwardOptions;
use super::heads::{HeadTensors, ScoreHead};
use super::layers::StreamTimes;
use super::loading::{LoadParameters, load_trunk};
use super::placement::DeviceKind;
use super::prompt::{PromptBatch, TokenizedPrompt};
use super::trace::TraceProbe;
use super::trunk::Trunk;
use super::vision::VisionTower;
use super::yielding::YieldPoint;
use crate::kernels::download;
use crate::weights::Checkpoint;

/// The logits of prompts.
pub struct ScoredPrompts {
    /// In the order of the prompts.
    pub logits: Vec<f64>,
    /// The start of prompts, if it was new.
    pub start: Option<KvCache>,
}

/// A reranker, ready to score prompts.
pub struct Reranker {
    config: ModelConfig,
    trunk: Rc<Trunk>,
    head: ScoreHead,
    device_kind: DeviceKind,
}

impl Reranker {
    /// Reads every tensor and moves it to the device, one at a time. `on_part` is called after each part of the model,
    /// with the number of parts that are done and of all parts.
    pub async fn load(
        checkpoint: &Rc<Checkpoint>,
        config: ModelConfig,
        parameters: LoadParameters<'_>,
        on_part: &mut dyn FnMut(usize, usize),
        yield_point: &dyn YieldPoint,
    ) -> Result<Self, ModelError> {
        let head = HeadTensors::find(checkpoint, &config, parameters.tokens.answers)?;
        let parts = Trunk::parts(&config) + 1;
        let device_kind = parameters.placement.kind;
        let mut done = 0;
        let mut part_done = || {
            done += 1;
            on_part(done, parts);
        };
        let trunk = Rc::new(load_trunk(checkpoint, &config, parameters, &mut part_done, yield_point).await?);
        let head = head.load(checkpoint).await?;
        part_done();
        Ok(Self { config, trunk, head, device_kind })
    }

    /// The head that was found in a checkpoint, on a trunk that another task of the same files has loaded.
    pub(crate) async fn on_trunk(
        trunk: Rc<Trunk>,
        head: &HeadTensors,
        checkpoint: &Checkpoint,
        config: ModelConfig,
        device_kind: DeviceKind,
    ) -> Result<Self, ModelError> {
        Ok(Self { config, trunk, head: head.load(checkpoint).await?, device_kind })
    }

    /// What another task of the same files may compute with.
    pub(crate) fn trunk(&self) -> &Rc<Trunk> {
        &self.trunk
    }

    /// The configuration of this model.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// How long reading layers again has taken, so far.
    pub fn stream_times(&self) -> StreamTimes {
        self.trunk.stream_times()
    }

    /// The vision tower, if the model has one.
    pub fn vision(&self) -> Option<&VisionTower> {
        self.trunk.vision()
    }

    /// Computes the start of prompts once for all of them. It must contain the placeholders of an image entirely or not at
    /// all.
    pub async fn prefix(&self, start: TokenizedPrompt<'_>, options: ForwardOptions<'_>) -> Result<KvCache, ModelError> {
        Ok(self
            .trunk
            .sweep(PromptStart::New(start), &[], self.config.pooling(), options)
            .await?
            .start
            .unwrap_or_default())
    }

    /// Whether prompts that start alike can share what was computed of their start.
    pub fn shares_prefixes(&self) -> bool {
        matches!(*self.trunk, Trunk::Decoder { .. })
    }

    /// The logits of whole prompts that all start with `prefix`.
    pub async fn logits(
        &self,
        prefix: &KvCache,
        prompts: &[TokenizedPrompt<'_>],
        options: ForwardOptions<'_>,
    ) -> Result<Vec<f64>, ModelError> {
        let batch = PromptBatch { prompts, shared: prefix.len() };
        Ok(self.score(PromptStart::Computed(prefix), &[batch], options).await?.logits)
    }

    /// The logits of the prompts of all batches, in order. They go through each layer before the next is needed.
    pub async fn score(
        &self,
        start: PromptStart<'_>,
        batches: &[PromptBatch<'_>],
        options: ForwardOptions<'_>,
    ) -> Result<ScoredPrompts, ModelError> {
        let Sweep { hidden, start } = self.trunk.sweep(start, batches, self.config.pooling(), options).await?;
        let mut logits = Vec::new();
        for hidden in hidden {
            let width = hidden.dims()[1];
            let hidden = download(hidden).await.map_err(DeviceError::Readback)?;
            logits.extend(hidden.chunks_exact(width).map(|row| self.head.logit(row)));
        }
        match logits.iter().any(|logit| logit.is_nan()) {
            false => Ok(ScoredPrompts { logits, start }),
            true => Err(ModelError::not_finite(self.device_kind)),
        }
    }

    /// The result of every stage of one prompt, for comparison with the reference implementation.
    pub async fn trace(&self, prompt: TokenizedPrompt<'_>, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        self.trunk.trace(prompt, probe).await
    }
}
