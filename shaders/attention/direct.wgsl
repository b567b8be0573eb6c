// Grouped-query attention to a shared prefix and to a range of the batch's own rows. Scores are not stored: online softmax
// keeps a running maximum and sum, rescaled when the maximum grows. One invocation per query and head, four rows at a time.
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

var<private> largest: f32;
var<private> total: f32;

struct Weights {
    rows: vec4<f32>,
    // The factor that rescales the sums so far.
    shrink: f32,
}

// The softmax weights of four rows, of which the first `count` are valid.
fn weigh(scores: vec4<f32>, count: u32) -> Weights {
    let seen = select(vec4<f32>(-1e30), scores, vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(count));
    let most = max(largest, max(max(seen.x, seen.y), max(seen.z, seen.w)));
    let shrink = exp(largest - most);
    let weights = exp(seen - most);
    largest = most;
    total = total * shrink + dot(weights, vec4<f32>(1.0));
    return Weights(weights, shrink);
}

// The slope of a head in ALiBi; see `linear_bias_slope` in params.rs.
fn slope(head: u32, heads: u32) -> f32 {
    let power = 1u << firstLeadingBit(heads);
    if (head < power) {
        return exp2(-8.0 * f32(head + 1u) / f32(power));
    }
    return exp2(-8.0 * f32(2u * (head - power) + 1u) / f32(2u * power));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let query = id.x;
    let head = id.y;
    let heads = dims[1];
    if (query >= dims[0] || head >= heads) {
        return;
    }
    let prefix = dims[3];
    let scale = bitcast<f32>(dims[4]);
    let stride = dims[2] * WORDS;
    let offset = head / (heads / dims[2]) * WORDS;
    let place = (query * heads + head) * WORDS;
    var own: array<vec4<f32>, WORDS>;
    var sum: array<vec4<f32>, WORDS>;
    for (var i = 0u; i < WORDS; i++) {
        own[i] = q[place + i] * scale;
        sum[i] = vec4<f32>(0.0);
    }
    largest = -1e30;
    total = 0.0;
    for (var row = 0u; row < prefix; row += 4u) {
        // Past the end the last row is read again and masked.
        let at = min(vec4<u32>(row, row + 1u, row + 2u, row + 3u), vec4<u32>(prefix - 1u)) * stride + offset;
        var scores = vec4<f32>(0.0);
        for (var i = 0u; i < WORDS; i++) {
            let o = own[i];
            scores += vec4<f32>(dot(o, prefix_k[at.x + i]), dot(o, prefix_k[at.y + i]), dot(o, prefix_k[at.z + i]), dot(o, prefix_k[at.w + i]));
        }
        let weights = weigh(scores, prefix - row);
        for (var i = 0u; i < WORDS; i++) {
            sum[i] = sum[i] * weights.shrink + weights.rows.x * prefix_v[at.x + i] + weights.rows.y * prefix_v[at.y + i]
                + weights.rows.z * prefix_v[at.z + i] + weights.rows.w * prefix_v[at.w + i];
        }
    }
    let end = ranges[query * 2u + 1u];
    let lowering = select(0.0, slope(head, heads), dims[5] == 1u);
    for (var row = ranges[query * 2u]; row < end; row += 4u) {
        // Past the end the last row is read again and masked.
        let at = min(vec4<u32>(row, row + 1u, row + 2u, row + 3u), vec4<u32>(end - 1u)) * stride + offset;
        var scores = vec4<f32>(0.0);
        for (var i = 0u; i < WORDS; i++) {
            let o = own[i];
            scores += vec4<f32>(dot(o, k[at.x + i]), dot(o, k[at.y + i]), dot(o, k[at.z + i]), dot(o, k[at.w + i]));
        }
        if (lowering > 0.0) {
            scores -= lowering * abs(vec4<f32>(0.0, 1.0, 2.0, 3.0) + f32(row) - f32(query));
        }
        let weights = weigh(scores, end - row);
        for (var i = 0u; i < WORDS; i++) {
            sum[i] = sum[i] * weights.shrink + weights.rows.x * v[at.x + i] + weights.rows.y * v[at.y + i]
                + weights.rows.z * v[at.z + i] + weights.rows.w * v[at.w + i];
        }
    }
    for (var i = 0u; i < WORDS; i++) {
        y[place + i] = sum[i] / total;
    }
}
