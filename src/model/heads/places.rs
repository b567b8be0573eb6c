//! Where the layers of a head are in a checkpoint.

use super::layers::HeadPlace;
use crate::model::config::ModelConfig;
use crate::model::family::{HeadKind, HeadLayerSpec};

/// The layers of a head that has some, in order.
pub fn head_places(config: &ModelConfig) -> Vec<HeadPlace> {
    if let Some(modules) = &config.head_modules {
        return modules.places();
    }
    let of = |spec: &HeadLayerSpec| match *spec {
        HeadLayerSpec::Dense { at, .. } => HeadPlace { at: at.to_owned(), is_norm: false },
        HeadLayerSpec::Norm { at } => HeadPlace { at: at.to_owned(), is_norm: true },
    };
    let layers = config.family().spec().heads.iter().find_map(|head| match head {
        HeadKind::Layers(specs) => Some(specs.iter().map(of).collect()),
        HeadKind::Classifier { .. } | HeadKind::YesNo => None,
    });
    layers.unwrap_or_default()
}
