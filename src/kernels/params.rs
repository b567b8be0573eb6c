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
    /// `gelu(a) · b`, in the tanh form.
    GeluTanhGate,
    /// `gelu(a) · b`, by the error function.
    GeluErfGate,
    /// `gelu(a)` in its tanh form; `b` is not read.
    GeluTanh,
    /// `gelu(a)` by the error function; `b` is not read.
    GeluErf,
    /// `a · logistic(1.702 a)`, the quick form of GELU; `b` is not read.
    GeluQuick,
    /// `a + b`, where a `b` of one row is added to every row.
    Sum,
}

impl Activation {
    /// Whether `b` is read.
    pub(super) fn reads_b(self) -> bool {
        matches!(self, Self::SiluGate | Self::GeluTanhGate | Self::GeluErfGate | Self::Sum)
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
    /// Whether a score is lowered by the distance of the two rows, by a slope of its head (ALiBi).
    pub linear_bias: bool,
}

/// The parameters of a disentangled attention.
#[derive(Debug, Clone)]
pub struct DisentangledSizes {
    /// Heads.
    pub heads: usize,
    /// What scores are multiplied by.
    pub scale: f32,
    /// The row of the relative positions for each distance of a query's row from a key's, from `1 - reach` on.
    pub rows: Vec<u32>,
    /// Distances are less than this.
    pub reach: usize,
}

impl DisentangledSizes {
    /// The row of the relative positions for a query and a key.
    pub fn row(&self, query: usize, key: usize) -> usize {
        self.rows[query + self.reach - 1 - key] as usize
    }
}

/// The slope of a head of `heads` in ALiBi: a geometric series for a power of two; what exceeds one takes every second
/// slope of the series for twice as many.
pub fn linear_bias_slope(head: usize, heads: usize) -> f32 {
    let power = 1 << heads.ilog2();
    let exponent = match head.checked_sub(power) {
        None => 8.0 * (head + 1) as f64 / power as f64,
        Some(rest) => 8.0 * (2 * rest + 1) as f64 / (2 * power) as f64,
    };
    (-exponent).exp2() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_paper() {
        let slopes = |heads: usize| (0..heads).map(|head| linear_bias_slope(head, heads)).collect::<Vec<_>>();
        assert_eq!(slopes(8), [0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625]);
        assert_eq!(slopes(6), [0.25, 0.0625, 0.015625, 0.00390625, 0.5, 0.125]);
    }
}
