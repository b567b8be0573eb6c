//! The parameters of operations, and the sizes that their implementations are built for.

/// Values of a packed matrix that share a scale.
pub const BLOCK: usize = 32;

/// The widest attention head: what the shader keeps in registers.
pub const MAX_HEAD: usize = 128;

/// An element-wise operation on `a` and `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `silu(a) · b`
    SiluGate,
    /// `gelu(a)` in its tanh form; `b` is not read.
    GeluTanh,
    /// `gelu(a)` by the error function; `b` is not read.
    GeluErf,
    /// `a + b`, where a `b` of one row is added to every row.
    Sum,
}

impl Activation {
    /// Whether `b` is read.
    pub(super) fn reads_b(self) -> bool {
        matches!(self, Self::SiluGate | Self::Sum)
    }
}

/// The part of a matrix that `KernelOps::copy_block` copies, and where to.
#[derive(Debug, Clone, Copy)]
pub struct BlockCopy {
    /// Rows and columns of the block.
    pub shape: [usize; 2],
    /// Its first row and column in the source.
    pub from: [usize; 2],
    /// Its first row and column in the destination.
    pub to: [usize; 2],
}

/// The sizes of an attention. `prefix` may be less than the rows of its tensors, which are never empty.
#[derive(Debug, Clone, Copy)]
pub struct AttentionSizes {
    /// Query heads.
    pub heads: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Rows of the shared prefix.
    pub prefix: usize,
    /// What scores are multiplied by.
    pub scale: f32,
}
