//! Running a shader of our own through cubecl.

use std::cell::RefCell;
use std::collections::HashMap;

use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::prelude::{CubeCount, CubeDim, KernelId};
use burn_cubecl::cubecl::server::{Handle, KernelArguments};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::template::{KernelSource, SourceKernel, SourceTemplate};
use burn_cubecl::tensor::CubeTensor;

/// A shader. Its bindings are the tensors of a launch in their order, then a buffer of numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shader {
    /// Different for every text.
    pub name: &'static str,
    /// The files that make up the text.
    pub text: &'static [&'static str],
    /// `WORDS` in the text: a count that has to be known when it is compiled.
    pub words: Option<usize>,
    /// Invocations of a workgroup, as the text declares them.
    pub workgroup: (u32, u32),
    /// Whether the four invocations of a quad hand each other what they have read.
    pub quads: bool,
}

/// Every branch of ours around a quad is taken by all of it, which a compiler cannot see where the condition comes from a
/// buffer.
const QUADS: &str = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";

impl Shader {
    /// What the device compiles.
    pub fn source(&self) -> String {
        let quads = if self.quads { QUADS } else { "" };
        let words = self.words.map(|words| format!("const WORDS = {words}u;\n")).unwrap_or_default();
        format!("{quads}{words}{}", self.text.join("\n"))
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

impl Shader {
    /// Runs on `inputs` and gives `out`, the last of the tensors that are bound. `groups` counts workgroups, of which
    /// every WebGPU adapter takes 65,535 in a dimension: far more than a model of ours has rows or columns for.
    pub fn launch(&self, inputs: Vec<CubeTensor>, out: CubeTensor, numbers: &[u32], groups: [usize; 2]) -> CubeTensor {
        let client = out.client.clone();
        let inputs: Vec<CubeTensor> = inputs.into_iter().map(into_contiguous).collect();
        let numbers = numbers_on(&client, numbers);
        let mut buffers: Vec<_> = inputs.iter().map(|tensor| tensor.handle.clone().binding()).collect();
        buffers.extend([out.handle.clone().binding(), numbers.binding()]);
        let (x, y) = self.workgroup;
        client.launch(
            Box::new(SourceKernel::new(*self, CubeDim::new_2d(x, y))),
            CubeCount::Static(groups[0] as u32, groups[1] as u32, 1),
            KernelArguments::new().with_buffers(buffers),
        );
        out
    }
}

/// How many buffers of numbers are kept: a pass has some dozens, and the next has the same.
const MAX_KEPT: usize = 4096;

thread_local! {
    static KEPT: RefCell<HashMap<Vec<u32>, Handle>> = RefCell::default();
}

/// The numbers in a buffer. Writing one ends the submission that is being collected, so that a pass would consist of as many
/// submissions as of launches; so they are written once and kept. A thread has one device.
fn numbers_on(client: &Client, numbers: &[u32]) -> Handle {
    KEPT.with_borrow_mut(|kept| {
        if let Some(handle) = kept.get(numbers) {
            return handle.clone();
        }
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        let handle = client.create_from_slice(bytemuck::cast_slice(numbers));
        kept.insert(numbers.to_vec(), handle.clone());
        handle
    })
}

/// Extents of a tensor.
pub(super) fn shape(tensor: &CubeTensor) -> [usize; 2] {
    [tensor.meta.shape()[0], tensor.meta.shape()[1]]
}
