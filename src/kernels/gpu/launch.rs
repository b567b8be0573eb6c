//! Running a shader through cubecl.

use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim, KernelId};
use burn_cubecl::cubecl::server::KernelArguments;
use burn_cubecl::template::{KernelSource, SourceKernel, SourceTemplate};
use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;
use crate::kernels::shaders::Shader;

/// Workgroups in a row of the grid, below the 65,535 that every adapter takes.
const MAX_GROUPS: usize = 32_768;

impl Shader {
    /// Runs on `inputs` and gives `out`, the last of the tensors that are bound. `groups` counts workgroups in x and y.
    pub fn launch(&self, inputs: &[CubeTensor], out: CubeTensor, dims: &[u32], groups: [usize; 2]) -> CubeTensor {
        let client = out.client.clone();
        let dims = state_of(&out.device).dims_buffer(&client, dims);
        debug_assert!(inputs.iter().chain([&out]).all(CubeTensor::is_contiguous), "our tensors are contiguous");
        let mut buffers: Vec<_> = inputs.iter().map(|tensor| tensor.handle.clone().binding()).collect();
        buffers.extend([out.handle.clone().binding(), dims.binding()]);
        let (x, y) = self.workgroup;
        client.launch(
            Box::new(SourceKernel::new(*self, CubeDim::new_2d(x, y))),
            CubeCount::Static(groups[0] as u32, groups[1] as u32, 1),
            KernelArguments::new().with_buffers(buffers),
        );
        out
    }
}

impl KernelSource for Shader {
    fn source(&self) -> SourceTemplate {
        SourceTemplate::new(Shader::source(self))
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info((self.name, self.words))
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// A grid of workgroups for a long list: more than fit one dimension go into the second.
pub fn grid(groups: usize) -> [usize; 2] {
    [groups.min(MAX_GROUPS), groups.div_ceil(MAX_GROUPS)]
}

/// Rows and columns.
pub fn shape(tensor: &CubeTensor) -> [usize; 2] {
    [tensor.meta.shape()[0], tensor.meta.shape()[1]]
}
