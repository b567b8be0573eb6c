//! A matrix of weights, in one of the forms the device can multiply by.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor};
use half::f16;

use super::repack::nibbles;
use crate::kernels::{
    BLOCK, add_bias, concat_columns, matmul, matmul_q4, matmul_q8, pad_columns, upload, upload_words,
};
use crate::weights::{DType as WeightType, RawTensor, quantize};

/// What every WebGPU adapter lets a shader bind at once; a larger matrix is kept in parts.
const MAX_BINDING_BYTES: usize = 128 << 20;

/// Values that the kernel for f32 reads at a time. Rows of other lengths, which no published model has, are padded.
const KERNEL_WORD: usize = 4;

/// How matrices are kept on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// As exact as the file: blocks of 8 and 4 bits stay packed, everything else becomes f32.
    #[default]
    Auto,
    /// All in f32.
    F32,
    /// As small as 8 bits: what is not packed in 8 or 4 bits already is quantized to 8-bit blocks while loading.
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
pub struct Linear {
    /// Neighbouring rows of the weight, nearly always all of them in one.
    parts: Vec<Part>,
}

#[derive(Module, Debug)]
enum Part {
    Dense(Dense),
    Eight(Packed),
    Four(Packed),
}

/// An f32 matrix as the file has it, `[out, in]`.
#[derive(Module, Debug)]
struct Dense {
    weight: Param<Tensor<2>>,
}

/// A matrix in packed blocks, as the kernels read it.
#[derive(Module, Debug)]
struct Packed {
    quants: Param<Tensor<2, Int>>,
    scales: Param<Tensor<2>>,
}

/// The forms of a part.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Dense,
    Eight,
    Four,
}

impl Form {
    /// A matrix whose rows do not divide into blocks stays dense.
    fn of(stored: WeightType, columns: usize, precision: Precision) -> Self {
        let four = matches!(stored, WeightType::Q4_0 | WeightType::Q4_1 | WeightType::Q4K);
        match precision {
            Precision::F32 => Self::Dense,
            _ if four => Self::Four,
            Precision::Auto if stored == WeightType::Q8_0 => Self::Eight,
            Precision::Q8 if columns.is_multiple_of(BLOCK) => Self::Eight,
            _ => Self::Dense,
        }
    }

    /// Bytes of the largest buffer of one row.
    fn row_bytes(self, columns: usize) -> usize {
        match self {
            Self::Dense => columns * 4,
            Self::Eight => columns,
            Self::Four => columns / 2,
        }
    }
}

impl Linear {
    /// From a row-major `[rows, columns]` matrix, the layout of every checkpoint.
    pub fn new(raw: &RawTensor, [rows, columns]: [usize; 2], precision: Precision, device: &Device) -> Self {
        let form = Form::of(raw.dtype, columns, precision);
        let stored_row = raw.bytes.len() / rows;
        let rows_of_a_part = (MAX_BINDING_BYTES / form.row_bytes(columns)).max(1);
        let parts = raw.bytes.chunks(rows_of_a_part * stored_row).map(|bytes| {
            let shape = [bytes.len() / stored_row, columns];
            match form {
                Form::Dense => Part::dense(widen(raw.dtype, bytes), shape, device),
                Form::Eight => Part::Eight(eight(raw.dtype, bytes, shape, device)),
                Form::Four => Part::Four(four(raw.dtype, bytes, shape, device)),
            }
        });
        Self { parts: parts.collect() }
    }

    /// A matrix in f32.
    pub fn dense(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Self {
        Self { parts: vec![Part::dense(values, shape, device)] }
    }

    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        if let [part] = self.parts.as_slice() {
            return part.forward(x);
        }
        concat_columns(self.parts.iter().map(|part| part.forward(x.clone())).collect())
    }
}

impl Part {
    fn dense(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Self {
        let [rows, columns] = shape;
        let width = columns.next_multiple_of(KERNEL_WORD);
        let mut padded = Vec::new();
        if width == columns {
            padded = values;
        } else {
            for row in values.chunks_exact(columns) {
                padded.extend_from_slice(row);
                padded.resize(padded.len().next_multiple_of(width), 0.0);
            }
        }
        let weight = upload(padded, [rows, width], device);
        Self::Dense(Dense { weight: Param::from_tensor(weight) })
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Dense(d) => {
                let (weight, columns) = (d.weight.val(), x.dims()[1]);
                let width = weight.dims()[1];
                matmul(if columns == width { x } else { pad_columns(x, width) }, weight)
            }
            Self::Eight(p) => matmul_q8(x, p.quants.val(), p.scales.val()),
            Self::Four(p) => matmul_q4(x, p.quants.val(), p.scales.val()),
        }
    }
}

impl Packed {
    fn new(quants: Vec<u32>, scales: Vec<f32>, rows: usize, device: &Device) -> Self {
        let (words, pairs) = (quants.len() / rows, scales.len() / rows);
        Self {
            quants: Param::initialized(ParamId::new(), upload_words(quants, [rows, words], device)),
            scales: Param::from_tensor(upload(scales, [rows, pairs], device)),
        }
    }
}

fn widen(dtype: WeightType, bytes: &[u8]) -> Vec<f32> {
    let mut values = Vec::with_capacity(bytes.len() / dtype.block_bytes() * dtype.block_len());
    dtype.widen(bytes, &mut values);
    values
}

/// From the blocks of Q8_0, a scale in half precision and 32 signed bytes; anything else is quantized to them first.
fn eight(dtype: WeightType, bytes: &[u8], [rows, columns]: [usize; 2], device: &Device) -> Packed {
    let mut quantized = Vec::new();
    let blocks = if dtype == WeightType::Q8_0 {
        bytes
    } else {
        let fits = quantize(WeightType::Q8_0, &widen(dtype, bytes), &mut quantized);
        debug_assert!(fits, "rows are whole blocks");
        &quantized
    };
    let mut quants: Vec<u32> = Vec::with_capacity(rows * columns / 4);
    let mut scales: Vec<f32> = Vec::with_capacity(rows * columns / BLOCK);
    for block in blocks.chunks_exact(WeightType::Q8_0.block_bytes()) {
        scales.push(f16::from_le_bytes([block[0], block[1]]).to_f32());
        quants.extend(block[2..].chunks_exact(4).map(|q| u32::from_le_bytes([q[0], q[1], q[2], q[3]])));
    }
    Packed::new(quants, scales, rows, device)
}

fn four(dtype: WeightType, bytes: &[u8], [rows, _]: [usize; 2], device: &Device) -> Packed {
    let (quants, scales) = nibbles(dtype, bytes);
    Packed::new(quants, scales, rows, device)
}

/// `y = x · wᵀ + b`.
#[derive(Module, Debug)]
pub struct Affine {
    pub linear: Linear,
    pub bias: Param<Tensor<1>>,
}

impl Affine {
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        add_bias(self.linear.forward(x), self.bias.val())
    }
}
