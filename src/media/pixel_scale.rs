//! What a vision tower takes for each byte of a picture.

/// What a vision tower takes for each byte of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelScale {
    /// From -1 to 1.
    Centred,
    /// By the mean and the standard deviation of each colour in the pictures that CLIP was trained with.
    Clip,
}

impl PixelScale {
    /// What a byte is multiplied by; then the mean and the standard deviation of red, green and blue.
    fn parts(self) -> (f64, [[f32; 3]; 2]) {
        match self {
            Self::Centred => (1.0, [[127.5; 3]; 2]),
            Self::Clip => (1.0 / 255.0, [[0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.261_302_6, 0.275_777_1]]),
        }
    }

    /// Mean and standard deviation of each colour, of values from 0 to 1.
    pub fn mean_and_deviation(self) -> [[f64; 3]; 2] {
        let (factor, parts) = self.parts();
        parts.map(|part| part.map(|value| f64::from(value) / (255.0 * factor)))
    }

    /// The value of each byte in each colour, with the reference's roundings.
    pub(super) fn values(self) -> [[f32; 256]; 3] {
        let (factor, [mean, deviation]) = self.parts();
        let mut values = [[0.0; 256]; 3];
        for (i, value) in values.as_flattened_mut().iter_mut().enumerate() {
            let (colour, byte) = (i / 256, i % 256);
            *value = ((byte as f64 * factor) as f32 - mean[colour]) / deviation[colour];
        }
        values
    }
}
