//! A comparison of a kernel with its definition.

use burn::tensor::{Device, Tensor};
use serde::Serialize;

use crate::kernels::shaders::Style;
use crate::kernels::{download, upload};

/// Largest difference from the definition, relative to the largest possible sum of absolute terms: everything accumulates
/// in f32, in an order of its own.
pub const TOLERANCE: f64 = 1e-5;

/// The same where a product is computed in half precision, relative to the sum of absolute terms that there is: factors are
/// rounded to 11 bits, and so is each sum of up to 16 products.
const HALF_TOLERANCE: f64 = 2e-3;

/// The outcome of one comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Kernel and shape.
    pub name: String,
    /// Largest absolute difference from the definition.
    pub max_abs_diff: f64,
    /// The most that this case allows.
    pub tolerance: f64,
    /// Elements of the output that the kernel left at NaN.
    pub nan_left: usize,
    /// Nothing left, and the difference within the tolerance.
    pub ok: bool,
}

/// Computes into the output that it is given.
pub type KernelRun = Box<dyn Fn(&Device, Tensor<2>) -> Tensor<2>>;

/// One kernel on one shape, with deterministic inputs.
pub struct KernelCase {
    /// Kernel and shape.
    pub name: String,
    /// The most that a result may be off.
    pub tolerance: f64,
    /// The largest sum of absolute terms of a product.
    pub most: Option<f64>,
    /// Rows and columns of the output.
    pub shape: [usize; 2],
    /// Computes into the output that it is given.
    pub run: KernelRun,
    /// The definition.
    pub exact: Box<dyn Fn() -> Vec<f64>>,
}

impl KernelCase {
    /// The case with what a style allows a result to be off.
    pub fn in_style(self, style: Style) -> Self {
        let tolerance = match self.most {
            Some(most) if style == Style::Half => HALF_TOLERANCE * most,
            _ => self.tolerance,
        };
        Self { tolerance, ..self }
    }

    /// The result as `device` computes it, into an output full of NaN.
    pub async fn run(&self, device: &Device) -> Result<Vec<f32>, String> {
        let poisoned = upload(vec![f32::NAN; self.shape[0] * self.shape[1]], self.shape, device);
        download((self.run)(device, poisoned)).await
    }

    /// The result in double precision, by the definition.
    pub fn exact(&self) -> Vec<f64> {
        (self.exact)()
    }
}

/// Compares a result with the exact one.
pub fn compare(case: &KernelCase, got: &[f32], want: &[f64]) -> Comparison {
    let nan_left = got.iter().filter(|v| v.is_nan()).count();
    let max_abs_diff = got.iter().zip(want).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    let ok = nan_left == 0 && got.len() == want.len() && max_abs_diff <= case.tolerance;
    Comparison { name: case.name.clone(), max_abs_diff, tolerance: case.tolerance, nan_left, ok }
}
