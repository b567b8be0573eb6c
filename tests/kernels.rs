//! The CPU implementation of each kernel against its definition in f64. `tests/browser/parity.test.mjs` runs the same cases
//! in a browser, on WebGPU and on the CPU.

use burn::tensor::Device;
use secondpass::kernels::selfcheck::{cases, compare};

#[test]
fn cpu_kernels_match_their_f64_definition() {
    let all = cases();
    assert!(all.len() > 40);
    for case in all {
        let got = pollster::block_on(case.run(&Device::flex())).expect("a result");
        let parity = compare(&case, &got, &case.exact());
        assert!(
            parity.ok,
            "{}: off by {}, allowed {}; {} left",
            parity.name, parity.max_abs_diff, parity.tolerance, parity.nan_left
        );
    }
}
