// y[m, n] = x[m, k] · w[n, k]ᵀ. Each invocation computes 4 rows × 4 columns and reads both operands directly from storage,
// without shared memory.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let m = dims[0];
    let n = dims[1];
    let words = dims[2] / 4u;
    let blocks = (words + 7u) / 8u;
    let row = id.y * 4u;
    let col = id.x * 4u;
    if (row >= m || col >= n) {
        return;
    }
    // Rows and columns past the edge repeat the last valid one and are not stored, so the loop does not diverge.
    let x0 = min(row, m - 1u) * words;
    let x1 = min(row + 1u, m - 1u) * words;
    let x2 = min(row + 2u, m - 1u) * words;
    let x3 = min(row + 3u, m - 1u) * words;
    let c0 = min(col, n - 1u);
    let c1 = min(col + 1u, n - 1u);
    let c2 = min(col + 2u, n - 1u);
    let c3 = min(col + 3u, n - 1u);
    var a0 = vec4<f32>(0.0);
    var a1 = vec4<f32>(0.0);
    var a2 = vec4<f32>(0.0);
    var a3 = vec4<f32>(0.0);
    for (var block = 0u; block < blocks; block++) {
        let s0 = scale_of(c0, block, blocks);
        let s1 = scale_of(c1, block, blocks);
        let s2 = scale_of(c2, block, blocks);
        let s3 = scale_of(c3, block, blocks);
        for (var i = block * 8u; i < min(block * 8u + 8u, words); i++) {
            let p = mat4x4<f32>(
                four(c0 * words + i, s0),
                four(c1 * words + i, s1),
                four(c2 * words + i, s2),
                four(c3 * words + i, s3),
            );
            a0 += x[x0 + i] * p;
            a1 += x[x1 + i] * p;
            a2 += x[x2 + i] * p;
            a3 += x[x3 + i] * p;
        }
    }
    store(row, col, 1u, a0);
    store(row + 1u, col, 1u, a1);
    store(row + 2u, col, 1u, a2);
    store(row + 3u, col, 1u, a3);
}
