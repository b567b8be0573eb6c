//! The CPU implementation of each kernel against its definition in double precision. On WebGPU the browser tests ask the
//! same.

use burn::tensor::Device;
use secondpass::kernels::check::{all_cases, compare};

#[test]
fn every_kernel_on_the_cpu_is_its_definition() {
    let all = all_cases();
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
