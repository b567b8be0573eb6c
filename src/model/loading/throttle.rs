//! Keeps a load from running ahead of the device. What was uploaded stays in the browser's memory until the GPU process
//! takes it; a fast disk would pile up a whole model there.

use std::cell::Cell;

use burn::tensor::Device;

use crate::bytes::SourceError;
use crate::kernels::{download, upload};
use crate::model::yielding::YieldPoint;
use crate::weights::WeightsError;

/// Bytes that may be in flight to the device. Less makes a load wait more often and saves nothing.
pub const MAX_IN_FLIGHT_BYTES: usize = 16 << 20;

/// Counts the bytes that one load uploads.
pub struct UploadThrottle<'a> {
    device: &'a Device,
    yield_point: &'a dyn YieldPoint,
    in_flight: Cell<usize>,
}

impl<'a> UploadThrottle<'a> {
    pub fn new(device: &'a Device, yield_point: &'a dyn YieldPoint) -> Self {
        Self { device, yield_point, in_flight: Cell::new(0) }
    }

    /// Called after each upload: lets other tasks run, and waits for the device once too much is in flight.
    pub async fn uploaded(&self, bytes: usize) -> Result<(), WeightsError> {
        self.yield_point.yield_now().await.map_err(|_| SourceError::Aborted)?;
        self.in_flight.set(self.in_flight.get() + bytes);
        if self.in_flight.get() < MAX_IN_FLIGHT_BYTES {
            return Ok(());
        }
        self.in_flight.set(0);
        // The queue is in order, so a readback completes after all earlier uploads. If the device failed, the first
        // computation reports that with more detail.
        let _ = download(upload(vec![0.0], [1, 1], self.device)).await;
        Ok(())
    }
}
