//! The lists of cases.

use super::attention::{Visibility, attention_case, disentangled_case};
use super::case::KernelCase;
use super::elements::{activation_case, bias_case};
use super::products::{WeightKind, outlier_case, product_case};
use super::rows::{concat_case, gather_case, layer_norm_case, mean_case, rms_norm_case, rotate_case, slice_case};
use crate::kernels::Activation;
use crate::kernels::shaders::Style;

const KINDS: [WeightKind; 3] = [WeightKind::F32, WeightKind::Q8, WeightKind::Q4];

/// A few quick cases, which a style has to get right before it is used.
pub fn gate_cases(style: Style) -> Vec<KernelCase> {
    let mut cases: Vec<KernelCase> = KINDS.map(|kind| product_case((33, 31, 160), kind)).into();
    if matches!(style, Style::Blocked | Style::Half) {
        // Each of their shapes: up to four rows, fewer than a document has, a document, a full submission.
        for shape in [(3, 35, 96), (45, 67, 96), (515, 33, 64)] {
            cases.extend(KINDS.map(|kind| product_case(shape, kind)));
        }
    }
    if style == Style::Half {
        cases.extend(KINDS.map(|kind| outlier_case((41, 66, 160), kind)));
        cases.extend(KINDS.map(|kind| outlier_case((513, 5, 64), kind)));
    }
    cases.extend([rms_norm_case(5, 33), layer_norm_case(5, 33)]);
    cases.extend(attention_gate_cases());
    cases.into_iter().map(|case| case.in_style(style)).collect()
}

/// Every case, and those of rows with outliers, which a CPU in wasm rounds to 16 bits.
pub fn gpu_cases(style: Style) -> Vec<KernelCase> {
    let shapes = [(41, 66, 160), (2, 33, 64), (514, 7, 96)];
    let outliers = shapes.into_iter().flat_map(|shape| KINDS.map(|kind| outlier_case(shape, kind)));
    all_cases().into_iter().chain(outliers).map(|case| case.in_style(style)).collect()
}

/// Those of attention.
pub fn attention_gate_cases() -> Vec<KernelCase> {
    vec![
        attention_case(5, &[3, 1, 66, 2], (4, 2), 16, Visibility::Causal),
        attention_case(0, &[41], (1, 1), 72, Visibility::Window(5)),
    ]
}

/// Every case of every kernel.
pub fn all_cases() -> Vec<KernelCase> {
    let mut cases = Vec::new();
    // One row; one block; rows and columns that fill no tile; more columns than a small model has.
    for shape in
        [(1, 1, 32), (1, 257, 64), (3, 5, 32), (7, 33, 96), (32, 32, 32), (33, 31, 160), (65, 100, 1024), (5, 8191, 64)]
    {
        cases.extend(KINDS.map(|kind| product_case(shape, kind)));
    }
    cases.extend([(5, 3, 4), (9, 70, 36), (2, 66, 20)].map(|shape| product_case(shape, WeightKind::F32)));
    // More rows than a document has, and than a full submission; in f32 with a part of a block.
    for shape in [(70, 67, 96), (515, 65, 64)] {
        cases.extend(KINDS.map(|kind| product_case(shape, kind)));
    }
    cases.extend([(43, 66, 20), (513, 3, 36)].map(|shape| product_case(shape, WeightKind::F32)));
    for (rows, width) in [(1, 32), (3, 96), (70, 1024), (5, 33)] {
        cases.extend([rms_norm_case(rows, width), layer_norm_case(rows, width)]);
    }
    for (rows, heads, width) in [(1, 1, 16), (70, 3, 64), (5, 16, 128), (9, 2, 24)] {
        cases.extend([true, false].map(|normed| rotate_case(rows, heads, width, normed)));
    }
    for (rows, width) in [(67, 36), (6, 50), (3, 37)] {
        use Activation::{GeluErf, GeluErfGate, GeluQuick, GeluTanh, GeluTanhGate, SiluGate, Sum};
        let all = [SiluGate, GeluTanhGate, GeluErfGate, GeluTanh, GeluErf, GeluQuick, Sum];
        cases.extend(all.map(|activation| activation_case(rows, width, activation)));
        cases.push(bias_case(rows, width));
    }
    for (rows, width) in [(1, 1), (70, 36), (5, 1025)] {
        let moved = [gather_case(rows, width), slice_case(rows, width), concat_case(rows, width)];
        cases.extend(moved.into_iter().chain([mean_case(rows, width)]));
    }
    cases.extend(
        [
            // Rows of the prefix, lengths of the segments, heads, width, what a row sees.
            (0, vec![1], (1, 1), 4, Visibility::Causal),
            (0, vec![70], (4, 2), 32, Visibility::Causal),
            (5, vec![3, 1, 66, 2], (4, 2), 16, Visibility::Causal),
            (37, vec![9, 30], (6, 2), 128, Visibility::Causal),
            (37, vec![19, 30], (6, 2), 128, Visibility::Causal),
            (3, vec![2, 41], (2, 1), 64, Visibility::Causal),
            (0, vec![24, 24, 16], (2, 2), 72, Visibility::Segment),
            (0, vec![100, 3, 41], (3, 3), 32, Visibility::Window(8)),
            (7, vec![50], (2, 1), 16, Visibility::Window(5)),
            (0, vec![37, 1, 12], (6, 6), 16, Visibility::LinearBias),
        ]
        .map(|(prefix, segments, heads, width, visibility)| {
            attention_case(prefix, &segments, heads, width, visibility)
        }),
    );
    cases.extend([disentangled_case(&[1], 1, 4), disentangled_case(&[9, 1, 30], 3, 20)]);
    cases
}
