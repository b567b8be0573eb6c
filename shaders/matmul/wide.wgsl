// y[m, n] = x[m, k] · w[n, k]ᵀ as in direct.wgsl, with 8 rows × 8 columns per invocation: half the reads for more registers,
// which suits software adapters such as SwiftShader.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let m = dims[0];
    let n = dims[1];
    let words = dims[2] / 4u;
    let blocks = (words + 7u) / 8u;
    let row = id.y * 8u;
    let col = id.x * 8u;
    if (row >= m || col >= n) {
        return;
    }
    // Rows and columns past the edge repeat the last valid one and are not stored, so the loop does not diverge.
    let x0 = min(row, m - 1u) * words;
    let x1 = min(row + 1u, m - 1u) * words;
    let x2 = min(row + 2u, m - 1u) * words;
    let x3 = min(row + 3u, m - 1u) * words;
    let x4 = min(row + 4u, m - 1u) * words;
    let x5 = min(row + 5u, m - 1u) * words;
    let x6 = min(row + 6u, m - 1u) * words;
    let x7 = min(row + 7u, m - 1u) * words;
    let c0 = min(col, n - 1u);
    let c1 = min(col + 1u, n - 1u);
    let c2 = min(col + 2u, n - 1u);
    let c3 = min(col + 3u, n - 1u);
    let c4 = min(col + 4u, n - 1u);
    let c5 = min(col + 5u, n - 1u);
    let c6 = min(col + 6u, n - 1u);
    let c7 = min(col + 7u, n - 1u);
    var a0 = vec4<f32>(0.0);
    var b0 = vec4<f32>(0.0);
    var a1 = vec4<f32>(0.0);
    var b1 = vec4<f32>(0.0);
    var a2 = vec4<f32>(0.0);
    var b2 = vec4<f32>(0.0);
    var a3 = vec4<f32>(0.0);
    var b3 = vec4<f32>(0.0);
    var a4 = vec4<f32>(0.0);
    var b4 = vec4<f32>(0.0);
    var a5 = vec4<f32>(0.0);
    var b5 = vec4<f32>(0.0);
    var a6 = vec4<f32>(0.0);
    var b6 = vec4<f32>(0.0);
    var a7 = vec4<f32>(0.0);
    var b7 = vec4<f32>(0.0);
    for (var block = 0u; block < blocks; block++) {
        let s0 = scale_of(c0, block, blocks);
        let s1 = scale_of(c1, block, blocks);
        let s2 = scale_of(c2, block, blocks);
        let s3 = scale_of(c3, block, blocks);
        let s4 = scale_of(c4, block, blocks);
        let s5 = scale_of(c5, block, blocks);
        let s6 = scale_of(c6, block, blocks);
        let s7 = scale_of(c7, block, blocks);
        for (var i = block * 8u; i < min(block * 8u + 8u, words); i++) {
            let p = mat4x4<f32>(
                four(c0 * words + i, s0),
                four(c1 * words + i, s1),
                four(c2 * words + i, s2),
                four(c3 * words + i, s3),
            );
            let q = mat4x4<f32>(
                four(c4 * words + i, s4),
                four(c5 * words + i, s5),
                four(c6 * words + i, s6),
                four(c7 * words + i, s7),
            );
            let v0 = x[x0 + i];
            a0 += v0 * p;
            b0 += v0 * q;
            let v1 = x[x1 + i];
            a1 += v1 * p;
            b1 += v1 * q;
            let v2 = x[x2 + i];
            a2 += v2 * p;
            b2 += v2 * q;
            let v3 = x[x3 + i];
            a3 += v3 * p;
            b3 += v3 * q;
            let v4 = x[x4 + i];
            a4 += v4 * p;
            b4 += v4 * q;
            let v5 = x[x5 + i];
            a5 += v5 * p;
            b5 += v5 * q;
            let v6 = x[x6 + i];
            a6 += v6 * p;
            b6 += v6 * q;
            let v7 = x[x7 + i];
            a7 += v7 * p;
            b7 += v7 * q;
        }
    }
    store(row, col, a0);
    store(row, col + 4u, b0);
    store(row + 1u, col, a1);
    store(row + 1u, col + 4u, b1);
    store(row + 2u, col, a2);
    store(row + 2u, col + 4u, b2);
    store(row + 3u, col, a3);
    store(row + 3u, col + 4u, b3);
    store(row + 4u, col, a4);
    store(row + 4u, col + 4u, b4);
    store(row + 5u, col, a5);
    store(row + 5u, col + 4u, b5);
    store(row + 6u, col, a6);
    store(row + 6u, col + 4u, b6);
    store(row + 7u, col, a7);
    store(row + 7u, col + 4u, b7);
}

fn store(row: u32, col: u32, sum: vec4<f32>) {
    let m = dims[0];
    let n = dims[1];
    for (var i = 0u; i < 4u; i++) {
        if (row < m && col + i < n) {
            y[row * n + col + i] = sum[i];
        }
    }
}
