// One invocation works on a row.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let row = (group.y * dims[3] + group.x) * 64u + local.x;
    if (row >= dims[0]) {
        return;
    }
    let width = dims[1];
    let start = row * width;
    var mean = 0.0;
    if (CENTERED) {
        for (var i = 0u; i < width; i++) {
            mean += x[start + i];
        }
        mean /= f32(width);
    }
    var squares = 0.0;
    for (var i = 0u; i < width; i++) {
        let value = x[start + i] - mean;
        squares += value * value;
    }
    let scale = inverseSqrt(squares / f32(width) + bitcast<f32>(dims[2]));
    for (var i = 0u; i < width; i++) {
        store(start, i, (x[start + i] - mean) * scale);
    }
}
