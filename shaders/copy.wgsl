// Copies a block of a matrix of 32-bit words into a matrix. One invocation copies one word.

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<storage, read_write> dims: array<u32>;
// dims: rows and columns of the block, first word and row length in x, first word and row length in y, workgroups in x

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let i = (group.y * dims[6] + group.x) * 64u + local.x;
    let columns = dims[1];
    let row = i / columns;
    let column = i % columns;
    if (row < dims[0]) {
        y[dims[4] + row * dims[5] + column] = x[dims[2] + row * dims[3] + column];
    }
}
