// y[m, n] = x[m, k] · w[n, k]ᵀ for few rows, where reading the weights is most of the work. Eight neighbouring invocations
// share the sums of four columns: each reads every eighth word of a column, so that together they read neighbouring words.
// None waits for another until their sums are added at the end.
//
// The line before this text sets the rows of a workgroup: `const ROWS = 8u;`

// Rows whose sums are added at a time.
const TURN = min(ROWS, 8u);

var<workgroup> partial: array<vec4<f32>, TURN * 64u>;  // [row][invocation]

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let m = dims[0];
    let n = dims[1];
    let words = dims[2] / 4u;
    let blocks = (words + 7u) / 8u;
    let slice = index % 8u;
    let lane = index / 8u;
    let first_row = group.y * ROWS;
    let column = group.x * 32u + lane * 4u;
    // Past the edge the last row and column are computed again and not stored.
    let picked = min(vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(n - 1u));
    var sums: array<vec4<f32>, ROWS>;
    for (var i = slice; i < words; i += 8u) {
        let block = i / 8u;
        let terms = transpose(mat4x4<f32>(
            four(picked.x * words + i, scale_of(picked.x, block, blocks)),
            four(picked.y * words + i, scale_of(picked.y, block, blocks)),
            four(picked.z * words + i, scale_of(picked.z, block, blocks)),
            four(picked.w * words + i, scale_of(picked.w, block, blocks)),
        ));
        for (var r = 0u; r < ROWS; r++) {
            let v = x[min(first_row + r, m - 1u) * words + i];
            var sum = sums[r];
            sum += v.x * terms[0];
            sum += v.y * terms[1];
            sum += v.z * terms[2];
            sum += v.w * terms[3];
            sums[r] = sum;
        }
    }
    for (var turn = 0u; turn < ROWS; turn += TURN) {
        for (var r = 0u; r < TURN; r++) {
            partial[r * 64u + index] = sums[turn + r];
        }
        workgroupBarrier();
        // Each invocation adds for a row and four columns, as far as there are rows.
        if (slice < TURN) {
            var sum = vec4<f32>(0.0);
            for (var other = 0u; other < 8u; other++) {
                sum += partial[slice * 64u + lane * 8u + other];
            }
            store(first_row + turn + slice, column, 1u, sum);
        }
        workgroupBarrier();
    }
}
