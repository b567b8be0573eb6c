//! A matrix within a slice.

/// A matrix within a slice: its start, and how far apart its rows and its columns are.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub column: usize,
}

impl View<'_> {
    /// Whether all of so many rows and columns lie within the slice.
    pub fn holds(&self, rows: usize, columns: usize) -> bool {
        (rows - 1) * self.row + (columns - 1) * self.column < self.values.len()
    }
}
