//! The trunk of a model: everything between tokens and final hidden states.

use crate::model::config::ModelConfig;
use crate::model::decoder::Decoder;
use crate::model::layers::{TensorScope, TensorSource};
use crate::model::vision::VisionTower;
use crate::weights::WeightsError;

/// The trunk of a model.
pub struct Trunk {
    /// Reads prompts.
    pub decoder: Decoder,
    /// Reads images and videos.
    pub vision: Option<VisionTower>,
}

impl Trunk {
    /// All modules of the trunk. `on_part` is called as often as [`Trunk::parts`] says.
    pub async fn load<S: TensorSource>(
        source: &S,
        config: &ModelConfig,
        placeholders: [Option<u32>; 2],
        on_part: &mut dyn FnMut(),
    ) -> Result<Self, WeightsError> {
        let root = TensorScope::root(source);
        let decoder = Decoder::load(&root, &config.text, placeholders, on_part).await?;
        let vision = match &config.vision {
            Some(vision) => Some(VisionTower::load(&root.at("visual"), vision, on_part).await?),
            None => None,
        };
        Ok(Self { decoder, vision })
    }

    /// The embedding table, the layers of the decoder and the blocks of the vision tower.
    pub fn parts(config: &ModelConfig) -> usize {
        1 + config.text.num_hidden_layers + config.vision.as_ref().map_or(0, |vision| vision.depth)
    }
}
