//! A whole embedding model: prompts in, vectors out.

use std::rc::Rc;

use super::config::ModelConfig;
use super::decoder::{KvCache, PromptStart};
use super::error::{DeviceError, ModelError};
use super::forward::ForwardOptions;
use super::heads::{EmbeddingHead, HeadModules};
use super::layers::StreamTimes;
use super::loading::{LoadParameters, load_trunk};
use super::placement::DeviceKind;
use super::prompt::{PromptBatch, TokenizedPrompt};
use super::trace::TraceProbe;
use super::trunk::Trunk;
use super::vision::VisionTower;
use super::yielding::YieldPoint;
use crate::kernels::download;
use crate::weights::{Checkpoint, WeightsError};

/// An embedding model, ready to turn prompts into vectors.
pub struct EmbeddingModel {
    config: ModelConfig,
    trunk: Rc<Trunk>,
    head: EmbeddingHead,
    dimensions: usize,
    device_kind: DeviceKind,
}

impl EmbeddingModel {
    /// Reads every tensor and moves it to the device, one at a time. `on_part` is called after each part of the model,
    /// with the number of parts that are done and of all parts.
    pub async fn load(
        checkpoint: &Rc<Checkpoint>,
        config: ModelConfig,
        parameters: LoadParameters<'_>,
        on_part: &mut dyn FnMut(usize, usize),
        yield_point: &dyn YieldPoint,
    ) -> Result<Self, ModelError> {
        let (head, dimensions) = load_head(checkpoint, &config).await?;
        let parts = Trunk::parts(&config);
        let device_kind = parameters.placement.kind;
        let mut done = 0;
        let mut part_done = || {
            done += 1;
            on_part(done, parts);
        };
        let trunk = Rc::new(load_trunk(checkpoint, &config, parameters, &mut part_done, yield_point).await?);
        Ok(Self { config, trunk, head, dimensions, device_kind })
    }

    /// The head of a checkpoint, on a trunk that another task of the same files has loaded.
    pub(crate) async fn on_trunk(
        trunk: Rc<Trunk>,
        checkpoint: &Checkpoint,
        config: ModelConfig,
        device_kind: DeviceKind,
    ) -> Result<Self, ModelError> {
        let (head, dimensions) = load_head(checkpoint, &config).await?;
        Ok(Self { config, trunk, head, dimensions, device_kind })
    }

    /// What another task of the same files may compute with.
    pub(crate) fn trunk(&self) -> &Rc<Trunk> {
        &self.trunk
    }

    /// The configuration of this model.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// How many values a vector has.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Whether vectors have unit length.
    pub fn normalizes(&self) -> bool {
        self.head.normalizes()
    }

    /// How long reading layers again has taken, so far.
    pub fn stream_times(&self) -> StreamTimes {
        self.trunk.stream_times()
    }

    /// The vision tower, if the model has one.
    pub fn vision(&self) -> Option<&VisionTower> {
        self.trunk.vision()
    }

    /// The vectors of the prompts of all batches, in order, cut to `dimensions` values if that is given.
    pub async fn vectors(
        &self,
        batches: &[PromptBatch<'_>],
        dimensions: Option<usize>,
        options: ForwardOptions<'_>,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors: Vec<Vec<f32>> = Vec::new();
        let nothing = KvCache::default();
        for hidden in
            self.trunk.sweep(PromptStart::Computed(&nothing), batches, self.config.pooling(), options).await?.hidden
        {
            let width = hidden.dims()[1];
            let hidden = download(hidden).await.map_err(DeviceError::Readback)?;
            vectors.extend(hidden.chunks_exact(width).map(|row| self.head.vector(row, dimensions)));
        }
        match vectors.iter().flatten().all(|value| value.is_finite()) {
            true => Ok(vectors),
            false => Err(ModelError::not_finite(self.device_kind)),
        }
    }

    /// The result of every stage of one prompt, for comparison with the reference implementation.
    pub async fn trace(&self, prompt: TokenizedPrompt<'_>, probe: TraceProbe<'_>) -> Result<(), ModelError> {
        self.trunk.trace(prompt, probe).await
    }
}

/// The head, and how many values come out of it.
async fn load_head(checkpoint: &Checkpoint, config: &ModelConfig) -> Result<(EmbeddingHead, usize), WeightsError> {
    let width = config.hidden_size();
    let modules = config.head_modules.clone().unwrap_or_else(|| HeadModules::pooled(config.pooling()));
    Ok((EmbeddingHead::load(&modules, checkpoint, width).await?, modules.output_width(width)))
}
