//! The shaders of products: the text of a weight format joined with that of a style, in the shape for a number of rows.

use super::shader::Shader;
use super::style::{MANY_ROWS, MIDDLE_ROWS, Style};

/// How a weight is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightFormat {
    /// As f32.
    F32,
    /// Blocks of 8 bits.
    Q8,
    /// Blocks of 4 bits.
    Q4,
}

/// A shader of a product, and the rows and columns of the results of its workgroups.
#[derive(Debug, Clone, Copy)]
pub struct ProductShader {
    /// The shader.
    pub shader: Shader,
    /// Rows and columns.
    pub tile: [usize; 2],
}

/// What a workgroup computes, and how.
#[derive(Debug, Clone, Copy)]
enum ProductShape {
    Direct,
    Tile,
    Wide,
    Quads,
    /// Sums that neighbouring invocations share, for up to four rows.
    FewSlices,
    /// The same for more.
    Slices,
    /// Blocks of weights that a workgroup shares, four rows for an invocation.
    Blocked,
    /// Eight rows for an invocation.
    TallBlocked,
    /// As `Blocked`, in half precision.
    Half,
    /// As `TallBlocked`, in half precision.
    TallHalf,
}

/// Rows up to which a workgroup with fewer rows is used.
const FEW_SLICES: usize = 4;

impl ProductShape {
    const ALL: [Self; 10] = [
        Self::Direct,
        Self::Tile,
        Self::Wide,
        Self::Quads,
        Self::FewSlices,
        Self::Slices,
        Self::Blocked,
        Self::TallBlocked,
        Self::Half,
        Self::TallHalf,
    ];

    /// For few rows what counts is how weights are read; for a document many workgroups; for more that what was read is used
    /// often.
    const fn of(style: Style, rows: usize) -> Self {
        match style {
            Style::Direct => Self::Direct,
            Style::Tile => Self::Tile,
            Style::Wide => Self::Wide,
            Style::Quads => Self::Quads,
            Style::Blocked | Style::Half if rows <= FEW_SLICES => Self::FewSlices,
            Style::Blocked | Style::Half if rows < MIDDLE_ROWS => Self::Slices,
            Style::Blocked if rows < MANY_ROWS => Self::Blocked,
            Style::Blocked => Self::TallBlocked,
            Style::Half if rows < MANY_ROWS => Self::Half,
            Style::Half => Self::TallHalf,
        }
    }

    const fn tile(self) -> [usize; 2] {
        match self {
            Self::Direct => [32, 32],
            Self::Tile | Self::Wide | Self::Quads | Self::TallBlocked | Self::TallHalf => [64, 64],
            Self::FewSlices => [4, 32],
            Self::Slices => [16, 32],
            Self::Blocked | Self::Half => [32, 64],
        }
    }

    const fn workgroup(self) -> (u32, u32) {
        match self {
            Self::Tile => (16, 16),
            Self::Quads | Self::FewSlices | Self::Slices => (64, 1),
            _ => (8, 8),
        }
    }

    const fn reads_half(self) -> bool {
        matches!(self, Self::Half | Self::TallHalf)
    }
}

/// Every combination.
pub fn shaders() -> Vec<Shader> {
    let formats = [WeightFormat::F32, WeightFormat::Q8, WeightFormat::Q4];
    let products =
        formats.into_iter().flat_map(|format| ProductShape::ALL.map(|shape| product_of(format, shape).shader));
    products.chain([SCALE]).collect()
}

/// The product of a weight format and a style with so many rows.
pub const fn product(format: WeightFormat, style: Style, rows: usize) -> ProductShader {
    product_of(format, ProductShape::of(style, rows))
}

/// Rows in half precision, scaled, which the products of [`Style::Half`] multiply.
pub const SCALE: Shader = Shader {
    half: true,
    ..Shader::list(
        "matmul_half_scale",
        &[
            include_str!("../../../shaders/matmul/half/powers.wgsl"),
            include_str!("../../../shaders/matmul/half/scale.wgsl"),
        ],
    )
};

/// Whether the product with so many rows reads rows in half precision.
pub const fn reads_half(style: Style, rows: usize) -> bool {
    ProductShape::of(style, rows).reads_half()
}

const fn product_of(format: WeightFormat, shape: ProductShape) -> ProductShader {
    macro_rules! file {
        ($($path:expr),*) => { include_str!(concat!("../../../shaders/", $($path),*, ".wgsl")) };
    }
    macro_rules! text {
        ($format:literal, $shape:literal, $constants:literal, $style:literal) => {
            (
                concat!("matmul_", $format, "_", $shape),
                &[
                    $constants,
                    file!("matmul/", $format),
                    file!("matmul/unpack/", $format),
                    file!("common/store"),
                    file!("matmul/", $style),
                ],
            )
        };
    }
    macro_rules! half {
        ($format:literal, $shape:literal, $constants:literal) => {
            (
                concat!("matmul_", $format, "_", $shape),
                &[
                    $constants,
                    file!("matmul/half/", $format),
                    file!("matmul/unpack/", $format),
                    file!("common/store"),
                    file!("matmul/half/powers"),
                    file!("matmul/half/blocked"),
                ],
            )
        };
    }
    macro_rules! texts {
        ($format:literal) => {
            [
                text!($format, "direct", "", "direct"),
                text!($format, "tile", "", "tile"),
                text!($format, "wide", "", "wide"),
                text!($format, "quads", "", "quads"),
                text!($format, "few_slices", "const ROWS = 4u;\n", "slices"),
                text!($format, "slices", "const ROWS = 16u;\n", "slices"),
                text!($format, "blocked", "const ROWS = 4u;\n", "blocked"),
                text!($format, "tall_blocked", "const ROWS = 8u;\n", "blocked"),
                half!($format, "half", "const ROWS = 4u;\n"),
                half!($format, "tall_half", "const ROWS = 8u;\n"),
            ]
        };
    }
    const TEXTS: [[(&str, &[&str]); 10]; 3] = [texts!("f32"), texts!("q8"), texts!("q4")];
    let (name, text) = TEXTS[format as usize][shape as usize];
    let shader = Shader {
        name,
        text,
        words: None,
        workgroup: shape.workgroup(),
        quads: matches!(shape, ProductShape::Quads),
        half: shape.reads_half(),
    };
    ProductShader { shader, tile: shape.tile() }
}
