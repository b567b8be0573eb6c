//! A whole model: prompts in, logits out.

use super::config::ModelConfig;
use super::decoder::KvCache;
use super::error::{DeviceError, ModelError};
use super::forward::ForwardOptions;
use super::heads::{HeadTensors, ScoreHead};
use super::layers::Precision;
use super::loading::{CheckpointLoader, UploadThrottle, check_complete};
use super::placement::{DeviceKind, ModelPlacement};
use super::prompt::{TokenIds, TokenizedPrompt};
use super::trace::TraceProbe;
use super::trunk::Trunk;
use super::vision::VisionTower;
use super::yielding::YieldPoint;
use crate::kernels::download;
use crate::weights::Checkpoint;

/// What a model is loaded with.
#[derive(Debug, Clone, Copy)]
pub struct LoadParameters<'a> {
    /// The token ids that it must know.
    pub tokens: TokenIds,
    /// How matrices are stored.
    pub precision: Precision,
    /// Where it goes.
    pub placement: ModelPlacement<'a>,
}

/// A reranker, ready to score prompts.
pub struct Reranker {
    config: ModelConfig,
    trunk: Trunk,
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
        let LoadParameters { tokens, precision, placement } = parameters;
        check_complete(checkpoint, &config)?;
        let head = HeadTensors::find(checkpoint, &config, tokens.answers)?;
        let parts = Trunk::parts(&config) + 1;
        let mut done = 0;
        let mut part_done = || {
            done += 1;
            on_part(done, parts);
        };
        let throttle = UploadThrottle::new(placement.device, yield_point);
        let names = config.family().spec().tensors;
        let loader = CheckpointLoader { checkpoint, names, precision, placement, throttle };
        let trunk = Trunk::load(&loader, &config, tokens.pads, &mut part_done).await?;
        let head = head.load(checkpoint).await?;
        part_done();
        Ok(Self { config, trunk, head, device_kind: placement.kind })
    }

    /// The configuration of this model.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The vision tower, if the model has one.
    pub fn vision(&self) -> Option<&VisionTower> {
        match &self.trunk {
            Trunk::Decoder { vision, .. } => vision.as_ref(),
            Trunk::Encoder(_) => None,
        }
    }

    /// Computes the start of prompts once for all of them. It must contain the placeholders of an image entirely or not at
    /// all.
    pub async fn prefix(&self, start: TokenizedPrompt<'_>, options: ForwardOptions<'_>) -> Result<KvCache, ModelError> {
        self.trunk.prefix(start, options).await
    }

    /// Whether prompts that start alike can share what was computed of their start.
    pub fn shares_prefixes(&self) -> bool {
        matches!(self.trunk, Trunk::Decoder { .. })
    }

    /// The logits of whole prompts that all start with `prefix`.
    pub async fn logits(
        &self,
        prefix: &KvCache,
        prompts: &[TokenizedPrompt<'_>],
        options: ForwardOptions<'_>,
    ) -> Result<Vec<f64>, ModelError> {
        let hidden = self.trunk.pooled(prefix, prompts, options).await?;
        let width = hidden.dims()[1];
        let hidden = download(hidden).await.map_err(DeviceError::Readback)?;
        let logits: Vec<f64> = hidden.chunks_exact(width).map(|row| self.head.logit(row)).collect();
        match logits.iter().any(|logit| logit.is_nan()) {
            false => Ok(logits),
            // The CPU computes what it is given. A GPU may have failed, and another try may succeed.
            true if self.device_kind == DeviceKind::Cpu => Err(ModelError::NonFiniteScore),
            true => Err(DeviceError::NonFiniteScore.into()),
        }
    }

    /// The result of every stage of one prompt, for comparison with the reference implementation.
    pub async fn trace(&self, prompt: TokenizedPrompt<'_>, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        self.trunk.trace(prompt, probe).await
    }
}
