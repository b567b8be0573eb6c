//! Running a shader through cubecl.

use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim, KernelId};
use burn_cubecl::cubecl::server::KernelArguments;
use burn_cubecl::template::{KernelSource, SourceKernel, SourceTemplate};
use burn_cubecl::tensor::CubeTensor;

use super::device::state_of;

/// A shader. Its bindings are the tensors of a launch in their order, then a buffer of sizes (`dims`).
#[derive(Debug, Clone, Copy)]
pub struct Shader {
    /// Different for every text.
    pub name: &'static str,
    /// The files that make up the text.
    pub text: &'static [&'static str],
    /// `WORDS` in the text: a length that has to be known when it is compiled.
    pub words: Option<usize>,
    /// Invocations of a workgroup, as the text declares them.
    pub workgroup: (u32, u32),
    /// Whether the text uses quad operations.
    pub quads: bool,
}

/// All four invocations of a quad take the same branches here, which a compiler cannot see where a condition is read from a
/// buffer.
const QUADS: &str = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";

/// Invocations of a workgroup of every shader that works on a list.
pub const LIST_WORKGROUP: usize = 64;

/// Workgroups in a row of the grid, below the 65,535 that every adapter takes.
const MAX_GROUPS: usize = 32_768;

impl Shader {
    /// A shader of workgroups of 64 invocations.
    pub const fn list(name: &'static str, text: &'static [&'static str]) -> Self {
        Self { name, text, words: None, workgroup: (LIST_WORKGROUP as u32, 1), quads: false }
    }

    /// Name and variant.
    pub fn title(&self) -> String {
        self.words.map_or(self.name.to_owned(), |words| format!("{} WORDS={words}", self.name))
    }

    /// What the device compiles.
    pub fn source(&self) -> String {
        let quads = if self.quads { QUADS } else { "" };
        let words = self.words.map(|words| format!("const WORDS = {words}u;\n")).unwrap_or_default();
        format!("{quads}{words}{}", self.text.join("\n"))
    }

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
