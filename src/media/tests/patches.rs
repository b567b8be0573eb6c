//! Order and values of patches, against nested loops that spell out the order.

use super::super::patches::cut_patches;
use super::super::{PatchGeometry, Picture, PixelScale, SizeLimits, image_patches};
use super::formula;

const GEOMETRY: PatchGeometry = PatchGeometry { patch: 16, temporal: 2, merge: 2, scale: PixelScale::Centred };

/// Temporal steps, windows of `merge` × `merge` patches by row and column, the patches of a window; within a patch
/// channels, frames, rows and columns.
fn naive(frames: &[&Picture], geometry: &PatchGeometry) -> Vec<f32> {
    let &PatchGeometry { patch, temporal, merge, .. } = geometry;
    let (height, width) = (frames[0].height(), frames[0].width());
    let mut rows = Vec::new();
    for t in 0..frames.len() / temporal {
        for a in 0..height / patch / merge {
            for b in 0..width / patch / merge {
                for i in 0..merge {
                    for j in 0..merge {
                        for c in 0..3 {
                            for frame in &frames[t * temporal..(t + 1) * temporal] {
                                for y in 0..patch {
                                    for x in 0..patch {
                                        let row = (merge * a + i) * patch + y;
                                        let column = (merge * b + j) * patch + x;
                                        let value = frame.rgb()[(row * width + column) * 3 + c];
                                        rows.push((f32::from(value) - 127.5) / 127.5);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    rows
}

#[test]
fn a_still_image_is_repeated_for_each_frame() {
    let picture = formula(96, 64);
    let patches = image_patches(&picture, &GEOMETRY, &SizeLimits::QWEN3).expect("patches");
    assert_eq!(patches.grid, [1, 4, 6]);
    assert_eq!(patches.rows.len(), 24 * 1536);
    assert_eq!(patches.rows, naive(&[&picture, &picture], &GEOMETRY));
    assert!(patches.rows.iter().all(|v| (-1.0..=1.0).contains(v)));
}

#[test]
fn videos_are_cut_with_every_geometry() {
    let frames: Vec<Picture> = (0..6).map(|i| formula(36 + 36 * i, 36)).collect();
    let frames: Vec<Picture> =
        frames.iter().map(|f| Picture::from_rgb(36, 36, f.rgb()[..36 * 36 * 3].to_vec()).expect("a frame")).collect();
    let frames: Vec<&Picture> = frames.iter().collect();
    for geometry in
        [(6, 2, 3), (18, 3, 1)].map(|(patch, temporal, merge)| PatchGeometry { patch, temporal, merge, ..GEOMETRY })
    {
        let patches = cut_patches(&frames, &geometry);
        assert_eq!(patches.grid, [6 / geometry.temporal, 36 / geometry.patch, 36 / geometry.patch]);
        assert_eq!(patches.rows, naive(&frames, &geometry));
    }
}

#[test]
fn the_grid_follows_the_size() {
    for ((width, height), grid) in [((640, 480), [1, 30, 40]), ((16, 16), [1, 4, 4]), ((100, 75), [1, 4, 6])] {
        let patches = image_patches(&formula(width, height), &GEOMETRY, &SizeLimits::QWEN3).expect("patches");
        assert_eq!(patches.grid, grid, "{width} × {height}");
        assert_eq!(patches.rows.len(), grid.iter().product::<usize>() * 1536);
    }
}
