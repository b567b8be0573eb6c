//! The weight of a linear map, in one of the formats that the kernels multiply by.

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor};
use half::f16;

use super::precision::Precision;
use super::q4::unpack_q4;
use crate::kernels::{BLOCK, concat_columns, matmul, matmul_q4, matmul_q8, pad_columns, upload, upload_words};
use crate::weights::{DType, quantize};

/// The binding size that every WebGPU adapter supports. A larger matrix is split into parts.
const MAX_BINDING_BYTES: usize = 128 << 20;

/// Values that the f32 kernel reads at a time. Rows of other lengths are padded; no published model has them.
const KERNEL_WORD: usize = 4;

/// A matrix `[out, in]` on the device. The default has no rows.
#[derive(Module, Debug, Default)]
pub struct LinearWeight {
    /// Consecutive rows. Nearly every matrix has a single part.
    parts: Vec<WeightPart>,
}

#[derive(Module, Debug)]
enum WeightPart {
    Dense(DenseWeight),
    Q8(QuantizedWeight),
    Q4(QuantizedWeight),
}

#[derive(Module, Debug)]
struct DenseWeight {
    weight: Param<Tensor<2>>,
}

/// Quantized blocks in the layout of the kernels.
#[derive(Module, Debug)]
struct QuantizedWeight {
    quants: Param<Tensor<2, Int>>,
    scales: Param<Tensor<2>>,
}

#[derive(Clone, Copy, PartialEq)]
enum WeightLayout {
    Dense,
    Q8,
    Q4,
}

impl WeightLayout {
    /// A matrix whose rows do not divide into blocks stays dense.
    fn of(stored: DType, columns: usize, precision: Precision) -> Self {
        let is_q4 = matches!(stored, DType::Q4_0 | DType::Q4_1 | DType::Q4K);
        match precision {
            Precision::F32 => Self::Dense,
            _ if is_q4 => Self::Q4,
            Precision::Auto if stored == DType::Q8_0 => Self::Q8,
            Precision::Q8 if columns.is_multiple_of(BLOCK) => Self::Q8,
            _ => Self::Dense,
        }
    }

    /// Bytes of the largest buffer of one row.
    fn row_bytes(self, columns: usize) -> usize {
        match self {
            Self::Dense => columns * 4,
            Self::Q8 => columns,
            Self::Q4 => columns / 2,
        }
    }
}

impl LinearWeight {
    /// From the row-major values of a `[rows, columns]` matrix.
    pub fn new(dtype: DType, bytes: &[u8], [rows, columns]: [usize; 2], precision: Precision, device: &Device) -> Self {
        let layout = WeightLayout::of(dtype, columns, precision);
        let stored_row = bytes.len() / rows;
        let rows_per_part = (MAX_BINDING_BYTES / layout.row_bytes(columns)).max(1);
        let parts = bytes.chunks(rows_per_part * stored_row).map(|bytes| {
            let shape = [bytes.len() / stored_row, columns];
            match layout {
                WeightLayout::Dense => WeightPart::dense(widen(dtype, bytes), shape, device),
                WeightLayout::Q8 => WeightPart::Q8(to_q8(dtype, bytes, shape, device)),
                WeightLayout::Q4 => WeightPart::Q4(to_q4(dtype, bytes, shape, device)),
            }
        });
        Self { parts: parts.collect() }
    }

    /// Bytes that the matrix `[rows, columns]` takes on the device.
    pub fn device_bytes(dtype: DType, [rows, columns]: [usize; 2], precision: Precision) -> u64 {
        let layout = WeightLayout::of(dtype, columns, precision);
        let scales = match layout {
            WeightLayout::Dense => 0,
            WeightLayout::Q8 => columns / BLOCK * size_of::<f32>(),
            // And a minimum.
            WeightLayout::Q4 => columns / BLOCK * 2 * size_of::<f32>(),
        };
        (rows * (layout.row_bytes(columns) + scales)) as u64
    }

    /// In f32.
    pub fn dense(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Self {
        Self { parts: vec![WeightPart::dense(values, shape, device)] }
    }

    /// `x · wᵀ` for each row of `x`.
    pub fn multiply(&self, x: Tensor<2>) -> Tensor<2> {
        if let [part] = self.parts.as_slice() {
            return part.multiply(x);
        }
        concat_columns(self.parts.iter().map(|part| part.multiply(x.clone())).collect())
    }
}

impl WeightPart {
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
        Self::Dense(DenseWeight { weight: Param::from_tensor(weight) })
    }

    fn multiply(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Dense(d) => {
                let (weight, columns) = (d.weight.val(), x.dims()[1]);
                let width = weight.dims()[1];
                matmul(if columns == width { x } else { pad_columns(x, width) }, weight)
            }
            Self::Q8(p) => matmul_q8(x, p.quants.val(), p.scales.val()),
            Self::Q4(p) => matmul_q4(x, p.quants.val(), p.scales.val()),
        }
    }
}

impl QuantizedWeight {
    fn new(quants: Vec<u32>, scales: Vec<f32>, rows: usize, device: &Device) -> Self {
        let (words, pairs) = (quants.len() / rows, scales.len() / rows);
        Self {
            quants: Param::initialized(ParamId::new(), upload_words(quants, [rows, words], device)),
            scales: Param::from_tensor(upload(scales, [rows, pairs], device)),
        }
    }
}

fn widen(dtype: DType, bytes: &[u8]) -> Vec<f32> {
    let mut values = Vec::with_capacity(bytes.len() / dtype.block_bytes() * dtype.block_len());
    dtype.widen(bytes, &mut values);
    values
}

/// A Q8_0 block is a scale in half precision and 32 signed bytes. Other types are quantized to Q8_0 first.
fn to_q8(dtype: DType, bytes: &[u8], [rows, columns]: [usize; 2], device: &Device) -> QuantizedWeight {
    let mut quantized = Vec::new();
    let blocks = if dtype == DType::Q8_0 {
        bytes
    } else {
        let fits = quantize(DType::Q8_0, &widen(dtype, bytes), &mut quantized);
        debug_assert!(fits, "rows are whole blocks");
        &quantized
    };
    let mut quants: Vec<u32> = Vec::with_capacity(rows * columns / 4);
    let mut scales: Vec<f32> = Vec::with_capacity(rows * columns / BLOCK);
    for block in blocks.chunks_exact(DType::Q8_0.block_bytes()) {
        scales.push(f16::from_le_bytes([block[0], block[1]]).to_f32());
        quants.extend(block[2..].chunks_exact(4).map(|q| u32::from_le_bytes([q[0], q[1], q[2], q[3]])));
    }
    QuantizedWeight::new(quants, scales, rows, device)
}

fn to_q4(dtype: DType, bytes: &[u8], [rows, _]: [usize; 2], device: &Device) -> QuantizedWeight {
    let (quants, scales) = unpack_q4(dtype, bytes);
    QuantizedWeight::new(quants, scales, rows, device)
}
