// As direct.wgsl, in the shape of GPUs. A workgroup computes a tile of queries of one head: four neighbouring invocations share
// a query, or two, so that a head fits into their registers. Keys, then values, of 16 rows at a time are in workgroup memory
// for all of them. What the four have of a score is added there too.
//
// The line before this text sets the number of vec4 words per head: `const WORDS = 32u;`

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;         // [queries, heads, WORDS]
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>;         // [rows, kv_heads, WORDS]
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;         // [rows, kv_heads, WORDS]
@group(0) @binding(3) var<storage, read_write> prefix_k: array<vec4<f32>>;  // [prefix, kv_heads, WORDS]
@group(0) @binding(4) var<storage, read_write> prefix_v: array<vec4<f32>>;  // [prefix, kv_heads, WORDS]
@group(0) @binding(5) var<storage, read_write> ranges: array<u32>;          // [queries, 2]: first visible row, one past the last
@group(0) @binding(6) var<storage, read_write> y: array<vec4<f32>>;         // [queries, heads, WORDS]
@group(0) @binding(7) var<storage, read_write> dims: array<u32>;            // queries, heads, kv_heads, prefix, scale as bits, whether there is a linear bias

const FOUR = vec4<u32>(0u, 1u, 2u, 3u);
const UNSEEN = -1e30;
// Rows that are shared at a time, by four.
const STEP = 4u;
// Words of an invocation: every fourth of a head.
const OWN = (WORDS + 3u) / 4u;
// Queries of an invocation: wide heads leave no registers for two.
const QUERIES = 1u + u32(WORDS <= 16u);
// Queries of a workgroup.
const TILE = 16u * QUERIES;

var<workgroup> shared_rows: array<vec4<f32>, 4u * STEP * WORDS>;         // keys or values: [row][word]
var<workgroup> shared_scores: array<vec4<f32>, 64u * STEP * QUERIES>;    // [query of an invocation][four rows][invocation]
// The first row that a query of the tile sees, one past the last, rows of the prefix.
var<workgroup> visible: vec3<u32>;

// The slope of a head in ALiBi; see `linear_bias_slope` in params.rs.
fn slope(head: u32, heads: u32) -> f32 {
    let power = 1u << firstLeadingBit(heads);
    if (head < power) {
        return exp2(-8.0 * f32(head + 1u) / f32(power));
    }
    return exp2(-8.0 * f32(2u * (head - power) + 1u) / f32(2u * power));
}

// Loads keys or values of 16 rows from `row` on, of the prefix or the rows themselves. Past the end the last one is repeated.
fn share_rows(values: bool, of_prefix: bool, row: u32, last: u32, stride: u32, offset: u32, index: u32) {
    for (var i = index; i < 4u * STEP * WORDS; i += 64u) {
        let at = min(row + i / WORDS, last - 1u) * stride + offset + i % WORDS;
        if (of_prefix) {
            if (values) {
                shared_rows[i] = prefix_v[at];
            } else {
                shared_rows[i] = prefix_k[at];
            }
        } else {
            if (values) {
                shared_rows[i] = v[at];
            } else {
                shared_rows[i] = k[at];
            }
        }
    }
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let queries = dims[0];
    let heads = dims[1];
    let head = group.y;
    let part = index % 4u;
    let first_query = group.x * TILE;
    // One invocation reads for all, so that the compiler can prove uniform control flow around the barriers. Neither end of
    // the ranges ever goes back, so those of the first and the last query tell what the tile sees.
    if (index == 0u) {
        let last_query = min(first_query + TILE, queries) - 1u;
        visible = vec3<u32>(ranges[first_query * 2u], ranges[last_query * 2u + 1u], dims[3]);
    }
    let seen = workgroupUniformLoad(&visible);
    let scale = bitcast<f32>(dims[4]);
    let stride = dims[2] * WORDS;
    let offset = head / (heads / dims[2]) * WORDS;
    let lowering = select(0.0, slope(head, heads), dims[5] == 1u);
    // Past the last query it is computed again and not stored.
    var query: array<u32, QUERIES>;
    var start: array<u32, QUERIES>;
    var end: array<u32, QUERIES>;
    var largest: array<f32, QUERIES>;
    var total: array<f32, QUERIES>;
    var own: array<vec4<f32>, OWN * QUERIES>;
    var sum: array<vec4<f32>, OWN * QUERIES>;
    for (var n = 0u; n < QUERIES; n++) {
        let at = min(first_query + index / 4u + 16u * n, queries - 1u);
        query[n] = at;
        start[n] = ranges[at * 2u];
        end[n] = ranges[at * 2u + 1u];
        largest[n] = UNSEEN;
        for (var j = 0u; j < OWN; j++) {
            // A word past the head is zero, so that it adds nothing to a score.
            let word = part + 4u * j;
            if (word < WORDS) {
                own[n * OWN + j] = q[(at * heads + head) * WORDS + word] * scale;
            }
        }
    }
    for (var side = 0u; side < 2u; side++) {
        let of_prefix = side == 0u;
        let first = select(seen.x, 0u, of_prefix);
        let last = select(seen.y, seen.z, of_prefix);
        for (var row = first; row < last; row += 4u * STEP) {
            share_rows(false, of_prefix, row, last, stride, offset, index);
            workgroupBarrier();
            for (var four = 0u; four < STEP; four++) {
                // Without an initial value some compilers keep that of the last turn.
                var scores = array<vec4<f32>, QUERIES>();
                for (var j = 0u; j < OWN; j++) {
                    let at = four * 4u * WORDS + min(part + 4u * j, WORDS - 1u);
                    let k0 = shared_rows[at];
                    let k1 = shared_rows[at + WORDS];
                    let k2 = shared_rows[at + 2u * WORDS];
                    let k3 = shared_rows[at + 3u * WORDS];
                    for (var n = 0u; n < QUERIES; n++) {
                        let o = own[n * OWN + j];
                        scores[n] += vec4<f32>(dot(o, k0), dot(o, k1), dot(o, k2), dot(o, k3));
                    }
                }
                for (var n = 0u; n < QUERIES; n++) {
                    shared_scores[(n * STEP + four) * 64u + index] = scores[n];
                }
            }
            workgroupBarrier();
            share_rows(true, of_prefix, row, last, stride, offset, index);
            var weights: array<vec4<f32>, STEP * QUERIES>;
            for (var n = 0u; n < QUERIES; n++) {
                var most = largest[n];
                for (var four = 0u; four < STEP; four++) {
                    let at = (n * STEP + four) * 64u + index - part;
                    var scores = shared_scores[at] + shared_scores[at + 1u] + shared_scores[at + 2u] + shared_scores[at + 3u];
                    let rows = FOUR + row + 4u * four;
                    if (of_prefix) {
                        scores = select(vec4<f32>(UNSEEN), scores, rows < vec4<u32>(last));
                    } else {
                        scores -= lowering * abs(vec4<f32>(rows) - f32(query[n]));
                        scores = select(vec4<f32>(UNSEEN), scores, (rows >= vec4<u32>(start[n])) & (rows < vec4<u32>(end[n])));
                    }
                    weights[n * STEP + four] = scores;
                    most = max(most, max(max(scores.x, scores.y), max(scores.z, scores.w)));
                }
                // The factor that rescales the sums so far. Rows that a query does not see count while it has seen no other:
                // the first visible row then rescales their sum to zero.
                let shrink = exp(largest[n] - most);
                largest[n] = most;
                var sum_of_weights = vec4<f32>(0.0);
                for (var four = 0u; four < STEP; four++) {
                    let weight = exp(weights[n * STEP + four] - most);
                    weights[n * STEP + four] = weight;
                    sum_of_weights += weight;
                }
                total[n] = total[n] * shrink + dot(sum_of_weights, vec4<f32>(1.0));
                for (var j = 0u; j < OWN; j++) {
                    sum[n * OWN + j] *= shrink;
                }
            }
            workgroupBarrier();
            for (var four = 0u; four < STEP; four++) {
                for (var j = 0u; j < OWN; j++) {
                    let at = four * 4u * WORDS + min(part + 4u * j, WORDS - 1u);
                    let v0 = shared_rows[at];
                    let v1 = shared_rows[at + WORDS];
                    let v2 = shared_rows[at + 2u * WORDS];
                    let v3 = shared_rows[at + 3u * WORDS];
                    for (var n = 0u; n < QUERIES; n++) {
                        let weight = weights[n * STEP + four];
                        var s = sum[n * OWN + j];
                        s += weight.x * v0;
                        s += weight.y * v1;
                        s += weight.z * v2;
                        s += weight.w * v3;
                        sum[n * OWN + j] = s;
                    }
                }
            }
            workgroupBarrier();
        }
    }
    for (var n = 0u; n < QUERIES; n++) {
        let at = first_query + index / 4u + 16u * n;
        for (var j = 0u; j < OWN; j++) {
            let word = part + 4u * j;
            if (at < queries && word < WORDS) {
                y[(at * heads + head) * WORDS + word] = sum[n * OWN + j] / total[n];
            }
        }
    }
}
