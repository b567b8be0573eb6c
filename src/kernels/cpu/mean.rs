//! Means of runs of rows.

use burn_flex::FlexTensor;

use super::values::{Values, shape};

pub fn rows(x: FlexTensor, ranges: FlexTensor, mut out: FlexTensor) -> FlexTensor {
    let columns = shape(&x)[1];
    let (x, ranges) = (Values::new(x), Values::new(ranges));
    let runs = out.storage_mut::<f32>().chunks_exact_mut(columns).zip(ranges.u32().chunks_exact(2));
    let mut sums = vec![0.0f64; columns];
    for (out, range) in runs {
        let (start, end) = (range[0] as usize, range[1] as usize);
        sums.fill(0.0);
        for row in x.f32()[start * columns..end * columns].chunks_exact(columns) {
            sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
        }
        out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = (sum / (end - start) as f64) as f32);
    }
    out
}
