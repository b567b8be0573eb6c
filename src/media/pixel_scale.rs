//! What a vision tower takes for each byte of a picture.

/// Mean and standard deviation of each colour in the pictures that CLIP was trained with.
const CLIP_MEAN: [f32; 3] = [0.48145466, 0.4578275, 0.40821073];
const CLIP_DEVIATION: [f32; 3] = [0.26862954, 0.261_302_6, 0.275_777_1];

/// What a vision tower takes for each byte of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelScale {
    /// From -1 to 1.
    Centred,
    /// By the mean and the standard deviation of each colour in CLIP's pictures.
    Clip,
}

impl PixelScale {
    /// Mean and standard deviation of red, green and blue, of values from 0 to 1.
    pub fn mean_and_deviation(self) -> [[f32; 3]; 2] {
        match self {
            Self::Centred => [[0.5; 3]; 2],
            Self::Clip => [CLIP_MEAN, CLIP_DEVIATION],
        }
    }

    /// The value of each byte, for red, green and blue, with the reference's roundings.
    pub(super) fn values(self) -> [[f32; 256]; 3] {
        let [mean, deviation] = self.mean_and_deviation();
        let value = |colour: usize, byte: usize| match self {
            Self::Centred => (byte as f32 - 127.5) / 127.5,
            Self::Clip => ((byte as f64 * (1.0 / 255.0)) as f32 - mean[colour]) / deviation[colour],
        };
        std::array::from_fn(|colour| std::array::from_fn(|byte| value(colour, byte)))
    }
}
