//! Bicubic resizing, bit for bit as Pillow 12 does it: another filter, or the same in floats, moves scores.

use std::borrow::Cow;

use super::Picture;

/// Fraction bits of a weight. Eight bits of a pixel, two of head room for the negative lobes.
const PRECISION: u32 = 32 - 8 - 2;

/// Half the width of the kernel, in pixels of the smaller picture.
const SUPPORT: f64 = 2.0;

/// Weights of one axis: for each output pixel the first input pixel and its weights.
struct Axis {
    first: Vec<usize>,
    /// `taps` for each output pixel, padded with zeros.
    weights: Vec<i32>,
    taps: usize,
    /// How many of them count.
    counts: Vec<usize>,
}

fn kernel(x: f64) -> f64 {
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

impl Axis {
    fn new(input: usize, output: usize) -> Self {
        let scale = input as f64 / output as f64;
        let stretch = scale.max(1.0);
        let support = SUPPORT * stretch;
        let taps = support.ceil() as usize * 2 + 1;
        let mut axis =
            Self { first: Vec::with_capacity(output), weights: vec![0; output * taps], taps, counts: Vec::new() };
        for i in 0..output {
            let centre = (i as f64 + 0.5) * scale;
            let low = ((centre - support + 0.5) as i64).max(0) as usize;
            let high = ((centre + support + 0.5) as i64).min(input as i64) as usize;
            let raw: Vec<f64> = (low..high).map(|j| kernel((j as f64 - centre + 0.5) * (1.0 / stretch))).collect();
            let sum: f64 = raw.iter().sum();
            for (weight, raw) in axis.weights[i * taps..].iter_mut().zip(&raw) {
                let value = if sum == 0.0 { *raw } else { raw / sum } * f64::from(1 << PRECISION);
                *weight = (value + if value < 0.0 { -0.5 } else { 0.5 }) as i32;
            }
            axis.first.push(low);
            axis.counts.push(high - low);
        }
        axis
    }

    fn weights(&self, i: usize) -> (usize, &[i32]) {
        (self.first[i], &self.weights[i * self.taps..][..self.counts[i]])
    }
}

/// The picture at another size. Columns first, rounded to bytes, then rows; an axis that keeps its length is left
/// alone.
pub fn resize(picture: &Picture, width: usize, height: usize) -> Picture {
    let wide = if width == picture.width { Cow::Borrowed(picture) } else { Cow::Owned(columns(picture, width)) };
    if height == wide.height { wide.into_owned() } else { rows(&wide, height) }
}

fn columns(picture: &Picture, width: usize) -> Picture {
    let axis = Axis::new(picture.width, width);
    let mut rgb = vec![0u8; width * picture.height * 3];
    for (row, out) in picture.rgb.chunks_exact(picture.width * 3).zip(rgb.chunks_exact_mut(width * 3)) {
        for (i, out) in out.chunks_exact_mut(3).enumerate() {
            let (first, weights) = axis.weights(i);
            let mut sums = [1i32 << (PRECISION - 1); 3];
            for (pixel, weight) in row[first * 3..].chunks_exact(3).zip(weights) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum = sum.wrapping_add(i32::from(value) * weight);
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = clip(sum);
            }
        }
    }
    Picture { width, height: picture.height, rgb }
}

fn rows(picture: &Picture, height: usize) -> Picture {
    let axis = Axis::new(picture.height, height);
    let stride = picture.width * 3;
    let mut rgb = vec![0u8; stride * height];
    let mut sums = vec![0i32; stride];
    for (i, out) in rgb.chunks_exact_mut(stride).enumerate() {
        let (first, weights) = axis.weights(i);
        sums.fill(1 << (PRECISION - 1));
        // Whole rows at a time: neighbouring bytes are independent, which is what vector registers want.
        for (row, &weight) in picture.rgb[first * stride..].chunks_exact(stride).zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum = sum.wrapping_add(i32::from(value) * weight);
            }
        }
        for (out, &sum) in out.iter_mut().zip(&sums) {
            *out = clip(sum);
        }
    }
    Picture { width: picture.width, height, rgb }
}

fn clip(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}
