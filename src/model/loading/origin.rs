//! Where a model's weights are, and how they are loaded: what is needed to read any of them again.

use std::rc::Rc;

use burn::tensor::Device;

use super::residency::Residency;
use crate::model::layers::Precision;
use crate::model::placement::DeviceKind;
use crate::model::tensor_map::TensorMap;
use crate::weights::Checkpoint;

/// Where weights are and how they are loaded.
#[derive(Clone)]
pub struct WeightsOrigin {
    pub checkpoint: Rc<Checkpoint>,
    pub names: TensorMap,
    pub precision: Precision,
    pub device: Device,
    pub kind: DeviceKind,
    pub residency: Rc<Residency>,
}
