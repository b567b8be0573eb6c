//! The sizes of a vision tower.

use serde::Deserialize;

use super::{MAX_DIMENSION, MAX_LAYERS, check_head, check_sizes};
use crate::media::PatchGeometry;
use crate::model::ModelError;

/// A patch of more pixels than this would be a picture.
const MAX_PATCH: usize = 256;

/// The sizes of a vision tower.
#[derive(Debug, Clone, Deserialize)]
pub struct VisionConfig {
    /// Blocks.
    pub depth: usize,
    /// Width of its residual stream.
    pub hidden_size: usize,
    /// Width of its MLP.
    pub intermediate_size: usize,
    /// Heads; each is `hidden_size / num_heads` wide.
    pub num_heads: usize,
    /// Pixels of a patch's side.
    pub patch_size: usize,
    /// Frames of a patch.
    pub temporal_patch_size: usize,
    /// Patches of the side of the square that becomes one token.
    pub spatial_merge_size: usize,
    /// Width of what it gives to the decoder.
    pub out_hidden_size: usize,
    /// Entries of the learned table of positions; those beyond the largest square are never used.
    pub num_position_embeddings: usize,
    /// The blocks after which features are taken for the decoder's first layers, in the order of their mergers.
    pub deepstack_visual_indexes: Vec<usize>,
    #[serde(default)]
    in_channels: Option<usize>,
    #[serde(default)]
    hidden_act: Option<String>,
}

impl VisionConfig {
    /// From the sizes in the order of the fields, and the blocks of the deepstack.
    pub(super) fn new(sizes: [usize; 9], deepstack_visual_indexes: Vec<usize>) -> Self {
        let [depth, hidden_size, intermediate_size, num_heads, patch_size, temporal, merge, out, positions] = sizes;
        Self {
            depth,
            hidden_size,
            intermediate_size,
            num_heads,
            patch_size,
            temporal_patch_size: temporal,
            spatial_merge_size: merge,
            out_hidden_size: out,
            num_position_embeddings: positions,
            deepstack_visual_indexes,
            in_channels: None,
            hidden_act: None,
        }
    }

    /// How pictures are cut into patches.
    pub fn geometry(&self) -> PatchGeometry {
        PatchGeometry { patch: self.patch_size, temporal: self.temporal_patch_size, merge: self.spatial_merge_size }
    }

    /// Values of one patch: three colours.
    pub fn patch_len(&self) -> usize {
        3 * self.temporal_patch_size * self.patch_size * self.patch_size
    }

    /// Entries of one side of the table of positions.
    pub fn position_side(&self) -> usize {
        self.num_position_embeddings.isqrt()
    }

    /// The mergers that are ever reached, each with its block. As in the reference, a block that is named twice uses the
    /// first of its mergers, and one that is not there none.
    pub fn deepstack(&self) -> impl Iterator<Item = (usize, usize)> {
        let blocks = &self.deepstack_visual_indexes;
        let is_first = |merger: usize| !blocks[..merger].contains(&blocks[merger]);
        let mergers = blocks.iter().copied().enumerate();
        mergers.filter(move |&(merger, block)| block < self.depth && is_first(merger))
    }

    /// Width of the patches that become one token, side by side.
    pub fn merged_width(&self) -> usize {
        self.hidden_size * self.spatial_merge_size * self.spatial_merge_size
    }

    pub(super) fn check(&self) -> Result<(), ModelError> {
        check_sizes(&[
            ("vision depth", self.depth, MAX_LAYERS),
            ("vision hidden_size", self.hidden_size, MAX_DIMENSION),
            ("vision intermediate_size", self.intermediate_size, MAX_DIMENSION),
            ("vision num_heads", self.num_heads, MAX_DIMENSION),
            ("patch_size", self.patch_size, MAX_PATCH),
            ("temporal_patch_size", self.temporal_patch_size, MAX_PATCH),
            ("spatial_merge_size", self.spatial_merge_size, MAX_PATCH),
            ("out_hidden_size", self.out_hidden_size, MAX_DIMENSION),
            ("num_position_embeddings", self.num_position_embeddings, MAX_DIMENSION),
        ])?;
        let wrong = |what: &str| Err(ModelError::Config(format!("vision_config: {what}")));
        let heads_divide = self.hidden_size.is_multiple_of(self.num_heads);
        check_head(self.hidden_size / self.num_heads)?;
        match () {
            () if !heads_divide || !(self.hidden_size / self.num_heads).is_multiple_of(4) => {
                wrong("hidden_size / num_heads must be a multiple of 4, to be rotated by row and column")
            }
            () if self.in_channels.is_some_and(|n| n != 3) => wrong("in_channels is not 3"),
            () if self.deepstack_visual_indexes.len() > MAX_LAYERS => wrong("deepstack_visual_indexes is too long"),
            () if self.hidden_act.as_deref().is_some_and(|a| a != "gelu_pytorch_tanh") => {
                wrong("another hidden_act than gelu_pytorch_tanh, which no Qwen3-VL reranker uses")
            }
            () => Ok(()),
        }
    }
}
