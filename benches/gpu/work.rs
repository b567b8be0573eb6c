//! What is measured of the kernels: each with the sizes of a layer, and the least that it has to compute and to move.

use std::collections::HashMap;

use burn::tensor::{Device, Int, Tensor};
use secondpass::kernels::{
    BLOCK, Heads, Keys, add, attention, layer_norm, matmul, matmul_q4, matmul_q8, rms_norm, rotate, silu_gate, upload,
    upload_vector, upload_words,
};

/// The epsilon of every norm of these models.
const EPS: f32 = 1e-6;
/// Bytes of a float.
const FLOAT: usize = 4;
/// Columns and terms of the products of a layer: of queries, of what attention gives, of the gate, and back.
const PRODUCTS: [(&str, &[[usize; 2]]); 2] = [
    ("0.6B", &[[2048, 1024], [1024, 2048], [3072, 1024], [1024, 3072]]),
    ("2B", &[[2048, 2048], [6144, 2048], [2048, 6144]]),
];
const SMALL_PRODUCTS: [(&str, &[[usize; 2]]); 1] = [("8x512", &[[512, 512], [1536, 512]])];
const ROWS: [usize; 5] = [1, 16, 128, 1024, 4096];
const SMALL_ROWS: [usize; 3] = [1, 16, 128];
/// Rows of the prompt before a document, and of a document.
const PREFIX: usize = 100;
const DOCUMENT: usize = 160;

/// One thing to measure.
pub struct Work {
    pub kernel: &'static str,
    /// How the weight is stored.
    pub format: Option<&'static str>,
    /// The model whose layer has these sizes.
    pub of: &'static str,
    pub rows: usize,
    pub size: String,
    pub flop: f64,
    pub bytes: f64,
    /// Whether styles differ in it.
    pub styled: bool,
    pub run: Box<dyn Fn() -> Tensor<2>>,
}

/// All of them.
pub fn all(device: &Device, small: bool, rows: Option<&[usize]>) -> Vec<Work> {
    let maker = WorkMaker { device, inputs: HashMap::new().into() };
    let rows = rows.unwrap_or(if small { &SMALL_ROWS } else { &ROWS });
    let products: &[(&'static str, &[[usize; 2]])] = if small { &SMALL_PRODUCTS } else { &PRODUCTS };
    let mut works = Vec::new();
    for &(of, sizes) in products {
        for &[n, k] in sizes {
            works.extend(maker.products(of, [n, k], rows));
        }
    }
    // The heads of both models, and of the small one.
    let heads = if small { (8, 4, 64) } else { (16, 8, 128) };
    let widths: &[(&'static str, usize)] = if small { &[("8x512", 512)] } else { &[("0.6B", 1024), ("2B", 2048)] };
    for &rows in rows {
        works.push(maker.attention("documents", rows, PREFIX, DOCUMENT, heads));
        works.push(maker.attention("one document", rows, PREFIX, rows, heads));
        for &(of, width) in widths {
            works.extend(maker.rows(of, rows, width, heads));
        }
    }
    works
}

struct WorkMaker<'a> {
    device: &'a Device,
    /// By rows and columns: products of one size share them.
    inputs: std::cell::RefCell<HashMap<[usize; 2], Tensor<2>>>,
}

impl WorkMaker<'_> {
    fn input(&self, shape: [usize; 2]) -> Tensor<2> {
        let mut inputs = self.inputs.borrow_mut();
        inputs.entry(shape).or_insert_with(|| self.matrix(shape)).clone()
    }

    fn matrix(&self, shape: [usize; 2]) -> Tensor<2> {
        upload(floats(shape[0] * shape[1]), shape, self.device)
    }

    fn vector(&self, width: usize) -> Tensor<1> {
        upload_vector(floats(width), self.device)
    }

    fn words(&self, shape: [usize; 2]) -> Tensor<2, Int> {
        upload_words(bits(shape[0] * shape[1]).collect(), shape, self.device)
    }

    fn products(&self, of: &'static str, [n, k]: [usize; 2], rows: &[usize]) -> Vec<Work> {
        let floats = self.matrix([n, k]);
        let (eight, scales) = (self.words([n, k / 4]), self.matrix([n, k / BLOCK]));
        let (four, pairs) = (self.words([n, k / 8]), self.matrix([n, 2 * k / BLOCK]));
        let mut works = Vec::new();
        for &m in rows {
            let x = self.input([m, k]);
            let mut push = |format, weight_bytes: usize, run: Box<dyn Fn() -> Tensor<2>>| {
                works.push(Work {
                    kernel: "product",
                    format: Some(format),
                    of,
                    rows: m,
                    size: format!("{n} × {k}"),
                    flop: (2 * m * n * k) as f64,
                    bytes: (weight_bytes + (m * k + m * n) * FLOAT) as f64,
                    styled: true,
                    run,
                });
            };
            let (a, w) = (x.clone(), floats.clone());
            push("f32", n * k * FLOAT, Box::new(move || matmul(a.clone(), w.clone())));
            let (a, q, s) = (x.clone(), eight.clone(), scales.clone());
            push("q8", n * k + n * k / BLOCK * FLOAT, Box::new(move || matmul_q8(a.clone(), q.clone(), s.clone())));
            let (a, q, s) = (x.clone(), four.clone(), pairs.clone());
            let four_bytes = n * k / 2 + 2 * n * k / BLOCK * FLOAT;
            push("q4", four_bytes, Box::new(move || matmul_q4(a.clone(), q.clone(), s.clone())));
        }
        works
    }

    /// Documents of so many rows, each row of which sees the prefix and what is before it in its document.
    fn attention(
        &self,
        name: &'static str,
        rows: usize,
        prefix: usize,
        document: usize,
        (heads, kv_heads, width): (usize, usize, usize),
    ) -> Work {
        let ranges: Vec<u32> = (0..rows).flat_map(|row| [(row / document * document) as u32, row as u32 + 1]).collect();
        let seen: usize = (0..rows).map(|row| prefix + row % document + 1).sum();
        let q = self.matrix([rows, heads * width]);
        let keys = |rows| Keys { k: self.matrix([rows, kv_heads * width]), v: self.matrix([rows, kv_heads * width]) };
        let (own, before) = (keys(rows), keys(prefix));
        let ranges = upload_words(ranges, [rows, 2], self.device);
        let heads_of = Heads { queries: heads, keys: kv_heads, linear_bias: false };
        Work {
            kernel: "attention",
            format: None,
            of: name,
            rows,
            size: format!("{heads}/{kv_heads} × {width}, {} seen", seen / rows),
            flop: (4 * seen * heads * width) as f64,
            bytes: ((2 * rows * heads + 2 * (rows + prefix) * kv_heads) * width * FLOAT) as f64,
            styled: true,
            run: Box::new(move || attention(q.clone(), own.clone(), Some(before.clone()), ranges.clone(), heads_of)),
        }
    }

    /// What moves values more than it computes.
    fn rows(&self, of: &'static str, rows: usize, width: usize, heads: (usize, usize, usize)) -> Vec<Work> {
        let moved = |kernel, matrices: usize, styled, run: Box<dyn Fn() -> Tensor<2>>| Work {
            kernel,
            format: None,
            of,
            rows,
            size: width.to_string(),
            flop: 0.0,
            bytes: (matrices * rows * width * FLOAT) as f64,
            styled,
            run,
        };
        let x = self.input([rows, width]);
        let other = self.matrix([rows, width]);
        let (weight, bias) = (self.vector(width), self.vector(width));
        let (a, w) = (x.clone(), weight.clone());
        let rms: Box<dyn Fn() -> Tensor<2>> = Box::new(move || rms_norm(a.clone(), w.clone(), EPS));
        let a = x.clone();
        let layer = Box::new(move || layer_norm(a.clone(), weight.clone(), bias.clone(), EPS));
        let (a, b) = (x.clone(), other.clone());
        let gate = Box::new(move || silu_gate(a.clone(), b.clone()));
        let a = x.clone();
        let sum = Box::new(move || add(a.clone(), other.clone()));
        let (angles, head) = (self.matrix([rows, heads.2]), self.vector(heads.2));
        let turn = Box::new(move || rotate(x.clone(), head.clone(), angles.clone(), Some(EPS)));
        vec![
            moved("rms norm", 2, true, rms),
            moved("layer norm", 2, true, layer),
            moved("silu gate", 3, false, gate),
            moved("add", 3, false, sum),
            moved("norm and rotate", 2, false, turn),
        ]
    }
}

/// Words that look random: constants would let a device save power, and thus run faster.
fn bits(count: usize) -> impl Iterator<Item = u32> {
    (0..count as u32).map(|i| (i ^ i >> 7).wrapping_mul(2_654_435_761))
}

/// From -0.5 to 0.5.
fn floats(count: usize) -> Vec<f32> {
    bits(count).map(|word| (word >> 8) as f32 / (1 << 24) as f32 - 0.5).collect()
}
