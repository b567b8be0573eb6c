//! A matrix of weights, in one of the forms the device can multiply by.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use half::f16;

use crate::kernels::{BLOCK, q8_matmul};
use crate::weights::{DType as WeightType, Raw, quantize};

/// How matrices are kept on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// As the file has them: 8-bit blocks stay packed, everything else becomes f32.
    #[default]
    Auto,
    /// All in f32.
    F32,
    /// All in 8-bit blocks of 32, quantized while loading where they are not yet; a quarter of the memory.
    Q8,
}

impl Precision {
    /// The name shown in `info` and taken as an option.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Q8 => "q8_0",
        }
    }

    /// The precision with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Auto, Self::F32, Self::Q8].into_iter().find(|p| p.name() == name)
    }
}

/// `y = x · wᵀ`, without bias.
#[derive(Module, Debug)]
pub enum Linear {
    Dense(Dense),
    Quantized(Quantized),
}

/// An f32 matrix as the file has it, `[out, in]`.
#[derive(Module, Debug)]
pub struct Dense {
    weight: Param<Tensor<2>>,
}

/// A matrix in packed 8-bit blocks, as `kernels::q8_matmul` reads it.
#[derive(Module, Debug)]
pub struct Quantized {
    quants: Param<Tensor<2, Int>>,
    scales: Param<Tensor<2>>,
}

impl Linear {
    /// From a row-major `[rows, columns]` matrix, the layout of every checkpoint. A matrix whose rows do not divide
    /// into blocks stays dense.
    pub fn new(raw: &Raw, shape: [usize; 2], precision: Precision, device: &Device) -> Self {
        let blocks = shape[1].is_multiple_of(BLOCK);
        match (precision, raw.dtype) {
            (Precision::Auto | Precision::Q8, WeightType::Q8_0) => Self::packed(&raw.bytes, shape, device),
            (Precision::Q8, _) if blocks => {
                let mut bytes = Vec::new();
                // Whole blocks, so it cannot be refused.
                let _ = quantize(WeightType::Q8_0, &raw.widen(), &mut bytes);
                Self::packed(&bytes, shape, device)
            }
            _ => Self::dense(Tensor::from_data(TensorData::new(raw.widen(), shape), device)),
        }
    }

    /// A matrix in f32.
    pub fn dense(weight: Tensor<2>) -> Self {
        Self::Dense(Dense { weight: Param::from_tensor(weight) })
    }

    /// From the blocks of Q8_0: a scale in half precision, then 32 signed bytes.
    fn packed(blocks: &[u8], [rows, columns]: [usize; 2], device: &Device) -> Self {
        let mut quants: Vec<u32> = Vec::with_capacity(rows * columns / 4);
        let mut scales: Vec<f32> = Vec::with_capacity(rows * columns / BLOCK);
        for block in blocks.chunks_exact(WeightType::Q8_0.block_bytes()) {
            scales.push(f16::from_le_bytes([block[0], block[1]]).to_f32());
            quants.extend(block[2..].chunks_exact(4).map(|q| u32::from_le_bytes([q[0], q[1], q[2], q[3]])));
        }
        let quants = TensorData::new(quants, [rows, columns / 4]);
        let scales = TensorData::new(scales, [rows, columns / BLOCK]);
        Self::Quantized(Quantized {
            quants: Param::initialized(ParamId::new(), Tensor::from_data(quants, (device, DType::U32))),
            scales: Param::from_tensor(Tensor::from_data(scales, device)),
        })
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Dense(dense) => x.matmul(dense.weight.val().transpose()),
            Self::Quantized(q) => q8_matmul(x, q.quants.val(), q.scales.val()),
        }
    }
}

/// `y = x · wᵀ + b`.
#[derive(Module, Debug)]
pub struct Affine {
    pub linear: Linear,
    pub bias: Param<Tensor<1>>,
}

impl Affine {
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.linear.forward(x) + self.bias.val().unsqueeze()
    }
}
