//! Loads the trunk of a checkpoint.

use super::loader::CheckpointLoader;
use super::requirements::check_complete;
use super::throttle::UploadThrottle;
use crate::model::config::ModelConfig;
use crate::model::error::ModelError;
use crate::model::layers::Precision;
use crate::model::placement::ModelPlacement;
use crate::model::prompt::TokenIds;
use crate::model::trunk::Trunk;
use crate::model::yielding::YieldPoint;
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

/// Reads every tensor of the trunk and moves it to the device, one at a time. `on_part` is called after each part.
pub async fn load_trunk(
    checkpoint: &Checkpoint,
    config: &ModelConfig,
    LoadParameters { tokens, precision, placement }: LoadParameters<'_>,
    on_part: &mut dyn FnMut(),
    yield_point: &dyn YieldPoint,
) -> Result<Trunk, ModelError> {
    check_complete(checkpoint, config)?;
    let throttle = UploadThrottle::new(placement.device, yield_point);
    let names = config.family().spec().tensors;
    let loader = CheckpointLoader { checkpoint, names, precision, placement, throttle };
    Ok(Trunk::load(&loader, config, tokens.pads, on_part).await?)
}
