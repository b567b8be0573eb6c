//! RMS norm and layer norm of rows: the text of a norm joined with that of a way to work on a row.

use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use super::launch::{LIST_WORKGROUP, Shader, grid, shape};
use super::style::Style;

/// Invocations of a quad.
const QUAD: usize = 4;

/// A workgroup, a quad, or one invocation for a row.
struct RowShaders {
    workgroup: Shader,
    quads: Shader,
    single: Shader,
}

macro_rules! shaders_of {
    ($norm:literal) => {
        RowShaders {
            workgroup: shaders_of!($norm, "workgroup"),
            quads: Shader { quads: true, ..shaders_of!($norm, "quads") },
            single: shaders_of!($norm, "rows"),
        }
    };
    ($norm:literal, $way:literal) => {
        Shader::list(
            concat!($norm, "_norm_", $way),
            &[
                include_str!(concat!("../../../shaders/norm/", $norm, ".wgsl")),
                include_str!(concat!("../../../shaders/norm/", $way, ".wgsl")),
            ],
        )
    };
}

const RMS: RowShaders = shaders_of!("rms");
const LAYER: RowShaders = shaders_of!("layer");

/// All of them.
pub fn shaders() -> Vec<Shader> {
    [RMS, LAYER].into_iter().flat_map(|norm| [norm.workgroup, norm.quads, norm.single]).collect()
}

pub fn rms(x: CubeTensor, weight: CubeTensor, eps: f32, out: CubeTensor) -> CubeTensor {
    launch(&RMS, &[x, weight], eps, out)
}

pub fn layer(x: CubeTensor, weight: CubeTensor, bias: CubeTensor, eps: f32, out: CubeTensor) -> CubeTensor {
    launch(&LAYER, &[x, weight, bias], eps, out)
}

fn launch(shaders: &RowShaders, inputs: &[CubeTensor], eps: f32, out: CubeTensor) -> CubeTensor {
    let [rows, width] = shape(&out);
    let (shader, rows_of_a_group) = match state_of(&out.device).styles().of(rows) {
        // Where products share nothing, on software adapters such as SwiftShader, barriers are slow.
        Style::Wide => (shaders.single, LIST_WORKGROUP),
        Style::Quads => (shaders.quads, LIST_WORKGROUP / QUAD),
        Style::Direct | Style::Tile => (shaders.workgroup, 1),
    };
    let groups = grid(rows.div_ceil(rows_of_a_group));
    shader.launch(inputs, out, &[rows as u32, width as u32, eps.to_bits(), groups[0] as u32], groups)
}
