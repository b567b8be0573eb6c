//! Compares the GPU and the CPU half of each kernel on awkward shapes, on the device that will be used.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use serde::Serialize;

use super::{BLOCK, q8_matmul_into};

/// Largest difference between the two halves, relative to the largest sum of absolute products: both accumulate in
/// f32, only in another order.
pub const KERNEL_TOLERANCE: f32 = 1e-5;

/// `(m, n, k)`: one row; one block; rows and columns that fill no tile; more columns than a small model has.
pub const Q8_SHAPES: [(usize, usize, usize); 8] =
    [(1, 1, 32), (1, 257, 64), (3, 5, 32), (7, 33, 96), (32, 32, 32), (33, 31, 160), (65, 100, 1024), (5, 8191, 64)];

/// The outcome of one comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Parity {
    /// Kernel and shape.
    pub name: String,
    /// Largest absolute difference between device and CPU.
    pub max_abs_diff: f32,
    /// The most that this case allows.
    pub tolerance: f32,
    /// Elements of the poisoned output that the kernel left untouched.
    pub nan_left: usize,
    /// Nothing left, and the difference within the tolerance.
    pub ok: bool,
}

/// Runs every case on `device` and on the CPU.
pub async fn run(device: &Device) -> Result<Vec<Parity>, String> {
    let cpu = Device::flex();
    let mut report = Vec::with_capacity(Q8_SHAPES.len());
    for (m, n, k) in Q8_SHAPES {
        let case = Q8Case::new(m, n, k);
        let want = case.run(&cpu).await?;
        let got = case.run(device).await?;
        report.push(compare(format!("q8_matmul m={m} n={n} k={k}"), &got, &want, case.magnitude()));
    }
    Ok(report)
}

fn compare(name: String, got: &[f32], want: &[f32], magnitude: f32) -> Parity {
    let nan_left = got.iter().filter(|v| v.is_nan()).count();
    let max_abs_diff = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let tolerance = KERNEL_TOLERANCE * magnitude;
    let ok = nan_left == 0 && got.len() == want.len() && max_abs_diff <= tolerance;
    Parity { name, max_abs_diff, tolerance, nan_left, ok }
}

/// Inputs of one product, the same on every device.
pub struct Q8Case {
    shape: (usize, usize, usize),
    x: Vec<f32>,
    quants: Vec<i8>,
    scales: Vec<f32>,
}

impl Q8Case {
    /// Deterministic inputs that use the whole range of the quants, -128 included.
    pub fn new(m: usize, n: usize, k: usize) -> Self {
        let mut state = 0x9E37_79B9u32 ^ (m * 31 + n * 17 + k) as u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        let x = (0..m * k).map(|_| next() as f32 / (1 << 23) as f32 - 1.0).collect();
        let quants = (0..n * k).map(|_| next() as u8 as i8).collect();
        let scales = (0..n * k / BLOCK).map(|_| 1e-3 + (next() % 1000) as f32 * 1e-5).collect();
        Self { shape: (m, n, k), x, quants, scales }
    }

    /// The inputs on a device: activations, quants, scales.
    pub fn tensors(&self, device: &Device) -> (Tensor<2>, Tensor<2, Int>, Tensor<2>) {
        let (m, n, k) = self.shape;
        let words: Vec<u32> = self
            .quants
            .chunks_exact(4)
            .map(|q| u32::from_le_bytes([q[0] as u8, q[1] as u8, q[2] as u8, q[3] as u8]))
            .collect();
        (
            Tensor::from_data(TensorData::new(self.x.clone(), [m, k]), device),
            Tensor::from_data(TensorData::new(words, [n, k / 4]), (device, DType::U32)),
            Tensor::from_data(TensorData::new(self.scales.clone(), [n, k / BLOCK]), device),
        )
    }

    /// The product as `device` computes it, into an output full of NaN.
    pub async fn run(&self, device: &Device) -> Result<Vec<f32>, String> {
        let (m, n, _) = self.shape;
        let (x, quants, scales) = self.tensors(device);
        let poisoned = Tensor::<2>::full([m, n], f32::NAN, device);
        let data = q8_matmul_into(x, quants, scales, poisoned).into_data_async().await.map_err(|e| format!("{e:?}"))?;
        data.try_to_vec::<f32>().map_err(|e| format!("{e:?}"))
    }

    /// The product in double precision, by the definition.
    pub fn exact(&self) -> Vec<f64> {
        let (m, n, k) = self.shape;
        let weight =
            |c: usize, i: usize| f64::from(self.scales[(c * k + i) / BLOCK]) * f64::from(self.quants[c * k + i]);
        (0..m * n).map(|i| (0..k).map(|j| f64::from(self.x[i / n * k + j]) * weight(i % n, j)).sum()).collect()
    }

    /// An upper bound of the sum of absolute products, to which rounding errors are proportional.
    pub fn magnitude(&self) -> f32 {
        self.shape.2 as f32 * 128.0 * 0.011
    }
}
