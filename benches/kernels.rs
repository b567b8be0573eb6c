//! Matrix products on the CPU in our three weight formats, compared with burn's own in alternation: `cargo bench --bench
//! kernels`. Ratios are meaningful, single times are not.

use std::hint::black_box;
use std::time::Instant;

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use secondpass::kernels::{BLOCK, matmul, matmul_q4, matmul_q8};

const ROUNDS: usize = 7;

fn main() {
    println!("{:>6} {:>6} {:>6} {:>10} {:>8} {:>8} {:>8}", "m", "n", "k", "burn ms", "f32", "8 bit", "4 bit");
    for (m, n, k) in [(1, 1024, 1024), (64, 1024, 1024), (256, 3072, 1024), (512, 1024, 3072)] {
        let device = Device::flex();
        let floats = |shape: [usize; 2]| {
            let values: Vec<f32> = (0..shape[0] * shape[1]).map(|i| (i % 101) as f32 * 0.01 - 0.5).collect();
            Tensor::<2>::from_data(TensorData::new(values, shape), &device)
        };
        let words = |shape: [usize; 2]| {
            let values: Vec<u32> = (0..shape[0] * shape[1]).map(|i| (i as u32).wrapping_mul(2_654_435_761)).collect();
            Tensor::<2, Int>::from_data(TensorData::new(values, shape), (&device, DType::U32))
        };
        let (x, weight) = (floats([m, k]), floats([n, k]));
        let (eight, eight_scales) = (words([n, k / 4]), floats([n, k / BLOCK]));
        let (four, four_scales) = (words([n, k / 8]), floats([n, 2 * k / BLOCK]));
        let mut times = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            times[0].push(time(|| x.clone().matmul(weight.clone().transpose())));
            times[1].push(time(|| matmul(x.clone(), weight.clone())));
            times[2].push(time(|| matmul_q8(x.clone(), eight.clone(), eight_scales.clone())));
            times[3].push(time(|| matmul_q4(x.clone(), four.clone(), four_scales.clone())));
        }
        let [burn, f32, eight, four] = times.map(median);
        let ratio = |ours: f64| format!("{:.2}×", ours / burn);
        println!("{m:>6} {n:>6} {k:>6} {burn:>10.2} {:>8} {:>8} {:>8}", ratio(f32), ratio(eight), ratio(four));
    }
}

fn time(work: impl FnOnce() -> Tensor<2>) -> f64 {
    let start = Instant::now();
    drop(black_box(work().into_data()));
    start.elapsed().as_secs_f64() * 1e3
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
