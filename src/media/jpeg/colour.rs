//! Conversion of the components to RGB.

use super::super::picture::mul_div_255;
use super::plane::Plane;
use super::upsample::upsample_row;

/// What the components of a JPEG are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColourModel {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    /// CMYK whose cyan, magenta and yellow are stored as YCbCr.
    Ycck,
}

const SCALE_BITS: u32 = 16;
const HALF: i32 = 1 << (SCALE_BITS - 1);

/// The JFIF conversion with the factors 1.402, 0.71414, 0.34414 and 1.772 in fixed point.
fn ycbcr_to_rgb(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((91_881 * cr + HALF) >> SCALE_BITS);
    let green = y + ((-22_554 * cb - 46_802 * cr + HALF) >> SCALE_BITS);
    let blue = y + ((116_130 * cb + HALF) >> SCALE_BITS);
    [red, green, blue].map(|v| v.clamp(0, 255) as u8)
}

/// Pillow takes the inks of every CMYK JPEG as inverted, as Adobe's programs write them.
fn inverted_cmyk_to_rgb(cmy: [u8; 3], black: u8) -> [u8; 3] {
    cmy.map(|ink| black - mul_div_255(255 - ink, black))
}

pub(super) fn to_rgb(planes: &[Plane], width: usize, height: usize, model: ColourModel) -> Vec<u8> {
    let mut rgb = vec![0; width * height * 3];
    let mut rows = vec![vec![0u8; width]; planes.len()];
    for (y, out) in rgb.chunks_exact_mut(width * 3).enumerate() {
        for (plane, row) in planes.iter().zip(&mut rows) {
            upsample_row(plane, y, row);
        }
        convert_row(&rows, model, out);
    }
    rgb
}

fn convert_row(rows: &[Vec<u8>], model: ColourModel, out: &mut [u8]) {
    let pixels = out.chunks_exact_mut(3).enumerate();
    match (model, rows) {
        (ColourModel::YCbCr, [l, b, r]) => {
            pixels.for_each(|(x, out)| out.copy_from_slice(&ycbcr_to_rgb(l[x], b[x], r[x])));
        }
        (ColourModel::Rgb, [r, g, b]) => pixels.for_each(|(x, out)| out.copy_from_slice(&[r[x], g[x], b[x]])),
        (ColourModel::Cmyk, [c, m, y, k]) => {
            pixels.for_each(|(x, out)| out.copy_from_slice(&inverted_cmyk_to_rgb([c[x], m[x], y[x]], k[x])));
        }
        (ColourModel::Ycck, [l, b, r, k]) => pixels.for_each(|(x, out)| {
            let cmy = ycbcr_to_rgb(l[x], b[x], r[x]).map(|v| 255 - v);
            out.copy_from_slice(&inverted_cmyk_to_rgb(cmy, k[x]));
        }),
        (_, rows) => pixels.for_each(|(x, out)| out.fill(rows[0][x])),
    }
}
