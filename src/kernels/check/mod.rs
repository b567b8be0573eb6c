//! Compares each kernel, on the device that will be used, with its definition computed in double precision, on awkward
//! shapes.

mod attention;
mod case;
mod cases;
mod elements;
mod inputs;
mod products;
mod report;
mod rows;

pub use case::{Comparison, KernelCase, compare};
pub use cases::{all_cases, attention_gate_cases, gate_cases, gpu_cases};
pub use report::report;
