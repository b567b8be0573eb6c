//! The samples of one decoded component.

pub(super) struct Plane {
    /// Samples that belong to the picture.
    pub width: usize,
    pub height: usize,
    /// Pixels for each sample, across and down.
    pub pixels_across: usize,
    pub pixels_down: usize,
    pub samples: Vec<u8>,
    /// Samples of a row with its padding.
    pub stride: usize,
}

impl Plane {
    pub fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.stride..][..self.stride]
    }
}
