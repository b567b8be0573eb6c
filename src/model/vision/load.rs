//! The tower from named tensors.

use burn::module::Param;

use super::VisionTower;
use super::block::Block;
use super::merger::Merger;
use super::position::PositionTable;
use crate::kernels::upload_vector;
use crate::model::config::VisionConfig;
use crate::model::linear::{Affine, Linear};
use crate::model::load::Loader;
use crate::weights::WeightsError;

/// Of every norm in the tower; no configuration names it.
const EPS: f64 = 1e-6;

const PATCH_EMBED: &str = "visual.patch_embed.proj";

impl VisionTower {
    /// Reads every tensor of the tower; `step` is told of each block.
    pub async fn load(loader: &Loader<'_>, c: &VisionConfig, step: &mut dyn FnMut()) -> Result<Self, WeightsError> {
        let mut blocks = Vec::with_capacity(c.depth);
        for i in 0..c.depth {
            blocks.push(block(loader, c, i).await?);
            step();
        }
        let mut deepstack = Vec::with_capacity(c.deepstack_visual_indexes.len());
        for (k, after) in c.deepstack() {
            let name = format!("visual.deepstack_merger_list.{k}");
            deepstack.push((after, merger(loader, c, &name, true).await?));
        }
        let table = [c.num_position_embeddings, c.hidden_size];
        Ok(Self {
            patch_embed: patch_embed(loader, c).await?,
            positions: PositionTable {
                values: loader.checkpoint.f32("visual.pos_embed.weight", &table).await?,
                side: c.position_side(),
                width: c.hidden_size,
            },
            blocks,
            merger: merger(loader, c, "visual.merger", false).await?,
            deepstack,
            heads: c.num_heads,
            geometry: c.geometry(),
            device: loader.device.clone(),
        })
    }
}

/// A convolution whose stride is its size: a linear map of each patch. It stays in f32, being small and first.
async fn patch_embed(loader: &Loader<'_>, c: &VisionConfig) -> Result<Affine, WeightsError> {
    let width = c.hidden_size;
    let bias = loader.checkpoint.f32(&format!("{PATCH_EMBED}.bias"), &[width]).await?;
    let bias = upload_vector(bias, loader.device);
    let linear = Linear::dense(patch_weights(loader, c).await?, [width, c.patch_len()], loader.device);
    Ok(Affine { linear, bias: Param::from_tensor(bias) })
}

/// `[width, colour, frame, y, x]`. GGUF has a tensor for each frame.
async fn patch_weights(loader: &Loader<'_>, c: &VisionConfig) -> Result<Vec<f32>, WeightsError> {
    let (width, t, p) = (c.hidden_size, c.temporal_patch_size, c.patch_size);
    let frame_name = |frame: usize| format!("{PATCH_EMBED}.weight.{frame}");
    if loader.checkpoint.info(&frame_name(0)).is_none() {
        return loader.checkpoint.f32(&format!("{PATCH_EMBED}.weight"), &[width, 3, t, p, p]).await;
    }
    let mut frames = Vec::with_capacity(t);
    for frame in 0..t {
        frames.push(loader.checkpoint.f32(&frame_name(frame), &[width, 3, p, p]).await?);
    }
    let plane = p * p;
    let colours = (0..width * 3).flat_map(|i| frames.iter().map(move |f| &f[i * plane..(i + 1) * plane]));
    Ok(colours.flatten().copied().collect())
}

async fn block(loader: &Loader<'_>, c: &VisionConfig, index: usize) -> Result<Block, WeightsError> {
    let name = |leaf: &str| format!("visual.blocks.{index}.{leaf}");
    let (width, inner) = (c.hidden_size, c.intermediate_size);
    Ok(Block {
        norm1: loader.layer_norm(&name("norm1"), width, EPS).await?,
        qkv: loader.affine(&name("attn.qkv"), [3 * width, width]).await?,
        proj: loader.affine(&name("attn.proj"), [width, width]).await?,
        norm2: loader.layer_norm(&name("norm2"), width, EPS).await?,
        fc1: loader.affine(&name("mlp.linear_fc1"), [inner, width]).await?,
        fc2: loader.affine(&name("mlp.linear_fc2"), [width, inner]).await?,
        heads: c.num_heads,
    })
}

async fn merger(
    loader: &Loader<'_>,
    c: &VisionConfig,
    name: &str,
    norm_after_merge: bool,
) -> Result<Merger, WeightsError> {
    let width = c.merged_width();
    let normed = if norm_after_merge { width } else { c.hidden_size };
    Ok(Merger {
        norm: loader.layer_norm(&format!("{name}.norm"), normed, EPS).await?,
        fc1: loader.affine(&format!("{name}.linear_fc1"), [width, width]).await?,
        fc2: loader.affine(&format!("{name}.linear_fc2"), [c.out_hidden_size, width]).await?,
        width,
        norm_after_merge,
    })
}
