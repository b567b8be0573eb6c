//! The whole tower.

use burn::tensor::{Device, Int, Tensor};

use super::block::VisionBlock;
use super::merger::PatchMerger;
use super::position::{PositionTable, patch_rotary_table};
use crate::kernels::{add, synchronize, upload, upload_words};
use crate::media::{PatchGeometry, Patches};
use crate::model::config::VisionConfig;
use crate::model::error::{DeviceError, ModelError};
use crate::model::forward::ForwardOptions;
use crate::model::layers::{LayerList, Linear, TensorScope};
use crate::model::trace::{TraceProbe, TraceStage, no_trace};
use crate::model::visual::{VisionFeatures, VisualGrid};
use crate::weights::WeightsError;

/// The vision tower on its device.
pub struct VisionTower {
    patch_embed: Linear,
    /// Learned positions, if there are any.
    positions: Option<PositionTable>,
    blocks: LayerList<VisionBlock>,
    merger: PatchMerger,
    /// Each with the index of the block whose output it takes.
    deepstack: Vec<(usize, PatchMerger)>,
    heads: usize,
    geometry: PatchGeometry,
    device: Device,
}

impl VisionTower {
    /// The tower at `at`. `on_part` is called after each block.
    pub(in crate::model) async fn load(
        at: &TensorScope<'_>,
        config: &VisionConfig,
        on_part: &mut dyn FnMut(),
    ) -> Result<Self, WeightsError> {
        let (width, frames, patch) = (config.hidden_size, config.temporal_patch_size, config.patch_size);
        let kernel = [width, 3, frames, patch, patch];
        let patch_embed =
            Linear::load_patch_convolution(&at.at("patch_embed.proj"), kernel, config.style.patch_bias).await?;
        let positions = match config.style.learned_positions {
            true => Some(PositionTable::load(&at.at("pos_embed"), config).await?),
            false => None,
        };
        let blocks = LayerList::load(&at.at("blocks"), config, config.depth, on_part).await?;
        let mut deepstack = Vec::with_capacity(config.deepstack_visual_indexes.len());
        for (merger, block) in config.deepstack() {
            let at = at.at("deepstack_merger_list").at(merger);
            deepstack.push((block, PatchMerger::load(&at, config, true).await?));
        }
        Ok(Self {
            patch_embed,
            positions,
            blocks,
            merger: PatchMerger::load(&at.at("merger"), config, false).await?,
            deepstack,
            heads: config.num_heads,
            geometry: config.geometry(),
            device: at.source().device().clone(),
        })
    }

    /// How images are cut into patches for this tower.
    pub fn geometry(&self) -> PatchGeometry {
        self.geometry
    }

    /// The features of one image or video.
    pub async fn forward(&self, patches: &Patches, options: ForwardOptions<'_>) -> Result<VisionFeatures, ModelError> {
        self.trace(patches, options, &mut no_trace).await
    }

    /// [`VisionTower::forward`], with the result of every stage shown to `probe`.
    pub async fn trace(
        &self,
        patches: &Patches,
        options: ForwardOptions<'_>,
        probe: TraceProbe<'_>,
    ) -> Result<VisionFeatures, ModelError> {
        let [steps, height, width] = patches.grid;
        let (rows, merge) = (steps * height * width, self.geometry.merge);
        let shape = [rows, patches.rows.len() / rows];
        let mut x = self.patch_embed.forward(upload(patches.rows.clone(), shape, &self.device));
        probe(TraceStage::PatchEmbed, &x);
        if let Some(table) = &self.positions {
            let positions = table.embed(patches.grid, merge, &self.device);
            probe(TraceStage::PositionEmbed, &positions);
            x = add(x, positions);
        }
        let angles = patch_rotary_table(patches.grid, merge, x.dims()[1] / self.heads, &self.device);
        let ranges = frame_ranges(steps, height * width, &self.device);
        let mut deepstack = Vec::with_capacity(self.deepstack.len());
        let mut submitted = 0;
        let step = async |i: usize, block: &VisionBlock| {
            options.yield_point.yield_now().await?;
            // A row of the whole tower costs about as much as one of the decoder, so the limit on rows holds for both.
            if submitted >= options.max_rows.saturating_mul(self.blocks.len()) {
                synchronize(&x).await.map_err(DeviceError::Readback)?;
                submitted = 0;
            }
            submitted += rows;
            x = block.forward(x.clone(), &angles, &ranges);
            probe(TraceStage::VisionBlock(i), &x);
            if let Some((_, merger)) = self.deepstack.iter().find(|(after, _)| *after == i) {
                let features = merger.forward(x.clone());
                probe(TraceStage::Deepstack(deepstack.len()), &features);
                deepstack.push(features);
            }
            if self.blocks.is_streamed() {
                synchronize(&x).await.map_err(DeviceError::Readback)?;
            }
            Ok(())
        };
        self.blocks.for_each(options.yield_point, step).await?;
        let tokens = self.merger.forward(x);
        probe(TraceStage::Merger, &tokens);
        let grid = VisualGrid { height: height / merge, width: width / merge };
        Ok(VisionFeatures { tokens, deepstack, steps, grid })
    }
}

/// For each patch the first patch of its frame, and the one past the last.
fn frame_ranges(steps: usize, frame: usize, device: &Device) -> Tensor<2, Int> {
    let range = |patch: usize| [patch / frame * frame, (patch / frame + 1) * frame].map(|index| index as u32);
    let ranges: Vec<u32> = (0..steps * frame).flat_map(range).collect();
    upload_words(ranges, [steps * frame, 2], device)
}
