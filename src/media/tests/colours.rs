//! Compositing on white, and the check of a picture's size.

use super::super::{MediaError, Picture};

#[test]
fn compositing_on_white_is_exact_for_every_value_and_alpha() {
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
fn pixel_data_of_the_wrong_length_is_refused() {
    let refused = [
        Picture::from_rgb(2, 2, vec![0; 11]),
        Picture::from_rgb(0, 2, vec![]),
        Picture::from_rgba(2, 2, &[0; 15]),
        Picture::from_rgba(usize::MAX, 2, &[]),
    ];
    assert!(refused.iter().all(|result| matches!(result, Err(MediaError::SizeMismatch))), "{refused:?}");
    assert_eq!(MediaError::SizeMismatch.code(), "corrupt_image");
}
