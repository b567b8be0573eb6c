//! `x · wᵀ` for weights in f32 and in packed blocks of 8 and 4 bits: the text of a weight format joined with that of a
//! style.

use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use super::launch::{Shader, shape};
use super::style::Style;

/// How a weight is stored.
#[derive(Clone, Copy)]
enum WeightFormat {
    F32,
    Q8,
    Q4,
}

pub fn f32(x: CubeTensor, weight: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(WeightFormat::F32, &[x, weight], out)
}

pub fn q8(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(WeightFormat::Q8, &[x, quants, scales], out)
}

pub fn q4(x: CubeTensor, quants: CubeTensor, scales: CubeTensor, out: CubeTensor) -> CubeTensor {
    launch(WeightFormat::Q4, &[x, quants, scales], out)
}

fn launch(format: WeightFormat, inputs: &[CubeTensor], out: CubeTensor) -> CubeTensor {
    let [m, n] = shape(&out);
    let k = shape(&inputs[0])[1];
    let style = state_of(&out.device).styles().of(m);
    let groups = [n, m].map(|extent| extent.div_ceil(style.tile()));
    shader(format, style).launch(inputs, out, &[m as u32, n as u32, k as u32], groups)
}

/// Every combination.
pub fn shaders() -> Vec<Shader> {
    let formats = [WeightFormat::F32, WeightFormat::Q8, WeightFormat::Q4];
    formats.into_iter().flat_map(|format| Style::ALL.map(|style| shader(format, style))).collect()
}

const fn shader(format: WeightFormat, style: Style) -> Shader {
    macro_rules! texts {
        ($format:literal) => {
            [texts!($format, "direct"), texts!($format, "tile"), texts!($format, "wide"), texts!($format, "quads")]
        };
        ($format:literal, $style:literal) => {
            (
                concat!("matmul_", $format, "_", $style),
                &[
                    include_str!(concat!("../../../shaders/matmul/", $format, ".wgsl")),
                    include_str!("../../../shaders/common/store.wgsl"),
                    include_str!(concat!("../../../shaders/matmul/", $style, ".wgsl")),
                ],
            )
        };
    }
    const TEXTS: [[(&str, &[&str; 3]); 4]; 3] = [texts!("f32"), texts!("q8"), texts!("q4")];
    let (name, text) = TEXTS[format as usize][style as usize];
    Shader { name, text, words: None, workgroup: style.workgroup(), quads: matches!(style, Style::Quads) }
}
