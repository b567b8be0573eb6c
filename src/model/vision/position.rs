//! The positions of patches: rotary positions by row and column, and in some towers a learned table that is interpolated
//! to the size of the image.

use burn::tensor::{Device, Tensor};

use crate::kernels::upload;
use crate::model::config::VisionConfig;
use crate::model::layers::{TensorScope, rotary_table};
use crate::weights::WeightsError;

/// Base of the tower's rotary frequencies. It is not part of the configuration.
const ROPE_THETA: f64 = 10_000.0;

/// The learned table, in host memory: an image needs a few interpolated rows of it, once.
pub struct PositionTable {
    values: Vec<f32>,
    side: usize,
    width: usize,
}

impl PositionTable {
    /// From `weight`.
    pub async fn load(at: &TensorScope<'_>, config: &VisionConfig) -> Result<Self, WeightsError> {
        let shape = [config.num_position_embeddings, config.hidden_size];
        let values = at.source().host_values(&at.name("weight"), &shape).await?;
        Ok(Self { values, side: config.position_side(), width: config.hidden_size })
    }

    /// A row for each patch: bilinear interpolation with the corners of the table on those of the image. All frames have
    /// the same.
    pub fn embed(&self, grid: [usize; 3], merge: usize, device: &Device) -> Tensor<2> {
        let [steps, height, width] = grid;
        let (rows, columns) = (self.sample_points(height), self.sample_points(width));
        let mut frame = Vec::with_capacity(height * width * self.width);
        for (row, column) in patch_order(height, width, merge) {
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

    /// For each of `count` patches along a side: the two table entries around it, and the weight of the second.
    fn sample_points(&self, count: usize) -> Vec<(usize, usize, f32)> {
        let last = self.side - 1;
        let step = last as f32 / (count.max(2) - 1) as f32;
        let point = |i: usize| {
            // Exact at the far end, like linspace in the reference.
            let at = if i + 1 == count { last as f32 } else { i as f32 * step };
            let floor = at as usize;
            (floor, (floor + 1).min(last), at - floor as f32)
        };
        (0..count).map(point).collect()
    }
}

/// The rotary table: half of the frequencies follow the row, half the column.
pub fn patch_rotary_table(grid: [usize; 3], merge: usize, head_dim: usize, device: &Device) -> Tensor<2> {
    let [steps, height, width] = grid;
    let patches: Vec<_> = patch_order(height, width, merge).collect();
    let (half, quarter) = (head_dim / 2, head_dim / 4);
    rotary_table(steps * patches.len(), half, device, |patch, j| {
        let (row, column) = patches[patch % patches.len()];
        let at = if j < quarter { row } else { column };
        at as f64 * ROPE_THETA.powf(-((j % quarter) as f64) / quarter as f64)
    })
}

/// Row and column of each patch of a frame, in the order of rows of the tower: squares of `merge` × `merge` patches in
/// row-major order, and row-major within a square.
fn patch_order(height: usize, width: usize, merge: usize) -> impl Iterator<Item = (usize, usize)> {
    let square =
        move |a: usize, b: usize| (0..merge * merge).map(move |i| (a * merge + i / merge, b * merge + i % merge));
    (0..height / merge).flat_map(move |a| (0..width / merge).flat_map(move |b| square(a, b)))
}
