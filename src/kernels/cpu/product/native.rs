//! By the crate `gemm`, on all cores.

use gemm::Parallelism;

use super::view::View;

/// The bounds were checked.
pub fn product([m, n, k]: [usize; 3], a: View<'_>, b: View<'_>, out: &mut [f32], stride: usize, add: bool) {
    // SAFETY: every element that is touched lies within its slice, as the caller checked, and `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride as isize,
            add,
            a.values.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.values.as_ptr(),
            b.column as isize,
            b.row as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
}
