// y[m, n] = x[m, k] · w[n, k]ᵀ with w in 4-bit blocks of 32 along k: value = scale * q + minimum, q from 0 to 15.
//
// Barrier-free: every invocation owns a tile of 4 rows × 4 columns. One vec4<u32> is a whole block of a column. Scale
// and minimum are applied once for a block: to the sum of products, and to the sum of x.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;       // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> quants: array<vec4<u32>>;  // [n, k / 32], 8 nibbles a word, lowest first
@group(0) @binding(2) var<storage, read_write> scales: array<vec2<f32>>;  // [n, k / 32], scale and minimum
@group(0) @binding(3) var<storage, read_write> y: array<f32>;             // [m, n]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;          // m, n, k

fn unpack(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<u32>(word) >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<u32>(15u));
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let m = dims[0];
    let n = dims[1];
    let blocks = dims[2] / 32u;
    let col = id.x * 4u;
    let row = id.y * 4u;
    if (col >= n || row >= m) {
        return;
    }
    // Rows and columns past the edge are computed on the last valid one and not stored: no divergence in the loop.
    var rows: array<u32, 4>;
    var cols: array<u32, 4>;
    for (var i = 0u; i < 4u; i++) {
        rows[i] = min(row + i, m - 1u) * blocks;
        cols[i] = min(col + i, n - 1u) * blocks;
    }
    var acc: array<vec4<f32>, 4>;
    for (var i = 0u; i < 4u; i++) {
        acc[i] = vec4<f32>(0.0);
    }
    for (var b = 0u; b < blocks; b++) {
        let w0 = quants[cols[0] + b];
        let w1 = quants[cols[1] + b];
        let w2 = quants[cols[2] + b];
        let w3 = quants[cols[3] + b];
        var part: array<vec4<f32>, 4>;
        var sums: array<vec4<f32>, 4>;
        for (var i = 0u; i < 4u; i++) {
            part[i] = vec4<f32>(0.0);
            sums[i] = vec4<f32>(0.0);
        }
        for (var v = 0u; v < 8u; v++) {
            let shift = (v & 1u) * 16u;
            let q0 = unpack(w0[v >> 1u] >> shift);
            let q1 = unpack(w1[v >> 1u] >> shift);
            let q2 = unpack(w2[v >> 1u] >> shift);
            let q3 = unpack(w3[v >> 1u] >> shift);
            for (var i = 0u; i < 4u; i++) {
                let a = x[(rows[i] + b) * 8u + v];
                part[i] += vec4<f32>(dot(a, q0), dot(a, q1), dot(a, q2), dot(a, q3));
                sums[i] += a;
            }
        }
        let s0 = scales[cols[0] + b];
        let s1 = scales[cols[1] + b];
        let s2 = scales[cols[2] + b];
        let s3 = scales[cols[3] + b];
        let scale = vec4<f32>(s0.x, s1.x, s2.x, s3.x);
        let minimum = vec4<f32>(s0.y, s1.y, s2.y, s3.y);
        for (var i = 0u; i < 4u; i++) {
            acc[i] += part[i] * scale + minimum * dot(sums[i], vec4<f32>(1.0));
        }
    }
    for (var i = 0u; i < 4u; i++) {
        for (var j = 0u; j < 4u; j++) {
            if (row + i < m && col + j < n) {
                y[(row + i) * n + col + j] = acc[i][j];
            }
        }
    }
}
