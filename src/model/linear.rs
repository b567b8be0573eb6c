//! A matrix of weights, in one of the forms the device can multiply by.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use crate::kernels::{BLOCK, q8_matmul};
use crate::weights::quantize_q8_0;

/// How the matrices of the decoder are kept on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// As exact as the file.
    #[default]
    F32,
    /// 8-bit blocks of 32, quantized while loading; a quarter of the memory.
    Q8,
}

impl Precision {
    /// The name shown in `info` and taken as an option.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Q8 => "q8_0",
        }
    }

    /// The precision with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::F32, Self::Q8].into_iter().find(|p| p.name() == name)
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
    pub fn new(values: Vec<f32>, [rows, columns]: [usize; 2], precision: Precision, device: &Device) -> Self {
        if precision == Precision::Q8 && columns.is_multiple_of(BLOCK) {
            let (quants, scales) = quantize_q8_0(&values, columns);
            let quants = TensorData::new(quants, [rows, columns / 4]);
            let scales = TensorData::new(scales, [rows, columns / BLOCK]);
            return Self::Quantized(Quantized {
                quants: Param::initialized(ParamId::new(), Tensor::from_data(quants, (device, DType::U32))),
                scales: Param::from_tensor(Tensor::from_data(scales, device)),
            });
        }
        let weight = Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device);
        Self::Dense(Dense { weight: Param::from_tensor(weight) })
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Dense(dense) => x.matmul(dense.weight.val().transpose()),
            Self::Quantized(q) => q8_matmul(x, q.quants.val(), q.scales.val()),
        }
    }
}
