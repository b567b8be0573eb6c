// y[m, n] = x[m, k] · w[n, k]ᵀ as in ../blocked.wgsl, in half precision: a block of 32 terms at a time is shared, 16 of them
// are multiplied and added in f16, and their sum goes to a sum in f32. Rows of x have been scaled; blocks of weights are scaled
// here so that their largest weight is at most 1.
//
// The line before this text sets the rows of an invocation: `const ROWS = 8u;`

// Words of four terms of a block.
const STEP = 8u;
// Words of a sum in half precision.
const RUN = 4u;
const TILE_ROWS = 8u * ROWS;

var<workgroup> rows: array<vec4<f16>, STEP * TILE_ROWS>;  // [word][row]: four terms of a row
var<workgroup> columns: array<vec4<f16>, STEP * 64u>;     // [term][quad of columns]: a term of four columns
var<workgroup> column_scales: array<vec4<f32>, 16>;       // of each quad of columns
var<workgroup> peaks: array<vec4<f32>, STEP * 16u>;       // [word][quad of columns]: the largest weights of a word
var<workgroup> size: vec3<u32>;

// The weights of four columns: a row of the matrix is a term.
struct Quad {
    terms: mat4x4<f32>,
    peaks: vec4<f32>,
}

// The weights of four columns from `column` on in a word; past the last column it again, past the last word zeros.
fn quad_of(column: u32, i: u32, n: u32, words: u32) -> Quad {
    if (i >= words) {
        return Quad();
    }
    let picked = min(vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(n - 1u));
    let block = i / 8u;
    let blocks = (words + 7u) / 8u;
    let s0 = scale_of(picked.x, block, blocks);
    let s1 = scale_of(picked.y, block, blocks);
    let s2 = scale_of(picked.z, block, blocks);
    let s3 = scale_of(picked.w, block, blocks);
    let terms = transpose(mat4x4<f32>(
        four(picked.x * words + i, s0),
        four(picked.y * words + i, s1),
        four(picked.z * words + i, s2),
        four(picked.w * words + i, s3),
    ));
    if (PEAKS_ARE_KNOWN) {
        return Quad(terms, vec4<f32>(peak_of(s0), peak_of(s1), peak_of(s2), peak_of(s3)));
    }
    return Quad(terms, max(max(abs(terms[0]), abs(terms[1])), max(abs(terms[2]), abs(terms[3]))));
}

// The largest weights of a block of four columns, which all invocations have written word by word.
fn peaks_of_block(lane: u32) -> vec4<f32> {
    var largest = vec4<f32>(0.0);
    for (var word = 0u; word < STEP; word++) {
        largest = max(largest, peaks[word * 16u + lane]);
    }
    return largest;
}

// Writes a word of four columns, scaled.
fn share(quad: Quad, part: u32, lane: u32) {
    let factors = vec4<f32>(
        factor_of(quad.peaks.x),
        factor_of(quad.peaks.y),
        factor_of(quad.peaks.z),
        factor_of(quad.peaks.w),
    );
    let place = part * 64u + (lane ^ part);
    columns[place] = vec4<f16>(quad.terms[0] * factors);
    columns[place + 16u] = vec4<f16>(quad.terms[1] * factors);
    columns[place + 32u] = vec4<f16>(quad.terms[2] * factors);
    columns[place + 48u] = vec4<f16>(quad.terms[3] * factors);
    if (part == 0u) {
        column_scales[lane] = vec4<f32>(
            scale_for(quad.peaks.x),
            scale_for(quad.peaks.y),
            scale_for(quad.peaks.z),
            scale_for(quad.peaks.w),
        );
    }
}

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
    let first_row = group.y * TILE_ROWS;
    let first_column = group.x * 64u;
    // This invocation loads a word of every eighth row, and one of twice four columns.
    let part = index % STEP;
    let lane = index / STEP;
    var low: array<vec4<f32>, ROWS>;
    var high: array<vec4<f32>, ROWS>;
    for (var start = 0u; start < words; start += STEP) {
        let i = start + part;
        for (var r = lane; r < TILE_ROWS; r += 8u) {
            var word = vec4<f16>();
            if (i < words) {
                word = x[min(first_row + r, m - 1u) * words + i];
            }
            rows[part * TILE_ROWS + (r ^ part)] = word;
        }
        var near = quad_of(first_column + lane * 4u, i, n, words);
        var far = quad_of(first_column + lane * 4u + 32u, i, n, words);
        if (!PEAKS_ARE_KNOWN) {
            peaks[part * 16u + lane] = near.peaks;
            peaks[part * 16u + lane + 8u] = far.peaks;
            workgroupBarrier();
            near.peaks = peaks_of_block(lane);
            far.peaks = peaks_of_block(lane + 8u);
        }
        share(near, part, lane);
        share(far, part, lane + 8u);
        workgroupBarrier();
        let near_scales = column_scales[id.x];
        let far_scales = column_scales[id.x + 8u];
        for (var run = 0u; run < STEP; run += RUN) {
            // Without an initial value some compilers keep that of the last turn.
            var near_sums = array<vec4<f16>, ROWS>();
            var far_sums = array<vec4<f16>, ROWS>();
            for (var word = run; word < run + RUN; word++) {
                let c = word * 64u + (id.x ^ word);
                let a0 = columns[c];
                let a1 = columns[c + 16u];
                let a2 = columns[c + 32u];
                let a3 = columns[c + 48u];
                let b0 = columns[c + 8u];
                let b1 = columns[c + 24u];
                let b2 = columns[c + 40u];
                let b3 = columns[c + 56u];
                let at = word * TILE_ROWS + (id.y ^ word);
                for (var r = 0u; r < ROWS; r++) {
                    let v = rows[at + 8u * r];
                    var a = near_sums[r];
                    a += v.x * a0;
                    a += v.y * a1;
                    a += v.z * a2;
                    a += v.w * a3;
                    near_sums[r] = a;
                    var b = far_sums[r];
                    b += v.x * b0;
                    b += v.y * b1;
                    b += v.z * b2;
                    b += v.w * b3;
                    far_sums[r] = b;
                }
            }
            for (var r = 0u; r < ROWS; r++) {
                low[r] += vec4<f32>(near_sums[r]) * near_scales;
                high[r] += vec4<f32>(far_sums[r]) * far_scales;
            }
        }
        workgroupBarrier();
    }
    for (var r = 0u; r < ROWS; r++) {
        let row = first_row + id.y + 8u * r;
        let scale = row_scales[min(row, m - 1u)];
        let column = first_column + id.x * 4u;
        store(row, column, 1u, low[r] * scale);
        store(row, column + 32u, 1u, high[r] * scale);
    }
}
