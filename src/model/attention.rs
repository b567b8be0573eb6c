//! Causal attention with grouped heads, in chunks of queries so that the scores of a long document stay small.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData, activation::softmax};

use super::linear::Linear;
use super::norm::Norm;
use super::rope::Rotation;

/// Scores of one chunk of queries: half of what every WebGPU adapter lets a shader bind (128 MiB).
const MAX_SCORE_BYTES: usize = 64 << 20;

/// Finite, so that no device meets infinity minus infinity; far below any score, so that its exponential is zero.
const MASKED: f32 = -1e30;

/// Which keys each query sees; made once for a forward pass and shared by its layers.
pub struct CausalMask {
    chunks: Vec<Chunk>,
}

struct Chunk {
    start: usize,
    queries: usize,
    /// `[1, 1, queries, start + queries]`, added to the scores.
    bias: Tensor<4>,
}

impl CausalMask {
    pub fn new(tokens: usize, heads: usize, device: &Device) -> Self {
        let rows = (MAX_SCORE_BYTES / (heads * tokens * size_of::<f32>())).clamp(1, tokens);
        let chunks = (0..tokens)
            .step_by(rows)
            .map(|start| {
                let queries = rows.min(tokens - start);
                let keys = start + queries;
                let bias = (0..queries * keys)
                    .map(|i| if i % keys <= start + i / keys { 0.0 } else { MASKED })
                    .collect::<Vec<f32>>();
                let bias = Tensor::from_data(TensorData::new(bias, [1, 1, queries, keys]), device);
                Chunk { start, queries, bias }
            })
            .collect();
        Self { chunks }
    }
}

/// Self-attention of one decoder layer.
#[derive(Module, Debug)]
pub struct Attention {
    pub q: Linear,
    pub k: Linear,
    pub v: Linear,
    pub o: Linear,
    pub q_norm: Norm,
    pub k_norm: Norm,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
}

impl Attention {
    pub fn forward(&self, x: Tensor<2>, rotation: &Rotation, mask: &CausalMask) -> Tensor<2> {
        let tokens = x.dims()[0];
        let (heads, kv_heads, head_dim) = (self.heads, self.kv_heads, self.head_dim);
        let q = self.q.forward(x.clone()).reshape([tokens, heads, head_dim]);
        let k = self.k.forward(x.clone()).reshape([tokens, kv_heads, head_dim]);
        let v = self.v.forward(x).reshape([tokens, kv_heads, head_dim]);
        // Each head is normalised before it is rotated.
        let q = rotation.apply(self.q_norm.forward(q)).div_scalar((head_dim as f64).sqrt());
        let k = rotation.apply(self.k_norm.forward(k));
        let (q, k, v) = (q.swap_dims(0, 1), k.swap_dims(0, 1), v.swap_dims(0, 1));
        let parts = mask.chunks.iter().map(|chunk| self.attend(&q, &k, &v, chunk)).collect();
        self.o.forward(Tensor::cat(parts, 0))
    }

    /// Heads lie first. The query heads of a group are stacked below each other, so that a key head is multiplied
    /// once and never repeated.
    fn attend(&self, q: &Tensor<3>, k: &Tensor<3>, v: &Tensor<3>, chunk: &Chunk) -> Tensor<2> {
        let (kv_heads, group, head_dim) = (self.kv_heads, self.heads / self.kv_heads, self.head_dim);
        let (queries, keys) = (chunk.queries, chunk.start + chunk.queries);
        let q = q.clone().narrow(1, chunk.start, queries).reshape([kv_heads, group * queries, head_dim]);
        let k = k.clone().narrow(1, 0, keys);
        let v = v.clone().narrow(1, 0, keys);
        let scores = q.matmul(k.swap_dims(1, 2)).reshape([kv_heads, group, queries, keys]) + chunk.bias.clone();
        let weights = softmax(scores, 3).reshape([kv_heads, group * queries, keys]);
        weights
            .matmul(v)
            .reshape([self.heads, queries, head_dim])
            .swap_dims(0, 1)
            .reshape([queries, self.heads * head_dim])
    }
}
