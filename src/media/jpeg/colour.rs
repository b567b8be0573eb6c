//! From the components of a JPEG to red, green and blue.

use super::super::picture::scaled_by;
use super::frame::Plane;
use super::upsample;

/// What the components are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    Grey,
    Rgb,
    /// Luminance and two differences.
    Ycc,
    Cmyk,
    /// The inks as luminance and two differences, and black.
    Ycck,
}

const FRACTION_BITS: u32 = 16;
const HALF: i32 = 1 << (FRACTION_BITS - 1);

/// The factors 1.402, 0.71414, 0.34414 and 1.772 of the colour differences.
fn from_ycc(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((91_881 * cr + HALF) >> FRACTION_BITS);
    let green = y + ((-22_554 * cb - 46_802 * cr + HALF) >> FRACTION_BITS);
    let blue = y + ((116_130 * cb + HALF) >> FRACTION_BITS);
    [red, green, blue].map(|v| v.clamp(0, 255) as u8)
}

/// Files hold inks inverted, whether they say so or not: the reference's library takes them so.
fn from_inks(inks: [u8; 3], black: u8) -> [u8; 3] {
    inks.map(|ink| black - scaled_by(255 - ink, black))
}

pub(super) fn to_rgb(planes: &[Plane], width: usize, height: usize, model: Model) -> Vec<u8> {
    let mut rgb = vec![0; width * height * 3];
    let mut rows = vec![vec![0u8; width]; planes.len()];
    for (y, out) in rgb.chunks_exact_mut(width * 3).enumerate() {
        for (plane, row) in planes.iter().zip(&mut rows) {
            upsample::row(plane, y, row);
        }
        let pixels = out.chunks_exact_mut(3).enumerate();
        match (model, rows.as_slice()) {
            (Model::Ycc, [l, b, r]) => pixels.for_each(|(x, out)| out.copy_from_slice(&from_ycc(l[x], b[x], r[x]))),
            (Model::Rgb, [r, g, b]) => pixels.for_each(|(x, out)| out.copy_from_slice(&[r[x], g[x], b[x]])),
            (Model::Cmyk, [c, m, y, k]) => {
                pixels.for_each(|(x, out)| out.copy_from_slice(&from_inks([c[x], m[x], y[x]], k[x])));
            }
            (Model::Ycck, [l, b, r, k]) => pixels.for_each(|(x, out)| {
                let inks = from_ycc(l[x], b[x], r[x]).map(|v| 255 - v);
                out.copy_from_slice(&from_inks(inks, k[x]));
            }),
            (_, rows) => pixels.for_each(|(x, out)| out.fill(rows[0][x])),
        }
    }
    rgb
}
