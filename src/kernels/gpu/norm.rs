//! RMS norm and layer norm of rows.

use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use super::launch::{grid, shape};
use crate::kernels::shaders::norm::{LAYER, RMS, RowShaders};
use crate::kernels::shaders::{LIST_WORKGROUP, Style};

/// Invocations of a quad.
const QUAD: usize = 4;

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
        Style::Direct | Style::Tile | Style::Blocked | Style::Half => (shaders.workgroup, 1),
    };
    let groups = grid(rows.div_ceil(rows_of_a_group));
    shader.launch(inputs, out, &[rows as u32, width as u32, eps.to_bits(), groups[0] as u32], groups)
}
