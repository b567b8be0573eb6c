// y[m, n] = x[m, k] · w[n, k]ᵀ. A workgroup computes 64 rows × 64 columns and shares 16 values of each along k at a time, so
// that a weight is unpacked once for 64 rows. An invocation's rows and columns are 16 apart, which makes accesses contiguous.

var<workgroup> rows: array<vec4<f32>, 256>;     // [4][64]
var<workgroup> columns: array<vec4<f32>, 256>;  // [4][64]
var<workgroup> size: vec3<u32>;

@compute @workgroup_size(16, 16, 1)
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
    // This invocation loads four values of a row and of a column.
    let lane = index % 64u;
    let part = index / 64u;
    let from_row = min(group.y * 64u + lane, m - 1u);
    let from_column = min(group.x * 64u + lane, n - 1u);
    var a0 = vec4<f32>(0.0);
    var a1 = vec4<f32>(0.0);
    var a2 = vec4<f32>(0.0);
    var a3 = vec4<f32>(0.0);
    for (var start = 0u; start < words; start += 4u) {
        let i = start + part;
        if (i < words) {
            rows[index] = x[from_row * words + i];
            columns[index] = four(from_column * words + i, scale_of(from_column, i / 8u, blocks));
        } else {
            rows[index] = vec4<f32>(0.0);
            columns[index] = vec4<f32>(0.0);
        }
        workgroupBarrier();
        for (var j = 0u; j < 256u; j += 64u) {
            let c = j + id.x;
            let r = j + id.y;
            let w = mat4x4<f32>(columns[c], columns[c + 16u], columns[c + 32u], columns[c + 48u]);
            a0 += rows[r] * w;
            a1 += rows[r + 16u] * w;
            a2 += rows[r + 32u] * w;
            a3 += rows[r + 48u] * w;
        }
        workgroupBarrier();
    }
    let row = group.y * 64u + id.y;
    let col = group.x * 64u + id.x;
    store(row, col, 16u, a0);
    store(row + 16u, col, 16u, a1);
    store(row + 32u, col, 16u, a2);
    store(row + 48u, col, 16u, a3);
}
