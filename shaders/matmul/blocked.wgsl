// y[m, n] = x[m, k] · w[n, k]ᵀ in the shape of GPUs. A workgroup of 8 × 8 invocations computes 8 · ROWS rows × 64 columns, an
// invocation ROWS rows × 8 columns in registers. 16 terms of the sums at a time are shared in workgroup memory, so that a
// weight is unpacked once for the tile. Neighbouring invocations read neighbouring words, from storage and from workgroup
// memory: places there are permuted by the word, since invocations that write the same row would meet in one bank.
//
// The line before this text sets the rows of an invocation: `const ROWS = 8u;`

// Words of four terms that are shared at a time.
const STEP = 4u;
const TILE_ROWS = 8u * ROWS;

var<workgroup> rows: array<vec4<f32>, STEP * TILE_ROWS>;  // [word][row]: four terms of a row
var<workgroup> columns: array<vec4<f32>, STEP * 64u>;     // [term][quad of columns]: a term of four columns
var<workgroup> size: vec3<u32>;

@compute @workgroup_size(8, 8, 1)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    // One invocation reads the sizes for all, so that the compiler can prove uniform control flow around the barriers.
    if (index == 0u) {
        size = vec3<u32>(dims[0], dims[1], dims[2] / 4u);
    }
    let shared_size = workgroupUniformLoad(&size);
    let m = shared_size.x;
    let n = shared_size.y;
    let words = shared_size.z;
    let blocks = (words + 7u) / 8u;
    let first_row = group.y * TILE_ROWS;
    let first_column = group.x * 64u;
    // This invocation loads a word of every 16th row, and one of four columns. Past the edge the last one is loaded again.
    let part = index % STEP;
    let lane = index / STEP;
    let shift = part * 2u;
    let quad = vec4<u32>(first_column + lane * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
    let picked = min(quad, vec4<u32>(n - 1u));
    var low: array<vec4<f32>, ROWS>;
    var high: array<vec4<f32>, ROWS>;
    for (var start = 0u; start < words; start += STEP) {
        let i = start + part;
        let inside = i < words;
        for (var r = lane; r < TILE_ROWS; r += 16u) {
            var word = vec4<f32>(0.0);
            if (inside) {
                word = x[min(first_row + r, m - 1u) * words + i];
            }
            rows[part * TILE_ROWS + (r ^ shift)] = word;
        }
        var terms = mat4x4<f32>();
        if (inside) {
            let block = i / 8u;
            terms = transpose(mat4x4<f32>(
                four(picked.x * words + i, scale_of(picked.x, block, blocks)),
                four(picked.y * words + i, scale_of(picked.y, block, blocks)),
                four(picked.z * words + i, scale_of(picked.z, block, blocks)),
                four(picked.w * words + i, scale_of(picked.w, block, blocks)),
            ));
        }
        let place = part * 64u + (lane ^ shift);
        columns[place] = terms[0];
        columns[place + 16u] = terms[1];
        columns[place + 32u] = terms[2];
        columns[place + 48u] = terms[3];
        workgroupBarrier();
        for (var word = 0u; word < STEP; word++) {
            let c = word * 64u + (id.x ^ (word * 2u));
            let a0 = columns[c];
            let a1 = columns[c + 16u];
            let a2 = columns[c + 32u];
            let a3 = columns[c + 48u];
            let b0 = columns[c + 8u];
            let b1 = columns[c + 24u];
            let b2 = columns[c + 40u];
            let b3 = columns[c + 56u];
            let at = word * TILE_ROWS + (id.y ^ (word * 2u));
            for (var r = 0u; r < ROWS; r++) {
                // Term by term, which becomes fused multiplications and additions without another addition.
                let v = rows[at + 8u * r];
                var a = low[r];
                a += v.x * a0;
                a += v.y * a1;
                a += v.z * a2;
                a += v.w * a3;
                low[r] = a;
                var b = high[r];
                b += v.x * b0;
                b += v.y * b1;
                b += v.z * b2;
                b += v.w * b3;
                high[r] = b;
            }
        }
        workgroupBarrier();
    }
    for (var r = 0u; r < ROWS; r++) {
        let row = first_row + id.y + 8u * r;
        let column = first_column + id.x * 4u;
        store(row, column, 1u, low[r]);
        store(row, column + 32u, 1u, high[r]);
    }
}
