//! The sizes of a vision tower.

use super::bounds::{MAX_DIMENSION, MAX_LAYERS, check_head_width, check_sizes};
use crate::media::{PatchGeometry, SizeLimits};
use crate::model::error::ConfigError;
use crate::model::family::TowerSpec;

/// A bound on the sides of patches and squares of patches.
const MAX_PATCH: usize = 256;

/// The sizes of a vision tower.
#[derive(Debug, Clone, PartialEq)]
pub struct VisionConfig {
    /// Its blocks.
    pub depth: usize,
    /// Width of its residual stream.
    pub hidden_size: usize,
    /// Width of its MLP.
    pub intermediate_size: usize,
    /// Attention heads; each is `hidden_size / num_heads` wide.
    pub num_heads: usize,
    /// Pixels along the side of a patch.
    pub patch_size: usize,
    /// Frames of a patch.
    pub temporal_patch_size: usize,
    /// Patches along the side of a square that is merged into one token.
    pub spatial_merge_size: usize,
    /// Width of its output, which is that of the decoder.
    pub out_hidden_size: usize,
    /// Rows of the learned position table, if there is one. Those beyond the largest square are never used.
    pub num_position_embeddings: usize,
    /// The blocks whose output the deepstack mergers take, in the order of the mergers.
    pub deepstack_visual_indexes: Vec<usize>,
    /// What the family decides.
    pub style: &'static TowerSpec,
    /// The sizes that pictures are scaled to.
    pub limits: SizeLimits,
}

impl VisionConfig {
    /// Epsilon of every layer norm. No configuration holds it.
    pub const NORM_EPS: f64 = 1e-6;

    /// How images are cut into patches.
    pub fn geometry(&self) -> PatchGeometry {
        PatchGeometry {
            patch: self.patch_size,
            temporal: self.temporal_patch_size,
            merge: self.spatial_merge_size,
            scale: self.style.scale,
        }
    }

    /// Values of one patch, of three colours.
    pub fn patch_len(&self) -> usize {
        3 * self.temporal_patch_size * self.patch_size * self.patch_size
    }

    /// Entries along one side of the position table.
    pub fn position_side(&self) -> usize {
        self.num_position_embeddings.isqrt()
    }

    /// The deepstack mergers that are used, each with its block. As in the reference implementation, a block that is named
    /// twice uses the first of its mergers, and mergers of blocks that do not exist are not used.
    pub fn deepstack(&self) -> impl Iterator<Item = (usize, usize)> {
        let blocks = &self.deepstack_visual_indexes;
        let is_first = |merger: usize| !blocks[..merger].contains(&blocks[merger]);
        let mergers = blocks.iter().copied().enumerate();
        mergers.filter(move |&(merger, block)| block < self.depth && is_first(merger))
    }

    /// Width of a square of patches side by side.
    pub fn merged_width(&self) -> usize {
        self.hidden_size * self.spatial_merge_size * self.spatial_merge_size
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
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
        let wrong = |what: &str| Err(ConfigError::Invalid(format!("vision_config: {what}")));
        let heads_divide = self.hidden_size.is_multiple_of(self.num_heads);
        check_head_width(self.hidden_size / self.num_heads)?;
        match () {
            () if !heads_divide || !(self.hidden_size / self.num_heads).is_multiple_of(4) => {
                wrong("hidden_size / num_heads must be a multiple of 4, for rotary positions by row and column")
            }
            () if self.deepstack_visual_indexes.len() > MAX_LAYERS => wrong("deepstack_visual_indexes is too long"),
            () => Ok(()),
        }
    }
}
