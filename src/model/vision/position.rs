//! Where a patch lies: a learned table that is stretched over the picture, and a rotation by row and column.

use burn::tensor::{Device, Tensor};

use crate::kernels::upload;
use crate::model::rope::angles;

/// Base of the tower's rotary frequencies; no configuration names it.
const THETA: f64 = 10_000.0;

/// The learned table, on the CPU side: a picture needs a few interpolated rows of it, once.
pub struct PositionTable {
    pub values: Vec<f32>,
    pub side: usize,
    pub width: usize,
}

impl PositionTable {
    /// A row for each patch, in their order: the table's corners lie on the picture's, and what is between is
    /// interpolated. Each frame has the same.
    pub fn embed(&self, grid: [usize; 3], merge: usize, device: &Device) -> Tensor<2> {
        let [steps, height, width] = grid;
        let (rows, columns) = (self.stretch(height), self.stretch(width));
        let mut frame = Vec::with_capacity(height * width * self.width);
        for (row, column) in places(height, width, merge) {
            let ((y0, y1, dy), (x0, x1, dx)) = (rows[row], columns[column]);
            let corners = [
                (y0, x0, (1.0 - dy) * (1.0 - dx)),
                (y0, x1, (1.0 - dy) * dx),
                (y1, x0, dy * (1.0 - dx)),
                (y1, x1, dy * dx),
            ];
            let corners = corners.map(|(y, x, weight)| (&self.values[(y * self.side + x) * self.width..], weight));
            frame.extend((0..self.width).map(|i| corners.iter().map(|(values, w)| values[i] * w).sum::<f32>()));
        }
        upload(frame.repeat(steps), [steps * height * width, self.width], device)
    }

    /// For each of `count` places: the two entries it lies between, and how far it is from the first.
    fn stretch(&self, count: usize) -> Vec<(usize, usize, f32)> {
        let last = self.side - 1;
        let step = last as f32 / (count.max(2) - 1) as f32;
        let place = |i: usize| {
            // Exact at the far end, as a linspace is.
            let at = if i + 1 == count { last as f32 } else { i as f32 * step };
            let floor = at as usize;
            (floor, (floor + 1).min(last), at - floor as f32)
        };
        (0..count).map(place).collect()
    }

    /// Half of the frequencies follow the row, half the column.
    pub fn angles(&self, grid: [usize; 3], merge: usize, head_dim: usize, device: &Device) -> Tensor<2> {
        let [steps, height, width] = grid;
        let places: Vec<_> = places(height, width, merge).collect();
        let (half, quarter) = (head_dim / 2, head_dim / 4);
        angles(steps * places.len(), half, device, |patch, j| {
            let (row, column) = places[patch % places.len()];
            let at = if j < quarter { row } else { column };
            at as f64 * THETA.powf(-((j % quarter) as f64) / quarter as f64)
        })
    }
}

/// Row and column of each patch of a frame: squares of patches from left to right, then down, and each square so too.
fn places(height: usize, width: usize, merge: usize) -> impl Iterator<Item = (usize, usize)> {
    let square =
        move |a: usize, b: usize| (0..merge * merge).map(move |i| (a * merge + i / merge, b * merge + i % merge));
    (0..height / merge).flat_map(move |a| (0..width / merge).flat_map(move |b| square(a, b)))
}
