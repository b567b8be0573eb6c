//! Bicubic resizing of video frames: the same filter as for pictures, but in f32 as the reference's other library does
//! it, rounded once at the end.

use super::Picture;

struct Tap {
    first: usize,
    weights: Vec<f32>,
}

fn kernel(x: f32) -> f32 {
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

fn taps(input: usize, output: usize) -> Vec<Tap> {
    let scale = input as f32 / output as f32;
    let stretch = scale.max(1.0);
    let support = 2.0 * stretch;
    let tap = |i: usize| {
        let centre = scale * (i as f32 + 0.5);
        let first = ((centre - support + 0.5) as i64).max(0) as usize;
        let end = ((centre + support + 0.5) as i64).min(input as i64) as usize;
        let raw: Vec<f32> = (first..end).map(|j| kernel((j as f32 - centre + 0.5) * (1.0 / stretch))).collect();
        let sum: f32 = raw.iter().sum();
        Tap { first, weights: raw.iter().map(|w| w / sum).collect() }
    };
    (0..output).map(tap).collect()
}

/// The picture at another size.
pub fn resample(picture: &Picture, width: usize, height: usize) -> Picture {
    if (width, height) == (picture.width, picture.height) {
        return picture.clone();
    }
    let columns = taps(picture.width, width);
    let mut wide = vec![0.0f32; picture.height * width * 3];
    for (row, out) in picture.rgb.chunks_exact(picture.width * 3).zip(wide.chunks_exact_mut(width * 3)) {
        for (tap, out) in columns.iter().zip(out.chunks_exact_mut(3)) {
            for (pixel, weight) in row[tap.first * 3..].chunks_exact(3).zip(&tap.weights) {
                for (out, &value) in out.iter_mut().zip(pixel) {
                    *out += f32::from(value) * weight;
                }
            }
        }
    }
    let stride = width * 3;
    let mut sums = vec![0.0f32; stride];
    let mut rgb = Vec::with_capacity(stride * height);
    for tap in taps(picture.height, height) {
        sums.fill(0.0);
        for (row, weight) in wide[tap.first * stride..].chunks_exact(stride).zip(&tap.weights) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value * weight;
            }
        }
        rgb.extend(sums.iter().map(|sum| sum.clamp(0.0, 255.0).round_ties_even() as u8));
    }
    Picture { width, height, rgb }
}
