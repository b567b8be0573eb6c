//! A product of matrices in f32.

#[cfg(not(target_arch = "wasm32"))]
mod native;
mod view;
#[cfg(target_arch = "wasm32")]
mod wasm;

#[cfg(not(target_arch = "wasm32"))]
use native as device;
#[cfg(target_arch = "wasm32")]
use wasm as device;

pub use view::View;

/// `out [m, n] = (add ? out : 0) + a [m, k] · b [k, n]`; rows of `out` are `stride` apart.
pub fn product([m, n, k]: [usize; 3], a: View<'_>, b: View<'_>, out: &mut [f32], stride: usize, add: bool) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(k > 0 && a.holds(m, k) && b.holds(k, n) && n <= stride && (m - 1) * stride + n <= out.len());
    device::product([m, n, k], a, b, out, stride, add);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers whose products and sums are exact in f32, so that the order of additions does not matter.
    fn numbers(len: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 37 + i / 7) % 17) as f32 - 8.0).collect()
    }

    #[test]
    fn products_of_all_shapes_are_exact() {
        for [m, n, k] in [[1, 1, 1], [1, 9, 5], [3, 8, 4], [4, 7, 33], [5, 16, 700], [9, 13, 512], [2, 3, 1025]] {
            for transposed in [false, true] {
                let (a, b, before) = (numbers(m * (k + 3)), numbers(n * k + 5), numbers(m * (n + 2)));
                let a = View { values: &a[3..], row: k + 3 - usize::from(m == 1), column: 1 };
                let (row, column) = if transposed { (1, k) } else { (n, 1) };
                let b = View { values: &b, row, column };
                for add in [false, true] {
                    let mut out = before.clone();
                    product([m, n, k], a, b, &mut out, n + 2, add);
                    for i in 0..m {
                        for j in 0..n + 2 {
                            let at = i * (n + 2) + j;
                            let sum: f32 = (0..k)
                                .map(|l| a.values[i * a.row + l] * b.values.get(l * row + j * column).unwrap_or(&0.0))
                                .sum();
                            let expected = if j < n { sum + if add { before[at] } else { 0.0 } } else { before[at] };
                            assert_eq!(out[at], expected, "{m} × {n} × {k}, {i} {j}, {transposed} {add}");
                        }
                    }
                }
            }
        }
    }
}
