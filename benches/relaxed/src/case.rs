//! What the page calls: a case of a size, and the product of one variant.

use std::cell::RefCell;

use crate::cuts::{EightBits, FourBits};
use crate::floats;
use crate::kernels::params::BLOCK;
use crate::relaxed;
use crate::wasm;
use crate::weight::{Q4Weight, Q8Weight};

struct Case {
    sizes: [usize; 3],
    x: Vec<f32>,
    four: Vec<u8>,
    four_scales: Vec<f32>,
    eight: Vec<i8>,
    eight_scales: Vec<f32>,
    floats: Vec<f32>,
    out: Vec<f32>,
    /// The result that another is compared with.
    kept: Vec<f32>,
}

thread_local! {
    static CASE: RefCell<Option<Case>> = const { RefCell::new(None) };
}

/// Numbers that look random and are the same in every run.
pub struct Numbers(pub u32);

impl Numbers {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn float(&mut self) -> f32 {
        self.next() as f32 / u32::MAX as f32 - 0.5
    }
}

/// Random values; with `extreme`, activations and weights are often the largest or smallest that there are.
#[unsafe(no_mangle)]
pub extern "C" fn prepare(m: usize, n: usize, k: usize, seed: u32, extreme: bool) {
    let mut numbers = Numbers(seed);
    let blocks = n * k / BLOCK;
    let mut x: Vec<f32> = (0..m * k).map(|_| numbers.float()).collect();
    let mut four: Vec<u8> = (0..n * k / 2).map(|_| numbers.next() as u8).collect();
    let mut eight: Vec<i8> = (0..n * k).map(|_| (numbers.next() >> 8) as i8).collect();
    if extreme {
        let mut sides = Numbers(seed ^ 0x5bd1_e995);
        let choices = [1.0, -1.0, 1.0, -1.0, 0.0, 0.992_2, -0.996_2, 0.5];
        x.chunks_mut(BLOCK).for_each(|block| {
            let all = sides.next() % 3;
            block.iter_mut().for_each(|v| {
                *v = match all {
                    0 => choices[sides.next() as usize % choices.len()],
                    1 => 1.0,
                    _ => -1.0,
                };
            });
        });
        four.iter_mut().for_each(|v| *v = [0, 255, 255, 15, 240][sides.next() as usize % 5]);
        eight.iter_mut().for_each(|v| *v = [-128, 127, -128, 127, -127, 0][sides.next() as usize % 6]);
    }
    let case = Case {
        sizes: [m, n, k],
        x,
        four,
        four_scales: (0..2 * blocks).map(|_| numbers.float()).collect(),
        eight,
        eight_scales: (0..blocks).map(|_| numbers.float()).collect(),
        floats: (0..n * k).map(|_| numbers.float()).collect(),
        out: vec![f32::NAN; m * n],
        kept: Vec::new(),
    };
    CASE.set(Some(case));
}

/// Computes the product by one of the variants that `benches/pages/relaxed.js` names.
#[unsafe(no_mangle)]
pub extern "C" fn product(variant: u32) {
    CASE.with_borrow_mut(|case| {
        let Case { sizes, x, four, four_scales, eight, eight_scales, floats, out, .. } =
            case.as_mut().expect("a case is prepared");
        let columns = sizes[2];
        let four = Q4Weight { quants: four, scales: four_scales, columns };
        let eight = Q8Weight { quants: eight, scales: eight_scales, columns };
        match variant {
            0 => wasm::product(*sizes, x, &four, out),
            1 => relaxed::product::<FourBits, 2, true>(*sizes, x, &four, out),
            2 => relaxed::product::<FourBits, 4, false>(*sizes, x, &four, out),
            10 => wasm::product(*sizes, x, &eight, out),
            11 => relaxed::product::<EightBits<16>, 4, false>(*sizes, x, &eight, out),
            12 => relaxed::product::<EightBits<14>, 4, false>(*sizes, x, &eight, out),
            20 => floats::by_gemm(*sizes, x, floats, out),
            21 => floats::product::<false>(*sizes, x, floats, out),
            22 => floats::product::<true>(*sizes, x, floats, out),
            _ => panic!("no such variant"),
        }
    });
}

/// Keeps the result for [`differences`], and forgets it in `out`.
#[unsafe(no_mangle)]
pub extern "C" fn keep() {
    CASE.with_borrow_mut(|case| {
        let case = case.as_mut().expect("a case is prepared");
        case.kept =
            std::mem::replace(&mut case.out, vec![f32::NAN; case.kept.len().max(case.sizes[0] * case.sizes[1])]);
    });
}

/// How many values are not the same to the bit as those that were kept.
#[unsafe(no_mangle)]
pub extern "C" fn differences() -> usize {
    CASE.with_borrow(|case| {
        let case = case.as_ref().expect("a case is prepared");
        case.out.iter().zip(&case.kept).filter(|(a, b)| a.to_bits() != b.to_bits()).count()
    })
}

/// The largest difference, relative to the root mean square of what was kept.
#[unsafe(no_mangle)]
pub extern "C" fn largest_difference() -> f64 {
    CASE.with_borrow(|case| {
        let case = case.as_ref().expect("a case is prepared");
        let square: f64 = case.kept.iter().map(|v| f64::from(*v).powi(2)).sum();
        let largest =
            case.out.iter().zip(&case.kept).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()).fold(0.0, f64::max);
        largest / (square / case.kept.len() as f64).sqrt()
    })
}
