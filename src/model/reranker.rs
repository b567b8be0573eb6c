//! A whole model: prompts in, logits out.

use std::rc::Rc;

use super::config::ModelConfig;
use super::decoder::KvCache;
use super::error::{DeviceError, ModelError};
use super::forward::ForwardOptions;
use super::heads::{HeadTensors, ScoreHead};
use super::loading::{LoadParameters, load_trunk};
use super::placement::DeviceKind;
use super::prompt::TokenizedPrompt;
use super::trace::TraceProbe;
use super::trunk::Trunk;
use super::vision::VisionTower;
use super::yielding::YieldPoint;
use crate::kernels::download;
use crate::weights::Checkpoint;

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
        checkpoint: &Checkpoint,
        config: ModelConfig,
        parameters: LoadParameters<'_>,
        on_part: &mut dyn FnMut(usize, usize),
        yield_point: &dyn YieldPoint,
    ) -> Result<Self, ModelError> {
        let head = HeadTensors::find(checkpoint, &config, parameters.tokens.answers)?;
        let parts = Trunk::parts(&config) + 1;
        let mut done = 0;
        let mut part_done = || {
            done += 1;
            on_part(done, parts);
        };
        let trunk = Rc::new(load_trunk(checkpoint, &config, parameters, &mut part_done, yield_point).await?);
        let head = head.load(checkpoint).await?;
        part_done();
        Ok(Self { config, trunk, head, device_kind: parameters.placement.kind })
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

    /// The vision tower, if the model has one.
    pub fn vision(&self) -> Option<&VisionTower> {
        self.trunk.vision()
    }

    /// Computes the start of prompts once for all of them. It must contain the placeholders of an image entirely or not at
    /// all.
    pub async fn prefix(&self, start: TokenizedPrompt<'_>, options: ForwardOptions<'_>) -> Result<KvCache, ModelError> {
        self.trunk.prefix(start, options).await
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
        let hidden = self.trunk.pooled(prefix, prompts, self.config.pooling(), options).await?;
        let width = hidden.dims()[1];
        let hidden = download(hidden).await.map_err(DeviceError::Readback)?;
        let logits: Vec<f64> = hidden.chunks_exact(width).map(|row| self.head.logit(row)).collect();
        match logits.iter().any(|logit| logit.is_nan()) {
            false => Ok(logits),
            true => Err(ModelError::not_finite(self.device_kind)),
        }
    }

    /// The result of every stage of one prompt, for comparison with the reference implementation.
    pub async fn trace(&self, prompt: TokenizedPrompt<'_>, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        self.trunk.trace(prompt, probe).await
    }
}
