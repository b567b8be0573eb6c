// y[m, n] = x[m, k] · w[n, k]ᵀ. Each invocation computes 16 rows × 4 columns. The four invocations of a quad share their rows,
// so each reads a quarter of them and broadcasts it to the others: a quarter of the reads of direct.wgsl.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3<u32>) {
    let m = dims[0];
    let n = dims[1];
    let words = dims[2] / 4u;
    let blocks = (words + 7u) / 8u;
    let lane = local % 4u;
    let row = group.y * 64u + local / 16u * 16u;
    let col = group.x * 64u + local % 16u * 4u;
    // All invocations of a quad return together; rows and columns past the edge repeat the last valid one and are not stored.
    if (row >= m) {
        return;
    }
    let x0 = min(row + lane, m - 1u) * words;
    let x1 = min(row + 4u + lane, m - 1u) * words;
    let x2 = min(row + 8u + lane, m - 1u) * words;
    let x3 = min(row + 12u + lane, m - 1u) * words;
    let c0 = min(col, n - 1u);
    let c1 = min(col + 1u, n - 1u);
    let c2 = min(col + 2u, n - 1u);
    let c3 = min(col + 3u, n - 1u);
    var a0 = vec4<f32>(0.0);
    var a1 = vec4<f32>(0.0);
    var a2 = vec4<f32>(0.0);
    var a3 = vec4<f32>(0.0);
    var a4 = vec4<f32>(0.0);
    var a5 = vec4<f32>(0.0);
    var a6 = vec4<f32>(0.0);
    var a7 = vec4<f32>(0.0);
    var a8 = vec4<f32>(0.0);
    var a9 = vec4<f32>(0.0);
    var a10 = vec4<f32>(0.0);
    var a11 = vec4<f32>(0.0);
    var a12 = vec4<f32>(0.0);
    var a13 = vec4<f32>(0.0);
    var a14 = vec4<f32>(0.0);
    var a15 = vec4<f32>(0.0);
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
            let v0 = x[x0 + i];
            a0 += quadBroadcast(v0, 0u) * p;
            a1 += quadBroadcast(v0, 1u) * p;
            a2 += quadBroadcast(v0, 2u) * p;
            a3 += quadBroadcast(v0, 3u) * p;
            let v1 = x[x1 + i];
            a4 += quadBroadcast(v1, 0u) * p;
            a5 += quadBroadcast(v1, 1u) * p;
            a6 += quadBroadcast(v1, 2u) * p;
            a7 += quadBroadcast(v1, 3u) * p;
            let v2 = x[x2 + i];
            a8 += quadBroadcast(v2, 0u) * p;
            a9 += quadBroadcast(v2, 1u) * p;
            a10 += quadBroadcast(v2, 2u) * p;
            a11 += quadBroadcast(v2, 3u) * p;
            let v3 = x[x3 + i];
            a12 += quadBroadcast(v3, 0u) * p;
            a13 += quadBroadcast(v3, 1u) * p;
            a14 += quadBroadcast(v3, 2u) * p;
            a15 += quadBroadcast(v3, 3u) * p;
        }
    }
    store(row, col, 1u, a0);
    store(row + 1u, col, 1u, a1);
    store(row + 2u, col, 1u, a2);
    store(row + 3u, col, 1u, a3);
    store(row + 4u, col, 1u, a4);
    store(row + 5u, col, 1u, a5);
    store(row + 6u, col, 1u, a6);
    store(row + 7u, col, 1u, a7);
    store(row + 8u, col, 1u, a8);
    store(row + 9u, col, 1u, a9);
    store(row + 10u, col, 1u, a10);
    store(row + 11u, col, 1u, a11);
    store(row + 12u, col, 1u, a12);
    store(row + 13u, col, 1u, a13);
    store(row + 14u, col, 1u, a14);
    store(row + 15u, col, 1u, a15);
}
