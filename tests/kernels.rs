//! The CPU half of each kernel against its definition in double precision. The GPU half is compared with this one in
//! the browser tests, where there is a WebGPU adapter.

use burn::tensor::Device;
use secondpass::kernels::selfcheck::{KERNEL_TOLERANCE, Q8_SHAPES, Q8Case};

#[test]
fn q8_matmul_on_the_cpu_is_the_exact_product() {
    for (m, n, k) in Q8_SHAPES {
        let case = Q8Case::new(m, n, k);
        let got = pollster::block_on(case.run(&Device::flex())).expect("a product");
        let want = case.exact();
        assert_eq!(got.len(), want.len());
        for (got, want) in got.iter().zip(&want) {
            let difference = (f64::from(*got) - want).abs();
            assert!(difference <= f64::from(KERNEL_TOLERANCE * case.magnitude()), "{m}×{n}×{k}: {got} is not {want}");
        }
    }
}
