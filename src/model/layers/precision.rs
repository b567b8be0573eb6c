//! The precision of matrices on the device.

/// How matrices are stored on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// As exact as the file: blocks of 8 and 4 bits stay quantized, everything else becomes f32.
    #[default]
    Auto,
    /// All in f32.
    F32,
    /// At most 8 bits: what is not in blocks of 8 or 4 bits is quantized to 8 bits while loading.
    Q8,
}

impl Precision {
    /// The name in `info` and in options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Q8 => "q8_0",
        }
    }

    /// The precision with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Auto, Self::F32, Self::Q8].into_iter().find(|p| p.name() == name)
    }
}
