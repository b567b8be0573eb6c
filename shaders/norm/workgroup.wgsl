// One workgroup works on one row.

var<workgroup> partial: array<f32, 64>;

fn sum_of_workgroup(own: f32, lane: u32) -> f32 {
    partial[lane] = own;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < 64u; i++) {
        sum += partial[i];
    }
    workgroupBarrier();
    return sum;
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let rows = dims[0];
    let width = dims[1];
    let row = group.y * dims[3] + group.x;
    // Workgroups past the last row compute it again and store nothing: every invocation must reach the barriers.
    let start = min(row, rows - 1u) * width;
    var mean = 0.0;
    if (CENTERED) {
        var sum = 0.0;
        for (var i = local.x; i < width; i += 64u) {
            sum += x[start + i];
        }
        mean = sum_of_workgroup(sum, local.x) / f32(width);
    }
    var squares = 0.0;
    for (var i = local.x; i < width; i += 64u) {
        let value = x[start + i] - mean;
        squares += value * value;
    }
    squares = sum_of_workgroup(squares, local.x);
    if (row >= rows) {
        return;
    }
    let scale = inverseSqrt(squares / f32(width) + bitcast<f32>(dims[2]));
    for (var i = local.x; i < width; i += 64u) {
        store(start, i, (x[start + i] - mean) * scale);
    }
}
