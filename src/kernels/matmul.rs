//! `x · wᵀ` for weights in f32 and in packed blocks of 8 and 4 bits.

use burn_cubecl::tensor::CubeTensor;
use burn_flex::FlexTensor;

use super::cpu::{self, Values, View};
use super::gpu::{self, Shader};
use super::packed::{self, Eight, Four, Weight};
use super::style::Style;

/// Quants that share a scale.
pub const BLOCK: usize = 32;

/// How a weight is stored.
#[derive(Clone, Copy)]
pub(super) enum Form {
    F32,
    Q8,
    Q4,
}

impl Form {
    pub const ALL: [Self; 3] = [Self::F32, Self::Q8, Self::Q4];
}

/// The shader of a form of weight in a style.
pub(super) const fn shader(form: Form, style: Style) -> Shader {
    /// A style's text behind a form's.
    macro_rules! texts {
        ($form:literal) => {
            [texts!($form, "direct"), texts!($form, "tile"), texts!($form, "wide"), texts!($form, "quads")]
        };
        ($form:literal, $style:literal) => {
            (
                concat!("matmul_", $form, "_", $style),
                &[
                    include_str!(concat!("../../shaders/matmul/", $form, ".wgsl")),
                    include_str!(concat!("../../shaders/matmul/", $style, ".wgsl")),
                ],
            )
        };
    }
    const TEXTS: [[(&str, &[&str; 2]); 4]; 3] = [texts!("f32"), texts!("q8"), texts!("q4")];
    let (name, text) = TEXTS[form as usize][style as usize];
    Shader { name, text, words: None, workgroup: style.workgroup(), quads: matches!(style, Style::Quads) }
}

fn launch(form: Form, x: CubeTensor, weight: Vec<CubeTensor>, out: CubeTensor) -> CubeTensor {
    let [m, n] = gpu::shape(&out);
    let k = gpu::shape(&x)[1];
    let (style, inputs) = (Style::current(), [vec![x], weight].concat());
    let groups = [n, m].map(|extent| extent.div_ceil(style.tile()));
    shader(form, style).launch(inputs, out, &[m as u32, n as u32, k as u32], groups)
}

pub(super) fn f32_gpu(x: CubeTensor, weight: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(Form::F32, x, vec![weight], out)
}

pub(super) fn q8_gpu(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(Form::Q8, x, vec![quants, scales], out)
}

pub(super) fn q4_gpu(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(Form::Q4, x, vec![quants, scales], out)
}

pub(super) fn f32_cpu(x: FlexTensor, weight: FlexTensor, mut out: FlexTensor) -> FlexTensor {
    let ([m, k], n) = (cpu::shape(&x), cpu::shape(&weight)[0]);
    let (x, weight) = (Values::new(x), Values::new(weight));
    let a = View { values: x.f32(), row: k, column: 1 };
    let b = View { values: weight.f32(), row: 1, column: k };
    cpu::product([m, n, k], a, b, out.storage_mut(), n, false);
    out
}

pub(super) fn q8_cpu(x: FlexTensor, quants: FlexTensor, scales: FlexTensor, out: FlexTensor) -> FlexTensor {
    let columns = cpu::shape(&x)[1];
    let (quants, scales) = (Values::new(quants), Values::new(scales));
    packed(x, &Eight { quants: bytemuck::cast_slice(quants.u32()), scales: scales.f32(), columns }, out)
}

pub(super) fn q4_cpu(x: FlexTensor, quants: FlexTensor, scales: FlexTensor, out: FlexTensor) -> FlexTensor {
    let columns = cpu::shape(&x)[1];
    let (quants, scales) = (Values::new(quants), Values::new(scales));
    packed(x, &Four { quants: bytemuck::cast_slice(quants.u32()), scales: scales.f32(), columns }, out)
}

fn packed(x: FlexTensor, weight: &impl Weight, mut out: FlexTensor) -> FlexTensor {
    let ([m, k], n) = (cpu::shape(&x), cpu::shape(&out)[1]);
    packed::product([m, n, k], Values::new(x).f32(), weight, out.storage_mut());
    out
}
