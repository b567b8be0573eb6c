// Means of runs of rows. One invocation computes one column of one run.

@group(0) @binding(0) var<storage, read_write> x: array<f32>;       // [rows, columns]
@group(0) @binding(1) var<storage, read_write> ranges: array<u32>;  // [runs, 2]: first row, one past the last
@group(0) @binding(2) var<storage, read_write> y: array<f32>;       // [runs, columns]
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;    // runs, columns, workgroups in x

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let i = (group.y * dims[2] + group.x) * 64u + local.x;
    let columns = dims[1];
    let run = i / columns;
    if (run >= dims[0]) {
        return;
    }
    let start = ranges[run * 2u];
    let end = ranges[run * 2u + 1u];
    // In parts of 64 rows: one running sum over thousands would lose digits.
    var total = 0.0;
    for (var first = start; first < end; first += 64u) {
        var part = 0.0;
        for (var row = first; row < min(first + 64u, end); row++) {
            part += x[row * columns + i % columns];
        }
        total += part;
    }
    y[i] = total / f32(end - start);
}
