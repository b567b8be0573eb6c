//! The shaders of products: the text of a weight format joined with that of a style.

use super::shader::Shader;
use super::style::Style;

/// How a weight is stored.
#[derive(Debug, Clone, Copy)]
pub enum WeightFormat {
    /// As f32.
    F32,
    /// Blocks of 8 bits.
    Q8,
    /// Blocks of 4 bits.
    Q4,
}

/// Every combination.
pub fn shaders() -> Vec<Shader> {
    let formats = [WeightFormat::F32, WeightFormat::Q8, WeightFormat::Q4];
    formats.into_iter().flat_map(|format| Style::ALL.map(|style| shader(format, style))).collect()
}

/// The shader of a weight format and a style.
pub const fn shader(format: WeightFormat, style: Style) -> Shader {
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
