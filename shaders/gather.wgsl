// Copies chosen rows of a matrix of 32-bit words below each other. One invocation copies one word.

@group(0) @binding(0) var<storage, read_write> x: array<u32>;        // [rows, columns]
@group(0) @binding(1) var<storage, read_write> indices: array<u32>;  // [count]
@group(0) @binding(2) var<storage, read_write> y: array<u32>;        // [count, columns]
@group(0) @binding(3) var<storage, read_write> dims: array<u32>;     // count, columns, workgroups in x

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let i = (group.y * dims[2] + group.x) * 64u + local.x;
    let columns = dims[1];
    let row = i / columns;
    if (row < dims[0]) {
        y[i] = x[indices[row] * columns + i % columns];
    }
}
