//! Cases of element-wise operations.

use super::case::{KernelCase, KernelRun, TOLERANCE};
use super::inputs::{RandomNumbers, matrix, vector};
use crate::kernels::ops::activate;
use crate::kernels::{Activation, activate_into, add_bias};

/// Inputs reach from -40 to 40, where exponentials leave the range in which f32 is comfortable.
const LARGEST: f32 = 40.0;

fn large_numbers(numbers: &mut RandomNumbers, count: usize) -> Vec<f32> {
    numbers.floats(count).iter().map(|v| v * LARGEST).collect()
}

pub fn activation_case(rows: usize, width: usize, activation: Activation) -> KernelCase {
    let mut numbers = RandomNumbers(11);
    let (a, b) = (large_numbers(&mut numbers, rows * width), large_numbers(&mut numbers, rows * width));
    let exact = {
        let (a, b) = (a.clone(), b.clone());
        move || a.iter().zip(&b).map(|(&a, &b)| definition(activation, f64::from(a), f64::from(b))).collect()
    };
    let run: KernelRun = Box::new(move |device, out| {
        let [a, b] = [&a, &b].map(|values| matrix(values, [rows, width], device));
        match (rows * width).is_multiple_of(4) {
            true => activate_into(a, b, activation, out),
            false => activate(a, b, activation),
        }
    });
    let name = format!("activation {activation:?} rows={rows} width={width}");
    KernelCase { name, tolerance: 1600.0 * TOLERANCE, most: None, shape: [rows, width], run, exact: Box::new(exact) }
}

fn definition(activation: Activation, a: f64, b: f64) -> f64 {
    match activation {
        Activation::SiluGate => a / (1.0 + (-a).exp()) * b,
        Activation::GeluTanhGate => definition(Activation::GeluTanh, a, b) * b,
        Activation::GeluErfGate => definition(Activation::GeluErf, a, b) * b,
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (a + 0.044715 * a.powi(3));
            a / 2.0 * (1.0 + inner.tanh())
        }
        Activation::GeluErf => a / 2.0 * (1.0 + libm::erf(a * std::f64::consts::FRAC_1_SQRT_2)),
        Activation::GeluQuick => a / (1.0 + (-1.702 * a).exp()),
        Activation::Sum => a + b,
    }
}

pub fn bias_case(rows: usize, width: usize) -> KernelCase {
    let mut numbers = RandomNumbers(13);
    let (x, bias) = (large_numbers(&mut numbers, rows * width), numbers.floats(width));
    let exact = {
        let (x, bias) = (x.clone(), bias.clone());
        move || x.iter().enumerate().map(|(i, &v)| f64::from(v) + f64::from(bias[i % width])).collect()
    };
    let run: KernelRun = Box::new(move |device, _| add_bias(matrix(&x, [rows, width], device), vector(&bias, device)));
    let name = format!("add_bias rows={rows} width={width}");
    KernelCase { name, tolerance: TOLERANCE, most: None, shape: [rows, width], run, exact: Box::new(exact) }
}
