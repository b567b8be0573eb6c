// As attention.wgsl, with eight rows at a time. The four queries of a quad visit the same rows, so each invocation reads a
// quarter of them and broadcasts it to the others.
//
// The line before this text sets the number of vec4 words per head: `const WORDS = 32u;`

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;         // [queries, heads, WORDS]
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>;         // [rows, kv_heads, WORDS]
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;         // [rows, kv_heads, WORDS]
@group(0) @binding(3) var<storage, read_write> prefix_k: array<vec4<f32>>;  // [prefix, kv_heads, WORDS]
@group(0) @binding(4) var<storage, read_write> prefix_v: array<vec4<f32>>;  // [prefix, kv_heads, WORDS]
@group(0) @binding(5) var<storage, read_write> ranges: array<u32>;          // [queries, 2]: first visible row, one past the last
@group(0) @binding(6) var<storage, read_write> y: array<vec4<f32>>;         // [queries, heads, WORDS]
@group(0) @binding(7) var<storage, read_write> dims: array<u32>;            // queries, heads, kv_heads, prefix, scale as bits, no linear bias

const FOUR = vec4<u32>(0u, 1u, 2u, 3u);
const UNSEEN = vec4<f32>(-1e30);

var<private> largest: f32;
var<private> total: f32;

struct Weights {
    low: vec4<f32>,
    high: vec4<f32>,
    // The factor that rescales the sums so far.
    shrink: f32,
}

// The softmax weights of eight rows. Masked rows contribute while a query has seen masked rows only; the first visible row
// then rescales their sum to zero.
fn weigh(low: vec4<f32>, high: vec4<f32>) -> Weights {
    let top = max(low, high);
    let most = max(largest, max(max(top.x, top.y), max(top.z, top.w)));
    let weights = Weights(exp(low - most), exp(high - most), exp(largest - most));
    largest = most;
    total = total * weights.shrink + dot(weights.low + weights.high, vec4<f32>(1.0));
    return weights;
}

// The values that the four invocations of the quad have read.
fn all(own: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

fn least(value: u32) -> u32 {
    let pair = min(value, quadSwapX(value));
    return min(pair, quadSwapY(pair));
}

fn greatest(value: u32) -> u32 {
    let pair = max(value, quadSwapX(value));
    return max(pair, quadSwapY(pair));
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    // All invocations of a quad must stay active: those past the last query compute it again and do not store it.
    let query = min(id.x, dims[0] - 1u);
    let lane = id.x % 4u;
    let head = id.y;
    let heads = dims[1];
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
    largest = UNSEEN.x;
    total = 0.0;
    for (var row = 0u; row < prefix; row += 8u) {
        // Past the end the last row is read again and masked.
        let a = min(row + lane, prefix - 1u) * stride + offset;
        let b = min(row + 4u + lane, prefix - 1u) * stride + offset;
        var low = vec4<f32>(0.0);
        var high = vec4<f32>(0.0);
        for (var i = 0u; i < WORDS; i++) {
            low += own[i] * all(prefix_k[a + i]);
            high += own[i] * all(prefix_k[b + i]);
        }
        let rows = FOUR + row;
        let weights = weigh(
            select(UNSEEN, low, rows < vec4<u32>(prefix)),
            select(UNSEEN, high, rows + 4u < vec4<u32>(prefix)),
        );
        for (var i = 0u; i < WORDS; i++) {
            sum[i] = sum[i] * weights.shrink + all(prefix_v[a + i]) * weights.low + all(prefix_v[b + i]) * weights.high;
        }
    }
    let start = vec4<u32>(ranges[query * 2u]);
    let end = vec4<u32>(ranges[query * 2u + 1u]);
    let last = greatest(end.x);
    for (var row = least(start.x); row < last; row += 8u) {
        let a = min(row + lane, last - 1u) * stride + offset;
        let b = min(row + 4u + lane, last - 1u) * stride + offset;
        var low = vec4<f32>(0.0);
        var high = vec4<f32>(0.0);
        for (var i = 0u; i < WORDS; i++) {
            low += own[i] * all(k[a + i]);
            high += own[i] * all(k[b + i]);
        }
        let rows = FOUR + row;
        let weights = weigh(
            select(UNSEEN, low, (rows >= start) & (rows < end)),
            select(UNSEEN, high, (rows + 4u >= start) & (rows + 4u < end)),
        );
        for (var i = 0u; i < WORDS; i++) {
            sum[i] = sum[i] * weights.shrink + all(v[a + i]) * weights.low + all(v[b + i]) * weights.high;
        }
    }
    if (id.x < dims[0]) {
        for (var i = 0u; i < WORDS; i++) {
            y[place + i] = sum[i] / total;
        }
    }
}
