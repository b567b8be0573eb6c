//! The shaders of norms: the text of a norm joined with that of a way to work on a row.

use super::shader::Shader;

/// The shaders of a norm, by what works on a row.
#[derive(Debug)]
pub struct RowShaders {
    /// A workgroup for a row.
    pub workgroup: Shader,
    /// A quad for a row.
    pub quads: Shader,
    /// An invocation for a row.
    pub single: Shader,
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

/// RMS norm.
pub const RMS: RowShaders = shaders_of!("rms");
/// Layer norm.
pub const LAYER: RowShaders = shaders_of!("layer");

/// All of them.
pub fn shaders() -> Vec<Shader> {
    [RMS, LAYER].into_iter().flat_map(|norm| [norm.workgroup, norm.quads, norm.single]).collect()
}
