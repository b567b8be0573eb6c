//! Bicubic resizing of video frames, as torchvision does it with antialiasing: the same filter as Pillow's, but in f32
//! and rounded once at the end.

use super::picture::Picture;

/// The input pixels that contribute to one output pixel.
struct FilterWindow {
    first: usize,
    weights: Vec<f32>,
}

/// The cubic convolution kernel with a = -0.5, in torch's order of operations.
fn bicubic(x: f32) -> f32 {
    const A: f32 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    } else {
        0.0
    }
}

fn filter_windows(input: usize, output: usize) -> Vec<FilterWindow> {
    let scale = input as f32 / output as f32;
    let filter_scale = scale.max(1.0);
    let support = 2.0 * filter_scale;
    let window = |i: usize| {
        let centre = scale * (i as f32 + 0.5);
        let first = ((centre - support + 0.5) as i64).max(0) as usize;
        let end = ((centre + support + 0.5) as i64).min(input as i64) as usize;
        let raw: Vec<f32> = (first..end).map(|j| bicubic((j as f32 - centre + 0.5) * (1.0 / filter_scale))).collect();
        let sum: f32 = raw.iter().sum();
        FilterWindow { first, weights: raw.iter().map(|w| w / sum).collect() }
    };
    (0..output).map(window).collect()
}

/// Resizes a picture, columns before rows.
pub(super) fn resize_torch(picture: &Picture, width: usize, height: usize) -> Picture {
    if (width, height) == (picture.width, picture.height) {
        return picture.clone();
    }
    let columns = filter_windows(picture.width, width);
    let mut wide = vec![0.0f32; picture.height * width * 3];
    for (row, out) in picture.rgb.chunks_exact(picture.width * 3).zip(wide.chunks_exact_mut(width * 3)) {
        for (window, out) in columns.iter().zip(out.chunks_exact_mut(3)) {
            for (pixel, weight) in row[window.first * 3..].chunks_exact(3).zip(&window.weights) {
                for (out, &value) in out.iter_mut().zip(pixel) {
                    *out += f32::from(value) * weight;
                }
            }
        }
    }
    let stride = width * 3;
    let mut sums = vec![0.0f32; stride];
    let mut rgb = Vec::with_capacity(stride * height);
    for window in filter_windows(picture.height, height) {
        sums.fill(0.0);
        for (row, weight) in wide[window.first * stride..].chunks_exact(stride).zip(&window.weights) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value * weight;
            }
        }
        rgb.extend(sums.iter().map(|sum| sum.clamp(0.0, 255.0).round_ties_even() as u8));
    }
    Picture { width, height, rgb }
}
