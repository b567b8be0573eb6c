// Attention of queries to a shared prefix and to a range of the batch's own rows, with grouped heads, and scores that
// are never stored: a running maximum and sum, corrected when the maximum grows. One invocation a query and head.

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;         // [queries, heads, width / 4]
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>;         // [rows, kv_heads, width / 4]
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;         // [rows, kv_heads, width / 4]
@group(0) @binding(3) var<storage, read_write> prefix_k: array<vec4<f32>>;  // [prefix, kv_heads, width / 4]
@group(0) @binding(4) var<storage, read_write> prefix_v: array<vec4<f32>>;  // [prefix, kv_heads, width / 4]
@group(0) @binding(5) var<storage, read_write> ranges: array<u32>;          // [queries, 2]: first row seen, one past the last
@group(0) @binding(6) var<storage, read_write> y: array<vec4<f32>>;         // [queries, heads, width / 4]
@group(0) @binding(7) var<storage, read_write> dims: array<u32>;            // queries, heads, kv_heads, width, prefix, scale as bits

const MAX_WORDS = 32u;  // heads of up to 128

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let query = id.x;
    let head = id.y;
    if (query >= dims[0] || head >= dims[1]) {
        return;
    }
    let kv_heads = dims[2];
    let words = dims[3] / 4u;
    let prefix = dims[4];
    let scale = bitcast<f32>(dims[5]);
    let kv_head = head / (dims[1] / kv_heads);
    let at = (query * dims[1] + head) * words;
    var own: array<vec4<f32>, MAX_WORDS>;
    var sum: array<vec4<f32>, MAX_WORDS>;
    for (var i = 0u; i < words; i++) {
        own[i] = q[at + i] * scale;
        sum[i] = vec4<f32>(0.0);
    }
    var largest = -1e30;
    var total = 0.0;
    for (var row = 0u; row < prefix; row++) {
        let key = (row * kv_heads + kv_head) * words;
        var score = 0.0;
        for (var i = 0u; i < words; i++) {
            score += dot(own[i], prefix_k[key + i]);
        }
        if (score > largest) {
            let shrink = exp(largest - score);
            total *= shrink;
            for (var i = 0u; i < words; i++) {
                sum[i] *= shrink;
            }
            largest = score;
        }
        let weight = exp(score - largest);
        total += weight;
        for (var i = 0u; i < words; i++) {
            sum[i] += weight * prefix_v[key + i];
        }
    }
    for (var row = ranges[query * 2u]; row < ranges[query * 2u + 1u]; row++) {
        let key = (row * kv_heads + kv_head) * words;
        var score = 0.0;
        for (var i = 0u; i < words; i++) {
            score += dot(own[i], k[key + i]);
        }
        if (score > largest) {
            let shrink = exp(largest - score);
            total *= shrink;
            for (var i = 0u; i < words; i++) {
                sum[i] *= shrink;
            }
            largest = score;
        }
        let weight = exp(score - largest);
        total += weight;
        for (var i = 0u; i < words; i++) {
            sum[i] += weight * v[key + i];
        }
    }
    for (var i = 0u; i < words; i++) {
        y[at + i] = sum[i] / total;
    }
}
