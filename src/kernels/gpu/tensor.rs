//! Tensors from and to the host.

use burn::tensor::{Bytes, DType, Shape};
use burn_cubecl::CubeDevice;
use burn_cubecl::tensor::CubeTensor;
use bytemuck::{Pod, PodCastError};

/// A tensor with these values.
pub fn upload<T: Pod + Send + Sync>(values: Vec<T>, shape: &[usize], dtype: DType, device: &CubeDevice) -> CubeTensor {
    let client = device.client();
    let handle = client.create(Bytes::from_elems(values));
    CubeTensor::new_contiguous(client, device.clone(), Shape::from(shape.to_vec()), handle, dtype)
}

/// A tensor whose values are whatever its memory held.
pub fn empty(shape: &[usize], dtype: DType, device: &CubeDevice) -> CubeTensor {
    let client = device.client();
    let handle = client.empty(shape.iter().product::<usize>() * dtype.size());
    CubeTensor::new_contiguous(client, device.clone(), Shape::from(shape.to_vec()), handle, dtype)
}

/// The values of a tensor.
pub async fn download<T: Pod>(tensor: CubeTensor) -> Result<Vec<T>, String> {
    let count = tensor.meta.shape().num_elements();
    let read = tensor.client.read_async(vec![tensor.handle.clone()]).await.map_err(|e| format!("{e:?}"))?;
    let bytes = read.first().ok_or("the device returned no buffer")?;
    let bytes = bytes.get(..count * size_of::<T>()).ok_or("the device returned too few bytes")?;
    match bytemuck::try_cast_slice(bytes) {
        Ok(values) => Ok(values.to_vec()),
        Err(PodCastError::TargetAlignmentGreaterAndInputNotAligned) => {
            Ok(bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect())
        }
        Err(e) => Err(e.to_string()),
    }
}

/// The same values in another shape.
pub fn reshape(tensor: CubeTensor, shape: &[usize]) -> CubeTensor {
    let CubeTensor { client, handle, device, dtype, .. } = tensor;
    CubeTensor::new_contiguous(client, device, Shape::from(shape.to_vec()), handle, dtype)
}
