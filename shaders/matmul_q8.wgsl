// y[m, n] = x[m, k] · w[n, k]ᵀ with w in 8-bit blocks of 32 along k (Q8_0 semantics: value = scale * q).
//
// Barrier-free: every invocation owns a tile of 4 rows × 4 columns, reads the packed weights straight from storage
// as vec4<u32> (16 quants at a time) and applies a block's scale once, after its 32 products. There is no shared
// memory, so nothing depends on more than the limits that every WebGPU adapter grants.
//
// Dimensions are read from a buffer, never baked into the text: one pipeline serves every layer.

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;       // [m, k / 4]
@group(0) @binding(1) var<storage, read_write> quants: array<vec4<u32>>;  // [n, k / 16], 4 little-endian i8 a word
@group(0) @binding(2) var<storage, read_write> scales: array<f32>;        // [n, k / 32]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;             // [m, n]
@group(0) @binding(4) var<storage, read_write> dims: array<u32>;          // m, n, k

fn unpack(word: u32) -> vec4<f32> {
    // Shifting left and arithmetically right again extends the sign without any language extension.
    let q = vec4<i32>(bitcast<i32>(word << 24u), bitcast<i32>(word << 16u), bitcast<i32>(word << 8u), bitcast<i32>(word));
    return vec4<f32>(q >> vec4<u32>(24u));
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let m = dims[0];
    let n = dims[1];
    let k = dims[2];
    let col = id.x * 4u;
    let row = id.y * 4u;
    if (col >= n || row >= m) {
        return;
    }
    let blocks = k / 32u;
    // Rows and columns past the edge are computed on the last valid one and not stored: no divergence in the loop.
    var rows: array<u32, 4>;
    var cols: array<u32, 4>;
    for (var i = 0u; i < 4u; i++) {
        rows[i] = min(row + i, m - 1u);
        cols[i] = min(col + i, n - 1u);
    }
    // acc[i] holds the four columns of row i.
    var acc: array<vec4<f32>, 4>;
    for (var i = 0u; i < 4u; i++) {
        acc[i] = vec4<f32>(0.0);
    }
    for (var b = 0u; b < blocks; b++) {
        var part: array<vec4<f32>, 4>;
        for (var i = 0u; i < 4u; i++) {
            part[i] = vec4<f32>(0.0);
        }
        for (var half = 0u; half < 2u; half++) {
            let w0 = quants[(cols[0] * blocks + b) * 2u + half];
            let w1 = quants[(cols[1] * blocks + b) * 2u + half];
            let w2 = quants[(cols[2] * blocks + b) * 2u + half];
            let w3 = quants[(cols[3] * blocks + b) * 2u + half];
            for (var v = 0u; v < 4u; v++) {
                let q0 = unpack(w0[v]);
                let q1 = unpack(w1[v]);
                let q2 = unpack(w2[v]);
                let q3 = unpack(w3[v]);
                for (var i = 0u; i < 4u; i++) {
                    let a = x[(rows[i] * blocks + b) * 8u + half * 4u + v];
                    part[i] += vec4<f32>(dot(a, q0), dot(a, q1), dot(a, q2), dot(a, q3));
                }
            }
        }
        let scale = vec4<f32>(
            scales[cols[0] * blocks + b],
            scales[cols[1] * blocks + b],
            scales[cols[2] * blocks + b],
            scales[cols[3] * blocks + b],
        );
        for (var i = 0u; i < 4u; i++) {
            acc[i] += part[i] * scale;
        }
    }
    for (var i = 0u; i < 4u; i++) {
        if (row + i < m) {
            for (var j = 0u; j < 4u; j++) {
                if (col + j < n) {
                    y[(row + i) * n + col + j] = acc[i][j];
                }
            }
        }
    }
}
