//! Bicubic resizing, bit for bit as Pillow does it: in fixed point, columns before rows.

use std::borrow::Cow;

use super::picture::Picture;

/// Fraction bits of a weight: 32 less the eight bits of a pixel and two for the filter's negative lobes.
const PRECISION_BITS: u32 = 32 - 8 - 2;

/// The filter's radius, in pixels of the smaller picture.
const SUPPORT: f64 = 2.0;

/// The weights along one axis.
struct AxisWeights {
    /// For each output pixel the first input pixel that contributes to it.
    first: Vec<usize>,
    /// `stride` weights for each output pixel, padded with zeros.
    weights: Vec<i32>,
    stride: usize,
    /// The number of weights before the padding.
    counts: Vec<usize>,
}

/// The cubic convolution kernel with a = -0.5.
fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

impl AxisWeights {
    fn new(input: usize, output: usize) -> Self {
        let scale = input as f64 / output as f64;
        let filter_scale = scale.max(1.0);
        let support = SUPPORT * filter_scale;
        let stride = support.ceil() as usize * 2 + 1;
        let mut axis = Self {
            first: Vec::with_capacity(output),
            weights: vec![0; output * stride],
            stride,
            counts: Vec::with_capacity(output),
        };
        for i in 0..output {
            let centre = (i as f64 + 0.5) * scale;
            let first = ((centre - support + 0.5) as i64).max(0) as usize;
            let end = ((centre + support + 0.5) as i64).min(input as i64) as usize;
            let raw: Vec<f64> =
                (first..end).map(|j| bicubic((j as f64 - centre + 0.5) * (1.0 / filter_scale))).collect();
            let sum: f64 = raw.iter().sum();
            for (weight, raw) in axis.weights[i * stride..].iter_mut().zip(&raw) {
                let value = if sum == 0.0 { *raw } else { raw / sum } * f64::from(1 << PRECISION_BITS);
                *weight = (value + if value < 0.0 { -0.5 } else { 0.5 }) as i32;
            }
            axis.first.push(first);
            axis.counts.push(end - first);
        }
        axis
    }

    /// The first input pixel and the weights of output pixel `i`.
    fn of(&self, i: usize) -> (usize, &[i32]) {
        (self.first[i], &self.weights[i * self.stride..][..self.counts[i]])
    }
}

/// Resizes a picture. An axis whose length stays the same is not filtered.
pub fn resize(picture: &Picture, width: usize, height: usize) -> Picture {
    let resized =
        if width == picture.width { Cow::Borrowed(picture) } else { Cow::Owned(resize_columns(picture, width)) };
    if height == resized.height { resized.into_owned() } else { resize_rows(&resized, height) }
}

fn resize_columns(picture: &Picture, width: usize) -> Picture {
    let axis = AxisWeights::new(picture.width, width);
    let mut rgb = vec![0u8; width * picture.height * 3];
    for (row, out) in picture.rgb.chunks_exact(picture.width * 3).zip(rgb.chunks_exact_mut(width * 3)) {
        for (i, out) in out.chunks_exact_mut(3).enumerate() {
            let (first, weights) = axis.of(i);
            let mut sums = [1i32 << (PRECISION_BITS - 1); 3];
            for (pixel, weight) in row[first * 3..].chunks_exact(3).zip(weights) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum = sum.wrapping_add(i32::from(value) * weight);
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = to_u8(sum);
            }
        }
    }
    Picture { width, height: picture.height, rgb }
}

fn resize_rows(picture: &Picture, height: usize) -> Picture {
    let axis = AxisWeights::new(picture.height, height);
    let stride = picture.width * 3;
    let mut rgb = vec![0u8; stride * height];
    let mut sums = vec![0i32; stride];
    for (i, out) in rgb.chunks_exact_mut(stride).enumerate() {
        let (first, weights) = axis.of(i);
        sums.fill(1 << (PRECISION_BITS - 1));
        // Whole rows at a time, so that the inner loop vectorizes.
        for (row, &weight) in picture.rgb[first * stride..].chunks_exact(stride).zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum = sum.wrapping_add(i32::from(value) * weight);
            }
        }
        for (out, &sum) in out.iter_mut().zip(&sums) {
            *out = to_u8(sum);
        }
    }
    Picture { width: picture.width, height, rgb }
}

fn to_u8(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}
