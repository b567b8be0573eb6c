// Stores four results of a row of y[m, n], `stride` columns apart, as far as they lie within the matrix.
fn store(row: u32, column: u32, stride: u32, sums: vec4<f32>) {
    let m = dims[0];
    let n = dims[1];
    for (var i = 0u; i < 4u; i++) {
        if (row < m && column + stride * i < n) {
            y[row * n + column + stride * i] = sums[i];
        }
    }
}
