//! Moving values between the host and a device, and rearranging rows and columns there.

#[cfg(feature = "gpu")]
use burn::backend::DispatchDevice;
use burn::backend::{Dispatch, Flex};
use burn::tensor::{DType, Device, Int, Tensor};
#[cfg(feature = "gpu")]
use burn_cubecl::CubeBackend;

use super::cpu;
#[cfg(feature = "gpu")]
use super::gpu;
use super::kernel_ops::KernelOps;
use super::params::BlockCopy;

/// Calls a function of `cpu` or `gpu` and wraps the tensor that it returns.
macro_rules! on_device {
    ($device:expr, $make:ident($($argument:expr),*)) => {
        match $device.as_dispatch() {
            #[cfg(feature = "gpu")]
            DispatchDevice::Cube(device) => Tensor::from_primitive::<CubeBackend>(gpu::tensor::$make($($argument,)* device)),
            _ => Tensor::from_primitive::<Flex>(cpu::$make($($argument),*)),
        }
    };
}

/// A matrix of f32 on `device`.
pub fn upload(values: Vec<f32>, shape: [usize; 2], device: &Device) -> Tensor<2> {
    on_device!(device, upload(values, &shape, DType::F32))
}

/// A vector of f32 on `device`.
pub fn upload_vector(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let shape = [values.len()];
    on_device!(device, upload(values, &shape, DType::F32))
}

/// A matrix of 32-bit words on `device`.
pub fn upload_words(words: Vec<u32>, shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    on_device!(device, upload(words, &shape, DType::U32))
}

/// A matrix of 32-bit words on `device`, from their little-endian bytes.
pub fn upload_bytes(bytes: Vec<u8>, shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    on_device!(device, upload(bytes, &shape, DType::U32))
}

/// A matrix whose values are not set yet.
pub(super) fn empty(shape: [usize; 2], device: &Device) -> Tensor<2> {
    on_device!(device, empty(&shape, DType::F32))
}

fn empty_words(shape: [usize; 2], device: &Device) -> Tensor<2, Int> {
    on_device!(device, empty(&shape, DType::U32))
}

/// A matrix of zeros on `device`.
pub fn zeros(shape: [usize; 2], device: &Device) -> Tensor<2> {
    upload(vec![0.0; shape[0] * shape[1]], shape, device)
}

/// Reads a matrix back; what fails is the device.
pub async fn download(x: Tensor<2>) -> Result<Vec<f32>, String> {
    match x.device().as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(_) => {
            gpu::tensor::download(x.try_into_primitive::<CubeBackend>().map_err(|e| format!("{e:?}"))?).await
        }
        _ => Ok(cpu::Values::new(x.try_into_primitive::<Flex>().map_err(|e| format!("{e:?}"))?).f32().to_vec()),
    }
}

/// Reads a matrix of words back.
pub async fn download_words(x: Tensor<2, Int>) -> Result<Vec<u32>, String> {
    match x.device().as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(_) => {
            gpu::tensor::download(x.try_into_primitive::<CubeBackend>().map_err(|e| format!("{e:?}"))?).await
        }
        _ => Ok(cpu::Values::new(x.try_into_primitive::<Flex>().map_err(|e| format!("{e:?}"))?).u32().to_vec()),
    }
}

/// Waits until the device has finished everything that `x` depends on.
pub async fn synchronize(x: &Tensor<2>) -> Result<(), String> {
    download(copy(x.clone(), BlockCopy { shape: [1, 1], from: [0, 0], to: [0, 0] }, [1, 1])).await.map(drop)
}

/// Rows `indices[i]` of `x`, below each other.
pub fn gather_rows(x: Tensor<2>, indices: &[u32]) -> Tensor<2> {
    let (device, columns) = (x.device(), x.dims()[1]);
    let out = empty([indices.len(), columns], &device);
    let indices = upload_indices(indices, x.dims()[0], &device);
    Tensor::from_dispatch(<Dispatch as KernelOps>::gather_rows(
        x.into_dispatch(),
        indices.into_dispatch(),
        out.into_dispatch(),
    ))
}

/// [`gather_rows`] of a matrix of words.
pub fn gather_word_rows(x: Tensor<2, Int>, indices: &[u32]) -> Tensor<2, Int> {
    let (device, columns) = (x.device(), x.dims()[1]);
    let out = empty_words([indices.len(), columns], &device);
    let indices = upload_indices(indices, x.dims()[0], &device);
    Tensor::from_dispatch(<Dispatch as KernelOps>::gather_word_rows(
        x.into_dispatch(),
        indices.into_dispatch(),
        out.into_dispatch(),
    ))
}

fn upload_indices(indices: &[u32], rows: usize, device: &Device) -> Tensor<2, Int> {
    assert!(!indices.is_empty() && indices.iter().all(|&i| (i as usize) < rows), "a row beyond the matrix's {rows}");
    upload_words(indices.to_vec(), [1, indices.len()], device)
}

/// Rows `start .. start + count`.
pub fn slice_rows(x: Tensor<2>, start: usize, count: usize) -> Tensor<2> {
    let shape = [count, x.dims()[1]];
    copy(x, BlockCopy { shape, from: [start, 0], to: [0, 0] }, shape)
}

/// Columns `start .. start + count`.
pub fn slice_columns(x: Tensor<2>, start: usize, count: usize) -> Tensor<2> {
    let shape = [x.dims()[0], count];
    copy(x, BlockCopy { shape, from: [0, start], to: [0, 0] }, shape)
}

fn copy(x: Tensor<2>, block: BlockCopy, shape: [usize; 2]) -> Tensor<2> {
    let out = empty(shape, &x.device());
    copy_into(x, out, block)
}

fn copy_into(x: Tensor<2>, out: Tensor<2>, block: BlockCopy) -> Tensor<2> {
    check_block(x.dims(), out.dims(), block);
    Tensor::from_dispatch(<Dispatch as KernelOps>::copy_block(x.into_dispatch(), out.into_dispatch(), block))
}

fn check_block(x: [usize; 2], out: [usize; 2], BlockCopy { shape, from, to }: BlockCopy) {
    let fits = (0..2)
        .all(|axis| shape[axis] > 0 && from[axis] + shape[axis] <= x[axis] && to[axis] + shape[axis] <= out[axis]);
    assert!(fits, "a block of {shape:?} from {from:?} of {x:?} to {to:?} of {out:?}");
}

/// Matrices below each other; at least one.
pub fn concat_rows(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let rows = parts.iter().map(|part| part.dims()[0]).sum();
    let mut out = empty([rows, parts[0].dims()[1]], &parts[0].device());
    let mut row = 0;
    for part in parts {
        let shape = part.dims();
        out = copy_into(part, out, BlockCopy { shape, from: [0, 0], to: [row, 0] });
        row += shape[0];
    }
    out
}

/// [`concat_rows`] of matrices of words.
pub fn concat_word_rows(mut parts: Vec<Tensor<2, Int>>) -> Tensor<2, Int> {
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let rows = parts.iter().map(|part| part.dims()[0]).sum();
    let mut out = empty_words([rows, parts[0].dims()[1]], &parts[0].device());
    let mut row = 0;
    for part in parts {
        let block = BlockCopy { shape: part.dims(), from: [0, 0], to: [row, 0] };
        check_block(part.dims(), out.dims(), block);
        row += block.shape[0];
        let copied = <Dispatch as KernelOps>::copy_word_block(part.into_dispatch(), out.into_dispatch(), block);
        out = Tensor::from_dispatch(copied);
    }
    out
}

/// Matrices side by side; at least one.
pub fn concat_columns(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let columns = parts.iter().map(|part| part.dims()[1]).sum();
    let mut out = empty([parts[0].dims()[0], columns], &parts[0].device());
    let mut column = 0;
    for part in parts {
        let shape = part.dims();
        out = copy_into(part, out, BlockCopy { shape, from: [0, 0], to: [0, column] });
        column += shape[1];
    }
    out
}

/// `x` with columns of zeros behind its own, so that there are `columns`.
pub fn pad_columns(x: Tensor<2>, columns: usize) -> Tensor<2> {
    let [rows, own] = x.dims();
    let out = zeros([rows, columns], &x.device());
    copy_into(x, out, BlockCopy { shape: [rows, own], from: [0, 0], to: [0, 0] })
}

/// The same values, row by row, as a matrix of this shape.
pub fn reshape<const D: usize>(x: Tensor<D>, shape: [usize; 2]) -> Tensor<2> {
    assert_eq!(x.dims().iter().product::<usize>(), shape.iter().product::<usize>(), "another number of values");
    match x.device().as_dispatch() {
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(_) => match x.try_into_primitive::<CubeBackend>() {
            Ok(x) => Tensor::from_primitive::<CubeBackend>(gpu::tensor::reshape(x, &shape)),
            Err(e) => unreachable!("a float tensor of this device: {e:?}"),
        },
        _ => match x.try_into_primitive::<Flex>() {
            Ok(x) => Tensor::from_primitive::<Flex>(cpu::reshape(x, &shape)),
            Err(e) => unreachable!("a float tensor of this device: {e:?}"),
        },
    }
}
