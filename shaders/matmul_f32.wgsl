// y[m, n] = x[m, k] · w[n, k]ᵀ in f32, k a multiple of 4.
//
// Barrier-free: every invocation owns a tile of 4 rows × 4 columns and reads both matrices as vec4 along k.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;  // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> w: array<vec4<f32>>;  // [n, k / 4]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;        // [m, n]
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;     // m, n, k

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let m = dims[0];
    let n = dims[1];
    let words = dims[2] / 4u;
    let col = id.x * 4u;
    let row = id.y * 4u;
    if (col >= n || row >= m) {
        return;
    }
    // Rows and columns past the edge are computed on the last valid one and not stored: no divergence in the loop.
    let x0 = min(row, m - 1u) * words;
    let x1 = min(row + 1u, m - 1u) * words;
    let x2 = min(row + 2u, m - 1u) * words;
    let x3 = min(row + 3u, m - 1u) * words;
    let w0 = min(col, n - 1u) * words;
    let w1 = min(col + 1u, n - 1u) * words;
    let w2 = min(col + 2u, n - 1u) * words;
    let w3 = min(col + 3u, n - 1u) * words;
    var a0 = vec4<f32>(0.0);
    var a1 = vec4<f32>(0.0);
    var a2 = vec4<f32>(0.0);
    var a3 = vec4<f32>(0.0);
    for (var i = 0u; i < words; i++) {
        let p = w[w0 + i];
        let q = w[w1 + i];
        let r = w[w2 + i];
        let s = w[w3 + i];
        let b0 = x[x0 + i];
        let b1 = x[x1 + i];
        let b2 = x[x2 + i];
        let b3 = x[x3 + i];
        a0 += vec4<f32>(dot(b0, p), dot(b0, q), dot(b0, r), dot(b0, s));
        a1 += vec4<f32>(dot(b1, p), dot(b1, q), dot(b1, r), dot(b1, s));
        a2 += vec4<f32>(dot(b2, p), dot(b2, q), dot(b2, r), dot(b2, s));
        a3 += vec4<f32>(dot(b3, p), dot(b3, q), dot(b3, r), dot(b3, s));
    }
    let acc = array<vec4<f32>, 4>(a0, a1, a2, a3);
    for (var i = 0u; i < 4u; i++) {
        for (var j = 0u; j < 4u; j++) {
            if (row + i < m && col + j < n) {
                y[(row + i) * n + col + j] = acc[i][j];
            }
        }
    }
}
