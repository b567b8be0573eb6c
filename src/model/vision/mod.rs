//! The vision tower: patches of a picture or video in, features for the decoder out.

mod block;
mod load;
mod merger;
mod position;

use burn::tensor::{Device, Int, Tensor};

use self::block::Block;
use self::merger::Merger;
use self::position::PositionTable;
use super::layout::Step;
use super::linear::Affine;
use super::probe::{Probe, Stage, blind};
use super::reranker::settle;
use super::{ModelError, Pass};
use crate::kernels::{add, slice_rows, upload, upload_words};
use crate::media::{PatchGeometry, Patches};

/// The tower, on its device.
pub struct VisionTower {
    patch_embed: Affine,
    positions: PositionTable,
    blocks: Vec<Block>,
    merger: Merger,
    /// With the block after which each takes the stream.
    deepstack: Vec<(usize, Merger)>,
    heads: usize,
    geometry: PatchGeometry,
    device: Device,
}

/// What the decoder needs of one picture or video.
#[derive(Debug, Clone)]
pub struct VisionFeatures {
    /// The rows that stand in the prompt, `[tokens, hidden]`.
    pub(super) tokens: Tensor<2>,
    /// The rows that are added after each of the decoder's first layers.
    pub(super) deepstack: Vec<Tensor<2>>,
    /// Its steps in time, one for a picture.
    pub(super) steps: usize,
    pub(super) step: Step,
}

impl VisionFeatures {
    /// Tokens of each step, of which a picture has one.
    pub fn tokens_of_a_step(&self) -> usize {
        self.step.height * self.step.width
    }

    /// Bytes that it takes on the device.
    pub fn bytes(&self) -> usize {
        let [rows, width] = self.tokens.dims();
        rows * width * size_of::<f32>() * (1 + self.deepstack.len())
    }

    /// Its steps, each with its own place in the prompt.
    pub(super) fn places(&self) -> impl Iterator<Item = Place<'_>> {
        (0..self.steps).map(|number| Place { features: self, number })
    }
}

/// One step of a picture or video.
pub(super) struct Place<'a> {
    pub features: &'a VisionFeatures,
    number: usize,
}

impl Place<'_> {
    pub fn tokens(&self) -> Tensor<2> {
        self.rows(&self.features.tokens)
    }

    pub fn deepstack(&self, level: usize) -> Tensor<2> {
        self.rows(&self.features.deepstack[level])
    }

    fn rows(&self, all: &Tensor<2>) -> Tensor<2> {
        let count = self.features.tokens_of_a_step();
        slice_rows(all.clone(), self.number * count, count)
    }
}

impl VisionTower {
    /// How pictures must be cut for this tower.
    pub fn geometry(&self) -> PatchGeometry {
        self.geometry
    }

    /// The features of one picture or video.
    pub async fn forward(&self, patches: &Patches, pass: Pass<'_>) -> Result<VisionFeatures, ModelError> {
        self.trace(patches, pass, &mut blind).await
    }

    /// [`VisionTower::forward`] with every stage shown.
    pub async fn trace(
        &self,
        patches: &Patches,
        pass: Pass<'_>,
        probe: Probe<'_>,
    ) -> Result<VisionFeatures, ModelError> {
        let [steps, height, width] = patches.grid;
        let (rows, merge) = (steps * height * width, self.geometry.merge);
        let shape = [rows, patches.rows.len() / rows];
        let x = self.patch_embed.forward(upload(patches.rows.clone(), shape, &self.device));
        probe(Stage::PatchEmbed, &x);
        let positions = self.positions.embed(patches.grid, merge, &self.device);
        probe(Stage::PositionEmbed, &positions);
        let mut x = add(x, positions);
        let angles = self.positions.angles(patches.grid, merge, x.dims()[1] / self.heads, &self.device);
        let ranges = frames(steps, height * width, &self.device);
        let mut deepstack = Vec::with_capacity(self.deepstack.len());
        let mut ahead = 0;
        for (i, block) in self.blocks.iter().enumerate() {
            pass.turns.next().await?;
            // A patch takes about what a row of the decoder takes, so as many are under way at most.
            if ahead >= pass.max_rows.saturating_mul(self.blocks.len()) {
                settle(&x).await?;
                ahead = 0;
            }
            ahead += rows;
            x = block.forward(x, &angles, &ranges);
            probe(Stage::VisionBlock(i), &x);
            if let Some((_, merger)) = self.deepstack.iter().find(|(after, _)| *after == i) {
                let features = merger.forward(x.clone());
                probe(Stage::Deepstack(deepstack.len()), &features);
                deepstack.push(features);
            }
        }
        let tokens = self.merger.forward(x);
        probe(Stage::Merger, &tokens);
        let step = Step { height: height / merge, width: width / merge };
        Ok(VisionFeatures { tokens, deepstack, steps, step })
    }
}

/// For each patch the patches of its frame: the first, and one past the last.
fn frames(steps: usize, frame: usize, device: &Device) -> Tensor<2, Int> {
    let range = |patch: usize| [patch / frame * frame, (patch / frame + 1) * frame].map(|place| place as u32);
    let ranges: Vec<u32> = (0..steps * frame).flat_map(range).collect();
    upload_words(ranges, [steps * frame, 2], device)
}
