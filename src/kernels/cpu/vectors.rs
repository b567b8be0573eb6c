//! Vectors of 128 bits, as wasm has them: reading, writing, transposing.

use std::arch::wasm32::*;

use bytemuck::Pod;

/// Four floats, or eight small integers, of a slice.
pub fn load<T: Pod>(values: &[T]) -> v128 {
    assert!(size_of_val(values) >= size_of::<v128>());
    // SAFETY: as many bytes as a vector has lie there, as was just checked; a vector's load needs no alignment.
    unsafe { v128_load(values.as_ptr().cast()) }
}

pub fn store<T: Pod>(vector: v128, values: &mut [T]) {
    assert!(size_of_val(values) >= size_of::<v128>());
    // SAFETY: as many bytes as a vector has may be written there, as was just checked; such types take any bits.
    unsafe { v128_store(values.as_mut_ptr().cast(), vector) }
}

/// Lane `i` of row `j` becomes lane `j` of row `i`.
pub fn transpose([a, b, c, d]: [v128; 4]) -> [v128; 4] {
    let (ab, cd) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d));
    let (ab2, cd2) = (i32x4_shuffle::<2, 6, 3, 7>(a, b), i32x4_shuffle::<2, 6, 3, 7>(c, d));
    [
        i32x4_shuffle::<0, 1, 4, 5>(ab, cd),
        i32x4_shuffle::<2, 3, 6, 7>(ab, cd),
        i32x4_shuffle::<0, 1, 4, 5>(ab2, cd2),
        i32x4_shuffle::<2, 3, 6, 7>(ab2, cd2),
    ]
}
