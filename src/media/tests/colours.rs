//! Alpha over white.

use super::super::{MediaError, Picture};

#[test]
fn every_value_with_every_alpha() {
    let mut rgba = Vec::with_capacity(65_536 * 4);
    for value in 0..=255u8 {
        for alpha in 0..=255u8 {
            rgba.extend([value, 255 - value, 7, alpha]);
        }
    }
    let picture = Picture::from_rgba(256, 256, &rgba).expect("a picture");
    for (pixel, out) in rgba.chunks_exact(4).zip(picture.rgb().chunks_exact(3)) {
        for (&value, &out) in pixel[..3].iter().zip(out) {
            let (value, alpha) = (u32::from(value), u32::from(pixel[3]));
            let sum = value * alpha + 255 * (255 - alpha) + 128;
            assert_eq!(u32::from(out), ((sum >> 8) + sum) >> 8);
        }
    }
}

#[test]
fn pixels_fill_their_size() {
    assert_eq!(Picture::from_rgb(2, 2, vec![0; 11]), Err(MediaError::Pixels));
    assert_eq!(Picture::from_rgb(0, 2, vec![]), Err(MediaError::Pixels));
    assert_eq!(Picture::from_rgba(2, 2, &[0; 15]), Err(MediaError::Pixels));
    assert_eq!(Picture::from_rgba(usize::MAX, 2, &[]), Err(MediaError::Pixels));
    assert_eq!(MediaError::Pixels.code(), "corrupt_image");
}
