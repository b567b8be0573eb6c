//! Cases of norms, rotation, and of what moves rows and columns.

use std::ops::Range;

use super::case::{KernelCase, KernelRun, TOLERANCE};
use super::inputs::{RandomNumbers, matrix, vector};
use crate::kernels::{
    concat_columns, concat_rows, gather_rows, layer_norm_into, mean_rows, rms_norm_into, rotate_into, slice_columns,
    slice_rows,
};

/// The epsilon of every norm of these models.
const EPS: f32 = 1e-6;

pub fn rms_norm_case(rows: usize, width: usize) -> KernelCase {
    let mut numbers = RandomNumbers((rows * 7 + width) as u32);
    let (x, weight) = (numbers.floats(rows * width), numbers.floats(width));
    let (a, w) = (x.clone(), weight.clone());
    let exact = move || a.chunks(width).flat_map(|row| exact_norm(row, &w)).collect();
    let run: KernelRun = Box::new(move |device, out| {
        let weight = vector(&weight, device);
        rms_norm_into(matrix(&x, [rows, width], device), weight, EPS, out)
    });
    let name = format!("rms_norm rows={rows} width={width}");
    KernelCase { name, tolerance: 10.0 * TOLERANCE, most: None, shape: [rows, width], run, exact: Box::new(exact) }
}

pub fn layer_norm_case(rows: usize, width: usize) -> KernelCase {
    let mut numbers = RandomNumbers((rows * 11 + width) as u32);
    // A mean far from zero: what subtracts it last would lose digits.
    let x: Vec<f32> = numbers.floats(rows * width).iter().map(|v| v + 3.0).collect();
    let (weight, bias) = (numbers.floats(width), numbers.floats(width));
    let (a, w, b) = (x.clone(), weight.clone(), bias.clone());
    let exact = move || {
        let row = |row: &[f32]| {
            let values: Vec<f64> = row.iter().map(|&v| f64::from(v)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
            let scale = 1.0 / (variance + f64::from(EPS)).sqrt();
            let normed = values.iter().map(|v| (v - mean) * scale);
            normed.zip(&w).zip(&b).map(|((v, &w), &b)| v * f64::from(w) + f64::from(b)).collect::<Vec<_>>()
        };
        a.chunks(width).flat_map(row).collect()
    };
    let run: KernelRun = Box::new(move |device, out| {
        layer_norm_into(matrix(&x, [rows, width], device), vector(&weight, device), vector(&bias, device), EPS, out)
    });
    let name = format!("layer_norm rows={rows} width={width}");
    KernelCase { name, tolerance: 20.0 * TOLERANCE, most: None, shape: [rows, width], run, exact: Box::new(exact) }
}

fn exact_norm(row: &[f32], weight: &[f32]) -> Vec<f64> {
    let mean = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / row.len() as f64;
    let scale = 1.0 / (mean + f64::from(EPS)).sqrt();
    row.iter().zip(weight).map(|(&v, &w)| f64::from(v) * scale * f64::from(w)).collect()
}

pub fn rotate_case(rows: usize, heads: usize, width: usize, normed: bool) -> KernelCase {
    let mut numbers = RandomNumbers((rows * 5 + heads * 3 + width) as u32);
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
    let run: KernelRun = Box::new(move |device, out| {
        let weight = vector(&weight, device);
        let x = matrix(&x, [rows, heads * width], device);
        rotate_into(x, weight, matrix(&angles, [rows, width], device), normed.then_some(EPS), out)
    });
    let name = format!("rotate rows={rows} heads={heads} width={width} normed={normed}");
    KernelCase {
        name,
        tolerance: 10.0 * TOLERANCE,
        most: None,
        shape: [rows, heads * width],
        run,
        exact: Box::new(exact),
    }
}

/// Rows in reverse, each twice.
pub fn gather_case(rows: usize, width: usize) -> KernelCase {
    let x = RandomNumbers((rows + width) as u32).floats(rows * width);
    let indices: Vec<u32> = (0..rows as u32).rev().flat_map(|row| [row, row]).collect();
    let exact = {
        let (x, indices) = (x.clone(), indices.clone());
        move || indices.iter().flat_map(|&row| exact_row(&x, row as usize, 0..width, width)).collect()
    };
    let run: KernelRun = Box::new(move |device, _| gather_rows(matrix(&x, [rows, width], device), &indices));
    let name = format!("gather_rows rows={rows} width={width}");
    KernelCase { name, tolerance: 0.0, most: None, shape: [2 * rows, width], run, exact: Box::new(exact) }
}

/// The first row, all rows, and the second half.
pub fn mean_case(rows: usize, width: usize) -> KernelCase {
    let x = RandomNumbers((rows * 13 + width) as u32).floats(rows * width);
    let ranges = [[0, 1], [0, rows as u32], [rows as u32 / 2, rows as u32]];
    let exact = {
        let x = x.clone();
        let mean = move |[start, end]: [u32; 2], column: usize| {
            let values = (start..end).map(|row| f64::from(x[row as usize * width + column]));
            values.sum::<f64>() / f64::from(end - start)
        };
        move || {
            ranges.iter().flat_map(|&range| (0..width).map(|column| mean(range, column)).collect::<Vec<_>>()).collect()
        }
    };
    let run: KernelRun = Box::new(move |device, _| mean_rows(matrix(&x, [rows, width], device), &ranges));
    let name = format!("mean_rows rows={rows} width={width}");
    KernelCase { name, tolerance: TOLERANCE, most: None, shape: [ranges.len(), width], run, exact: Box::new(exact) }
}

/// The second half of the rows and of the columns.
pub fn slice_case(rows: usize, width: usize) -> KernelCase {
    let x = RandomNumbers((rows * 3 + width) as u32).floats(rows * width);
    let (row, column) = (rows / 2, width / 2);
    let exact = {
        let x = x.clone();
        move || (row..rows).flat_map(|row| exact_row(&x, row, column..width, width)).collect()
    };
    let run: KernelRun = Box::new(move |device, _| {
        slice_columns(slice_rows(matrix(&x, [rows, width], device), row, rows - row), column, width - column)
    });
    let name = format!("slice rows={rows} width={width}");
    KernelCase { name, tolerance: 0.0, most: None, shape: [rows - row, width - column], run, exact: Box::new(exact) }
}

/// A matrix beside itself, below itself.
pub fn concat_case(rows: usize, width: usize) -> KernelCase {
    let x = RandomNumbers((rows * 5 + width) as u32).floats(rows * width);
    let exact = {
        let x = x.clone();
        let row = move |row: usize| exact_row(&x, row % rows, 0..width, width);
        move || (0..2 * rows).flat_map(|i| [row(i), row(i)].concat()).collect()
    };
    let run: KernelRun = Box::new(move |device, _| {
        let x = || matrix(&x, [rows, width], device);
        let both = || concat_columns(vec![x(), x()]);
        concat_rows(vec![both(), both()])
    });
    let name = format!("concat rows={rows} width={width}");
    KernelCase { name, tolerance: 0.0, most: None, shape: [2 * rows, 2 * width], run, exact: Box::new(exact) }
}

fn exact_row(x: &[f32], row: usize, columns: Range<usize>, width: usize) -> Vec<f64> {
    x[row * width..][columns].iter().map(|&v| f64::from(v)).collect()
}
