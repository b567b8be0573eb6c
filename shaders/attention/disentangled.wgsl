// Attention whose scores also depend on relative positions (DeBERTa): of a query with the position of a key, and of a key with
// the position of a query. As attention/direct.wgsl otherwise, one row at a time and without a prefix.
//
// The line before this text sets the number of vec4 words per head: `const WORDS = 32u;`

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;           // [rows, heads, WORDS]
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>;           // [rows, heads, WORDS]
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;           // [rows, heads, WORDS]
@group(0) @binding(3) var<storage, read_write> relative_k: array<vec4<f32>>;  // [positions, heads, WORDS]
@group(0) @binding(4) var<storage, read_write> relative_q: array<vec4<f32>>;  // [positions, heads, WORDS]
@group(0) @binding(5) var<storage, read_write> ranges: array<u32>;            // [rows, 2]: first visible row, one past the last
@group(0) @binding(6) var<storage, read_write> y: array<vec4<f32>>;           // [rows, heads, WORDS]
@group(0) @binding(7) var<storage, read_write> dims: array<u32>;              // rows, heads, scale as bits, reach, then a position for each distance

const TABLE = 4u;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let query = id.x;
    let head = id.y;
    let heads = dims[1];
    if (query >= dims[0] || head >= heads) {
        return;
    }
    let scale = bitcast<f32>(dims[2]);
    let reach = dims[3];
    let stride = heads * WORDS;
    let offset = head * WORDS;
    let place = query * stride + offset;
    var own: array<vec4<f32>, WORDS>;
    var sum: array<vec4<f32>, WORDS>;
    for (var i = 0u; i < WORDS; i++) {
        own[i] = q[place + i];
        sum[i] = vec4<f32>(0.0);
    }
    var largest = -1e30;
    var total = 0.0;
    let end = ranges[query * 2u + 1u];
    for (var row = ranges[query * 2u]; row < end; row++) {
        let at = row * stride + offset;
        let position = dims[TABLE + query + reach - 1u - row] * stride + offset;
        var score = 0.0;
        for (var i = 0u; i < WORDS; i++) {
            let key = k[at + i];
            score += dot(own[i], key + relative_k[position + i]) + dot(key, relative_q[position + i]);
        }
        score *= scale;
        let most = max(largest, score);
        let shrink = exp(largest - most);
        let weight = exp(score - most);
        largest = most;
        total = total * shrink + weight;
        for (var i = 0u; i < WORDS; i++) {
            sum[i] = sum[i] * shrink + weight * v[at + i];
        }
    }
    for (var i = 0u; i < WORDS; i++) {
        y[place + i] = sum[i] / total;
    }
}
