//! Rows of a component at the picture's own size.

use super::frame::Plane;

/// Row `y` of the picture from a component that has one sample for `across` × `down` pixels.
pub(super) fn row(plane: &Plane, y: usize, out: &mut [u8]) {
    // The smooth variants need neighbours on both sides; narrower components are repeated.
    match (plane.across, plane.down) {
        (1, 1) => out.copy_from_slice(&plane.row(y)[..out.len()]),
        (2, 1) if plane.width > 2 => double(plane.row(y), plane.width, out),
        (1, 2) => between(plane, y, out),
        (2, 2) if plane.width > 2 => double_both(plane, y, out),
        (across, down) => {
            let row = plane.row(y / down);
            out.iter_mut().enumerate().for_each(|(x, out)| *out = row[x / across]);
        }
    }
}

/// The row that a row of pixels lies in, and the other that it is next to: above it for the first of two.
fn near_and_far(plane: &Plane, y: usize) -> (&[u8], &[u8]) {
    let near = y / 2;
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(plane.height - 1) };
    (plane.row(near), plane.row(far))
}

fn put(out: &mut [u8], at: usize, value: u32) {
    if let Some(out) = out.get_mut(at) {
        *out = value as u8;
    }
}

/// Three quarters of the nearer sample and one of the other; rounding takes turns, so that there is no drift.
fn double(row: &[u8], width: usize, out: &mut [u8]) {
    let at = |x: usize| u32::from(row[x]);
    for x in 0..width {
        let (before, after) = (x.saturating_sub(1), (x + 1).min(width - 1));
        put(out, 2 * x, (3 * at(x) + at(before) + 1) >> 2);
        put(out, 2 * x + 1, (3 * at(x) + at(after) + 2) >> 2);
    }
}

fn between(plane: &Plane, y: usize, out: &mut [u8]) {
    let (near, far) = near_and_far(plane, y);
    let rounding = if y.is_multiple_of(2) { 1 } else { 2 };
    for (out, (&near, &far)) in out.iter_mut().zip(near.iter().zip(far)) {
        *out = ((3 * u32::from(near) + u32::from(far) + rounding) >> 2) as u8;
    }
}

fn double_both(plane: &Plane, y: usize, out: &mut [u8]) {
    let (near, far) = near_and_far(plane, y);
    let at = |x: usize| 3 * u32::from(near[x]) + u32::from(far[x]);
    let (mut before, mut this) = (at(0), at(0));
    for x in 0..plane.width {
        let after = at((x + 1).min(plane.width - 1));
        put(out, 2 * x, (3 * this + before + 8) >> 4);
        put(out, 2 * x + 1, (3 * this + after + 7) >> 4);
        (before, this) = (this, after);
    }
}
