//! Compares each kernel, on the device that will be used, with its definition computed in double precision, on awkward
//! shapes.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use serde::Serialize;

use super::ops::activate;
use super::*;

/// Largest difference from the definition, relative to what the sum of absolute terms can be: everything accumulates in
/// f32, in an order of its own.
pub const KERNEL_TOLERANCE: f64 = 1e-5;

/// The outcome of one comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Parity {
    /// Kernel and shape.
    pub name: String,
    /// Largest absolute difference from the definition.
    pub max_abs_diff: f64,
    /// The most that this case allows.
    pub tolerance: f64,
    /// Elements of the poisoned output that the kernel left untouched.
    pub nan_left: usize,
    /// Nothing left, and the difference within the tolerance.
    pub ok: bool,
}

/// Work into an output that it is given.
type Run = Box<dyn Fn(&Device, Tensor<2>) -> Tensor<2>>;

/// One kernel on one shape, with deterministic inputs.
pub struct Case {
    /// Kernel and shape.
    pub name: String,
    /// The most that a result may be off.
    pub tolerance: f64,
    shape: [usize; 2],
    run: Run,
    exact: Box<dyn Fn() -> Vec<f64>>,
}

impl Case {
    /// The result as `device` computes it, into an output full of NaN.
    pub async fn run(&self, device: &Device) -> Result<Vec<f32>, String> {
        let poisoned = Tensor::<2>::full(self.shape, f32::NAN, device);
        let data = (self.run)(device, poisoned).into_data_async().await.map_err(|e| format!("{e:?}"))?;
        data.try_to_vec::<f32>().map_err(|e| format!("{e:?}"))
    }

    /// The result in double precision, by the definition.
    pub fn exact(&self) -> Vec<f64> {
        (self.exact)()
    }
}

/// Runs every case on `device`, what has several styles in each, and compares it with its definition.
pub async fn run(device: &Device) -> Result<Vec<Parity>, String> {
    let (mut report, usual) = (Vec::new(), Style::current());
    for case in cases() {
        let exact = case.exact();
        let has_styles = ["matmul", "rms_norm", "attention"].iter().any(|kernel| case.name.starts_with(kernel));
        let styles: Vec<Style> = if has_styles { Style::offered().collect() } else { vec![usual] };
        for style in styles {
            style.apply();
            let parity = compare(&case, &case.run(device).await?, &exact);
            report.push(Parity { name: format!("{} {}", parity.name, style.name()), ..parity });
        }
    }
    usual.apply();
    Ok(report)
}

/// A result beside the one that is wanted.
pub fn compare(case: &Case, got: &[f32], want: &[f64]) -> Parity {
    let nan_left = got.iter().filter(|v| v.is_nan()).count();
    let max_abs_diff = got.iter().zip(want).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    let ok = nan_left == 0 && got.len() == want.len() && max_abs_diff <= case.tolerance;
    Parity { name: case.name.clone(), max_abs_diff, tolerance: case.tolerance, nan_left, ok }
}

/// A few quick cases, which a style has to get right before it is used.
pub fn known() -> Vec<Case> {
    let products = [Weight::F32, Weight::Q8, Weight::Q4].map(|weight| matmul_case((33, 31, 160), weight));
    let mut cases = Vec::from(products);
    cases.extend([norm_case(5, 33), attention_case(5, &[3, 1, 66, 2], (4, 2), 16, true)]);
    cases
}

/// Every case of every kernel.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    // One row; one block; rows and columns that fill no tile; more columns than a small model has.
    for shape in
        [(1, 1, 32), (1, 257, 64), (3, 5, 32), (7, 33, 96), (32, 32, 32), (33, 31, 160), (65, 100, 1024), (5, 8191, 64)]
    {
        cases.extend([matmul_case(shape, Weight::F32), matmul_case(shape, Weight::Q8), matmul_case(shape, Weight::Q4)]);
    }
    cases.extend([(5, 3, 4), (9, 70, 36), (2, 66, 20)].map(|shape| matmul_case(shape, Weight::F32)));
    cases.extend([(1, 32), (3, 96), (70, 1024), (5, 33)].map(|(rows, width)| norm_case(rows, width)));
    for (rows, heads, width) in [(1, 1, 16), (70, 3, 64), (5, 16, 128), (9, 2, 24)] {
        cases.extend([true, false].map(|normed| rotate_case(rows, heads, width, normed)));
    }
    for (rows, width) in [(67, 36), (6, 50), (3, 37)] {
        cases.extend([Activation::Silu, Activation::GeluTanh, Activation::Sum].map(|a| activate_case(rows, width, a)));
    }
    cases.extend(
        [
            // Prefix, lengths of the segments, heads, width, causal.
            (0, vec![1], (1, 1), 4, true),
            (0, vec![70], (4, 2), 32, true),
            (5, vec![3, 1, 66, 2], (4, 2), 16, true),
            (37, vec![9, 30], (6, 2), 128, true),
            (0, vec![24, 24, 16], (2, 2), 72, false),
        ]
        .map(|(prefix, segments, heads, width, causal)| attention_case(prefix, &segments, heads, width, causal)),
    );
    cases
}

/// Numbers that look random and are the same everywhere.
struct Numbers(u32);

impl Numbers {
    fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }

    /// From -1 to 1.
    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.bits() as f32 / (1 << 23) as f32 - 1.0).collect()
    }
}

fn tensor(values: &[f32], shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

fn words(values: &[u32], shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, DType::U32))
}

#[derive(Clone, Copy, PartialEq)]
enum Weight {
    F32,
    Q8,
    Q4,
}

fn matmul_case((m, n, k): (usize, usize, usize), kind: Weight) -> Case {
    let mut numbers = Numbers((m * 31 + n * 17 + k) as u32);
    let x = numbers.floats(m * k);
    let dense = numbers.floats(n * k);
    // The whole range of the quants, -128 included.
    let quants: Vec<u32> = (0..n * k / 4).map(|_| numbers.bits() << 8 ^ numbers.bits()).collect();
    let scales: Vec<f32> = numbers.floats(2 * n * k.div_ceil(BLOCK)).iter().map(|v| v * 0.01).collect();
    let value = {
        let (dense, quants, scales) = (dense.clone(), quants.clone(), scales.clone());
        move |i: usize| match kind {
            Weight::F32 => f64::from(dense[i]),
            Weight::Q8 => f64::from(scales[i / BLOCK]) * f64::from((quants[i / 4] >> (8 * (i % 4))) as u8 as i8),
            Weight::Q4 => {
                let quant = quants[i / 8] >> (4 * (i % 8)) & 15;
                f64::from(scales[i / BLOCK * 2]) * f64::from(quant) + f64::from(scales[i / BLOCK * 2 + 1])
            }
        }
    };
    let a = x.clone();
    let exact =
        move || (0..m * n).map(|i| (0..k).map(|j| f64::from(a[i / n * k + j]) * value(i % n * k + j)).sum()).collect();
    let run: Run = Box::new(move |device, out| {
        let x = tensor(&x, [m, k], device);
        match kind {
            Weight::F32 => matmul_into(x, tensor(&dense, [n, k], device), out),
            Weight::Q8 => {
                let scales = tensor(&scales[..n * k / BLOCK], [n, k / BLOCK], device);
                matmul_q8_into(x, words(&quants, [n, k / 4], device), scales, out)
            }
            Weight::Q4 => {
                let scales = tensor(&scales, [n, 2 * k / BLOCK], device);
                matmul_q4_into(x, words(&quants[..n * k / 8], [n, k / 8], device), scales, out)
            }
        }
    });
    let (name, largest) = match kind {
        Weight::F32 => ("matmul_f32", 1.0),
        Weight::Q8 => ("matmul_q8", 1.28),
        Weight::Q4 => ("matmul_q4", 0.16),
    };
    let name = format!("{name} m={m} n={n} k={k}");
    Case { name, tolerance: KERNEL_TOLERANCE * k as f64 * largest, shape: [m, n], run, exact: Box::new(exact) }
}

/// The epsilon of every norm of these models.
const EPS: f32 = 1e-6;

fn norm_case(rows: usize, width: usize) -> Case {
    let mut numbers = Numbers((rows * 7 + width) as u32);
    let (x, weight) = (numbers.floats(rows * width), numbers.floats(width));
    let (a, w) = (x.clone(), weight.clone());
    let exact = move || a.chunks(width).flat_map(|row| exact_norm(row, &w)).collect();
    let run: Run = Box::new(move |device, out| {
        let weight = Tensor::from_data(TensorData::new(weight.clone(), [width]), device);
        rms_norm_into(tensor(&x, [rows, width], device), weight, EPS, out)
    });
    let name = format!("rms_norm rows={rows} width={width}");
    Case { name, tolerance: 10.0 * KERNEL_TOLERANCE, shape: [rows, width], run, exact: Box::new(exact) }
}

fn exact_norm(row: &[f32], weight: &[f32]) -> Vec<f64> {
    let mean = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / row.len() as f64;
    let scale = 1.0 / (mean + f64::from(EPS)).sqrt();
    row.iter().zip(weight).map(|(&v, &w)| f64::from(v) * scale * f64::from(w)).collect()
}

fn rotate_case(rows: usize, heads: usize, width: usize, normed: bool) -> Case {
    let mut numbers = Numbers((rows * 5 + heads * 3 + width) as u32);
    let (x, weight) = (numbers.floats(rows * heads * width), numbers.floats(width));
    let half = width / 2;
    let turns = numbers.floats(rows * half);
    let angles: Vec<f32> = turns
        .chunks(half)
        .flat_map(|row| row.iter().map(|t| t.cos()).chain(row.iter().map(|t| t.sin())).collect::<Vec<_>>())
        .collect();
    let (a, w, table) = (x.clone(), weight.clone(), angles.clone());
    let exact = move || {
        let turned = a.chunks(width).enumerate().flat_map(|(i, head)| {
            let head = if normed { exact_norm(head, &w) } else { head.iter().map(|&v| f64::from(v)).collect() };
            let table = &table[i / heads * width..][..width];
            let turn = |j: usize| {
                let (c, s) = (f64::from(table[j % half]), f64::from(table[half + j % half]));
                if j < half { head[j] * c - head[half + j] * s } else { head[j] * c + head[j - half] * s }
            };
            (0..width).map(turn).collect::<Vec<_>>()
        });
        turned.collect()
    };
    let run: Run = Box::new(move |device, out| {
        let weight = Tensor::from_data(TensorData::new(weight.clone(), [width]), device);
        let x = tensor(&x, [rows, heads * width], device);
        rotate_into(x, weight, tensor(&angles, [rows, width], device), normed.then_some(EPS), out)
    });
    let name = format!("rotate rows={rows} heads={heads} width={width} normed={normed}");
    Case { name, tolerance: 10.0 * KERNEL_TOLERANCE, shape: [rows, heads * width], run, exact: Box::new(exact) }
}

fn activate_case(rows: usize, width: usize, activation: Activation) -> Case {
    let mut numbers = Numbers(11);
    let wide = |numbers: &mut Numbers| numbers.floats(rows * width).iter().map(|v| v * 40.0).collect::<Vec<f32>>();
    let (gate, up) = (wide(&mut numbers), wide(&mut numbers));
    let (g, u) = (gate.clone(), up.clone());
    let exact = move || {
        let value = |(&g, &u): (&f32, &f32)| {
            let (g, u) = (f64::from(g), f64::from(u));
            match activation {
                Activation::Silu => g / (1.0 + (-g).exp()) * u,
                Activation::GeluTanh => {
                    let inner = (2.0 / std::f64::consts::PI).sqrt() * (g + 0.044715 * g.powi(3));
                    g / 2.0 * (1.0 + inner.tanh())
                }
                Activation::Sum => g + u,
            }
        };
        g.iter().zip(&u).map(value).collect()
    };
    let run: Run = Box::new(move |device, out| {
        let [gate, up] = [&gate, &up].map(|values| tensor(values, [rows, width], device));
        match (rows * width).is_multiple_of(4) {
            true => activate_into(gate, up, activation, out),
            false => activate(gate, up, activation),
        }
    });
    let name = format!("activate {activation:?} rows={rows} width={width}");
    Case { name, tolerance: 1600.0 * KERNEL_TOLERANCE, shape: [rows, width], run, exact: Box::new(exact) }
}

fn attention_case(
    prefix: usize,
    segments: &[usize],
    (queries, keys): (usize, usize),
    width: usize,
    causal: bool,
) -> Case {
    let rows: usize = segments.iter().sum();
    let mut numbers = Numbers((prefix * 3 + rows + width) as u32);
    let kv = keys * width;
    // Queries of some size, so that attention chooses.
    let q: Vec<f32> = numbers.floats(rows * queries * width).iter().map(|v| v * 4.0).collect();
    let (k, v) = (numbers.floats(rows * kv), numbers.floats(rows * kv));
    let (pk, pv) = (numbers.floats(prefix * kv), numbers.floats(prefix * kv));
    let mut ranges = Vec::new();
    let mut start = 0;
    for &len in segments {
        for i in 0..len {
            ranges.extend([start as u32, (start + if causal { i + 1 } else { len }) as u32]);
        }
        start += len;
    }
    let exact = {
        let (q, k, v, pk, pv, ranges) = (q.clone(), k.clone(), v.clone(), pk.clone(), pv.clone(), ranges.clone());
        move || {
            let mut out = Vec::with_capacity(rows * queries * width);
            for row in 0..rows {
                for head in 0..queries {
                    let at = |values: &[f32], r: usize| -> Vec<f64> {
                        values[r * kv + head / (queries / keys) * width..][..width]
                            .iter()
                            .map(|&v| f64::from(v))
                            .collect()
                    };
                    let own = (ranges[row * 2] as usize)..(ranges[row * 2 + 1] as usize);
                    let seen = (0..prefix).map(|r| (at(&pk, r), at(&pv, r))).chain(own.map(|r| (at(&k, r), at(&v, r))));
                    let seen: Vec<_> = seen.collect();
                    let q = &q[(row * queries + head) * width..][..width];
                    let score = |k: &[f64]| -> f64 {
                        q.iter().zip(k).map(|(&q, k)| f64::from(q) * k).sum::<f64>() / (width as f64).sqrt()
                    };
                    let weights: Vec<f64> = seen.iter().map(|(k, _)| score(k).exp()).collect();
                    let total: f64 = weights.iter().sum();
                    out.extend(
                        (0..width).map(|i| weights.iter().zip(&seen).map(|(w, (_, v))| w * v[i]).sum::<f64>() / total),
                    );
                }
            }
            out
        }
    };
    let run: Run = Box::new(move |device, out| {
        let keys_of = |k: &[f32], v: &[f32], rows: usize| Keys {
            k: tensor(k, [rows, kv], device),
            v: tensor(v, [rows, kv], device),
        };
        let prefix = (prefix > 0).then(|| keys_of(&pk, &pv, prefix));
        let q = tensor(&q, [rows, queries * width], device);
        let ranges = words(&ranges, [rows, 2], device);
        attention_into(q, keys_of(&k, &v, rows), prefix, ranges, Heads { queries, keys }, out)
    });
    let name =
        format!("attention prefix={prefix} segments={segments:?} heads={queries}/{keys} width={width} causal={causal}");
    Case { name, tolerance: 10.0 * KERNEL_TOLERANCE, shape: [rows, queries * width], run, exact: Box::new(exact) }
}
