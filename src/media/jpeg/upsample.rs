//! Chroma upsampling, as libjpeg-turbo does it by default ("fancy" upsampling): triangle filters for the common ratios,
//! repetition for the others.

use super::plane::Plane;

/// Row `y` of the picture from a component with one sample for `pixels_across` × `pixels_down` pixels.
pub(super) fn upsample_row(plane: &Plane, y: usize, out: &mut [u8]) {
    // The horizontal filters need a neighbour on each side: libjpeg repeats the samples of narrower components.
    match (plane.pixels_across, plane.pixels_down) {
        (1, 1) => out.copy_from_slice(&plane.row(y)[..out.len()]),
        (2, 1) if plane.width > 2 => upsample_h2v1(plane.row(y), plane.width, out),
        (1, 2) => upsample_h1v2(plane, y, out),
        (2, 2) if plane.width > 2 => upsample_h2v2(plane, y, out),
        (across, down) => {
            let row = plane.row(y / down);
            out.iter_mut().enumerate().for_each(|(x, out)| *out = row[x / across]);
        }
    }
}

/// The row of samples that row `y` of the picture lies in, and the next nearest: the one above for even rows, the one
/// below for odd rows.
fn nearest_rows(plane: &Plane, y: usize) -> (&[u8], &[u8]) {
    let near = y / 2;
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(plane.height - 1) };
    (plane.row(near), plane.row(far))
}

/// Stores a value unless it lies beyond the picture's last column.
fn store(out: &mut [u8], x: usize, value: u32) {
    if let Some(out) = out.get_mut(x) {
        *out = value as u8;
    }
}

/// 3/4 of the nearer sample and 1/4 of the farther one. The rounding term alternates to avoid a bias.
fn upsample_h2v1(row: &[u8], width: usize, out: &mut [u8]) {
    let sample = |x: usize| u32::from(row[x]);
    for x in 0..width {
        let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
        store(out, 2 * x, (3 * sample(x) + sample(left) + 1) >> 2);
        store(out, 2 * x + 1, (3 * sample(x) + sample(right) + 2) >> 2);
    }
}

fn upsample_h1v2(plane: &Plane, y: usize, out: &mut [u8]) {
    let (near, far) = nearest_rows(plane, y);
    let rounding = if y.is_multiple_of(2) { 1 } else { 2 };
    for (out, (&near, &far)) in out.iter_mut().zip(near.iter().zip(far)) {
        *out = ((3 * u32::from(near) + u32::from(far) + rounding) >> 2) as u8;
    }
}

fn upsample_h2v2(plane: &Plane, y: usize, out: &mut [u8]) {
    let (near, far) = nearest_rows(plane, y);
    let column = |x: usize| 3 * u32::from(near[x]) + u32::from(far[x]);
    let (mut left, mut this) = (column(0), column(0));
    for x in 0..plane.width {
        let right = column((x + 1).min(plane.width - 1));
        store(out, 2 * x, (3 * this + left + 8) >> 4);
        store(out, 2 * x + 1, (3 * this + right + 7) >> 4);
        (left, this) = (this, right);
    }
}
