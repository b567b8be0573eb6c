//! Loads the trunk of a checkpoint.

use std::rc::Rc;

use super::loader::CheckpointLoader;
use super::origin::WeightsOrigin;
use super::requirements::check_complete;
use super::residency::Residency;
use crate::model::config::ModelConfig;
use crate::model::error::ModelError;
use crate::model::layers::Precision;
use crate::model::placement::ModelPlacement;
use crate::model::prompt::TokenIds;
use crate::model::trunk::Trunk;
use crate::model::yielding::YieldPoint;
use crate::weights::Checkpoint;

/// What a model is loaded with.
#[derive(Debug, Clone)]
pub struct LoadParameters<'a> {
    /// The token ids that it must know.
    pub tokens: TokenIds,
    /// How matrices are stored.
    pub precision: Precision,
    /// Where it goes.
    pub placement: ModelPlacement<'a>,
    /// What stays there.
    pub residency: Rc<Residency>,
}

/// Reads every tensor of the trunk that stays on the device and moves it there, one at a time. `on_part` is called after each
/// part.
pub async fn load_trunk(
    checkpoint: &Rc<Checkpoint>,
    config: &ModelConfig,
    LoadParameters { tokens, precision, placement, residency }: LoadParameters<'_>,
    on_part: &mut dyn FnMut(),
    yield_point: &dyn YieldPoint,
) -> Result<Trunk, ModelError> {
    check_complete(checkpoint, config)?;
    let origin = WeightsOrigin {
        checkpoint: checkpoint.clone(),
        names: config.family().spec().tensors,
        precision,
        device: placement.device.clone(),
        kind: placement.kind,
        residency,
    };
    let loader = CheckpointLoader::new(&origin, yield_point);
    Ok(Trunk::load(&loader, config, tokens.pads, on_part).await?)
}
