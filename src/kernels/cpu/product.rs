//! A product of matrices in f32, by the crate `gemm`.

use gemm::Parallelism;

/// A matrix within a slice: its start, and how far apart its rows and its columns are.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub column: usize,
}

/// `out [m, n] = (add ? out : 0) + a [m, k] · b [k, n]`; rows of `out` are `stride` apart.
pub fn product([m, n, k]: [usize; 3], a: View<'_>, b: View<'_>, out: &mut [f32], stride: usize, add: bool) {
    if m == 0 || n == 0 {
        return;
    }
    let last = |rows: usize, columns: usize, view: &View<'_>| (rows - 1) * view.row + (columns - 1) * view.column;
    assert!(k > 0 && last(m, k, &a) < a.values.len() && last(k, n, &b) < b.values.len());
    assert!((m - 1) * stride + n <= out.len());
    // SAFETY: every element that is touched lies within its slice, as was just checked, and `out` is borrowed alone.
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
            parallelism(),
        );
    }
}

/// A page has one thread for us; the native command takes what the machine has.
fn parallelism() -> Parallelism {
    #[cfg(not(target_arch = "wasm32"))]
    return Parallelism::Rayon(0);
    #[cfg(target_arch = "wasm32")]
    return Parallelism::None;
}
