//! The 8-bit product beside burn's own f32 product on the CPU, in turn, in one run: `cargo bench --bench q8_matmul`.
//! Ratios are worth quoting, single times are not.

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use secondpass::kernels::{q8_matmul, selfcheck::Q8Case};

const ROUNDS: usize = 7;

fn main() {
    let device = Device::flex();
    println!("{:>6} {:>6} {:>6} {:>10} {:>10} {:>7}", "m", "n", "k", "f32 ms", "q8 ms", "ratio");
    for (m, n, k) in [(1, 1024, 1024), (64, 1024, 1024), (256, 3072, 1024)] {
        let (x, quants, scales) = Q8Case::new(m, n, k).tensors(&device);
        let w = Tensor::<2>::from_data(TensorData::new(vec![0.25f32; k * n], [k, n]), &device);
        let (mut dense, mut packed) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            dense.push(time(|| drop(std::hint::black_box(x.clone().matmul(w.clone()).into_data()))));
            packed.push(time(|| {
                drop(std::hint::black_box(q8_matmul(x.clone(), quants.clone(), scales.clone()).into_data()))
            }));
        }
        let (dense, packed) = (median(dense), median(packed));
        println!("{m:>6} {n:>6} {k:>6} {dense:>10.2} {packed:>10.2} {:>7.2}", packed / dense);
    }
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
