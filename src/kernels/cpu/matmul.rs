//! `x · wᵀ` for weights in f32 and in packed blocks of 8 and 4 bits.

use burn_flex::FlexTensor;

use super::packed::{self, PackedWeight, Q4Weight, Q8Weight};
use super::product::{View, product};
use super::values::{Values, shape};

pub fn f32(x: FlexTensor, weight: FlexTensor, mut out: FlexTensor) -> FlexTensor {
    let ([m, k], n) = (shape(&x), shape(&weight)[0]);
    let (x, weight) = (Values::new(x), Values::new(weight));
    let a = View { values: x.f32(), row: k, column: 1 };
    let b = View { values: weight.f32(), row: 1, column: k };
    product([m, n, k], a, b, out.storage_mut(), n, false);
    out
}

pub fn q8(x: FlexTensor, quants: FlexTensor, scales: FlexTensor, out: FlexTensor) -> FlexTensor {
    let columns = shape(&x)[1];
    let (quants, scales) = (Values::new(quants), Values::new(scales));
    packed(x, &Q8Weight { quants: bytemuck::cast_slice(quants.u32()), scales: scales.f32(), columns }, out)
}

pub fn q4(x: FlexTensor, quants: FlexTensor, scales: FlexTensor, out: FlexTensor) -> FlexTensor {
    let columns = shape(&x)[1];
    let (quants, scales) = (Values::new(quants), Values::new(scales));
    packed(x, &Q4Weight { quants: bytemuck::cast_slice(quants.u32()), scales: scales.f32(), columns }, out)
}

fn packed(x: FlexTensor, weight: &impl PackedWeight, mut out: FlexTensor) -> FlexTensor {
    let ([m, k], n) = (shape(&x), shape(&out)[1]);
    packed::product([m, n, k], Values::new(x).f32(), weight, out.storage_mut());
    out
}
