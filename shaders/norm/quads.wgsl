// The four invocations of a quad work on a row: no barrier, and neighbors read neighboring values.

fn sum_of_quad(own: f32) -> f32 {
    let pair = own + quadSwapX(own);
    return pair + quadSwapY(pair);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = (group.y * dims[3] + group.x) * 16u + local / 4u;
    if (row >= dims[0]) {
        return;
    }
    let width = dims[1];
    let start = row * width;
    let lane = local % 4u;
    var mean = 0.0;
    if (CENTERED) {
        for (var i = lane; i < width; i += 4u) {
            mean += x[start + i];
        }
        mean = sum_of_quad(mean) / f32(width);
    }
    var squares = 0.0;
    for (var i = lane; i < width; i += 4u) {
        let value = x[start + i] - mean;
        squares += value * value;
    }
    squares = sum_of_quad(squares);
    let scale = inverseSqrt(squares / f32(width) + bitcast<f32>(dims[2]));
    for (var i = lane; i < width; i += 4u) {
        store(start, i, (x[start + i] - mean) * scale);
    }
}
