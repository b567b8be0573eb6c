//! The intermediate results of a forward pass, for comparison with the reference implementation.

use burn::tensor::Tensor;

/// A point within a forward pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TraceStage {
    /// The patches after their linear map.
    PatchEmbed,
    /// The learned positions that are added to them.
    PositionEmbed,
    /// After a block of the vision tower.
    VisionBlock(usize),
    /// The tower's output for one of the decoder's first layers.
    Deepstack(usize),
    /// The tower's output that replaces the placeholder tokens.
    Merger,
    /// The sum of an encoder's embeddings, after its norm.
    Embeddings,
    /// The residual stream after a layer.
    Layer(usize),
    /// The same, after deepstack features were added.
    LayerWithDeepstack(usize),
    /// After the final norm, if there is one, at all positions.
    LastHidden,
}

/// Called with the result of each stage.
pub type TraceProbe<'a> = &'a mut dyn FnMut(TraceStage, &Tensor<2>);

/// Ignores every stage.
pub fn no_trace(_: TraceStage, _: &Tensor<2>) {}
