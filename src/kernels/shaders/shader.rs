//! The text of a shader.

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
    /// Whether the text computes in half precision.
    pub half: bool,
}

/// All four invocations of a quad take the same branches here, which a compiler cannot see where a condition is read from a
/// buffer.
const QUADS: &str = "enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n";

const HALF: &str = "enable f16;\n";

/// Invocations of a workgroup of every shader that works on a list.
pub const LIST_WORKGROUP: usize = 64;

impl Shader {
    /// A shader of workgroups of 64 invocations.
    pub const fn list(name: &'static str, text: &'static [&'static str]) -> Self {
        Self { name, text, words: None, workgroup: (LIST_WORKGROUP as u32, 1), quads: false, half: false }
    }

    /// Name and variant.
    pub fn title(&self) -> String {
        self.words.map_or(self.name.to_owned(), |words| format!("{} WORDS={words}", self.name))
    }

    /// What the device compiles.
    pub fn source(&self) -> String {
        let quads = if self.quads { QUADS } else { "" };
        let half = if self.half { HALF } else { "" };
        let words = self.words.map(|words| format!("const WORDS = {words}u;\n")).unwrap_or_default();
        format!("{half}{quads}{words}{}", self.text.join("\n"))
    }
}
