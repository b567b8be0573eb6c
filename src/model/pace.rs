//! A load that does not run ahead of the device: what was handed over stays in the browser's memory until the GPU's
//! process has taken it, and a fast disk would pile up a whole model there.

use std::cell::Cell;

use burn::tensor::Device;

use super::Turns;
use crate::bytes::SourceError;
use crate::kernels::{download, upload};
use crate::weights::WeightsError;

/// Bytes that may be on their way to the device. Less makes a load wait more often, with nothing left to save.
pub const MAX_AHEAD_BYTES: usize = 16 << 20;

/// Counts what one load hands over.
pub struct Pace<'a> {
    device: &'a Device,
    turns: &'a dyn Turns,
    ahead: Cell<usize>,
}

impl<'a> Pace<'a> {
    pub fn new(device: &'a Device, turns: &'a dyn Turns) -> Self {
        Self { device, turns, ahead: Cell::new(0) }
    }

    /// To be called after so many bytes: lets others run, and waits, now and then, until the device has them.
    pub async fn after(&self, bytes: usize) -> Result<(), WeightsError> {
        self.turns.next().await.map_err(|_| SourceError::Aborted)?;
        self.ahead.set(self.ahead.get() + bytes);
        if self.ahead.get() < MAX_AHEAD_BYTES {
            return Ok(());
        }
        self.ahead.set(0);
        // The queue keeps its order: what comes back was behind all the rest. A device that fails says so at its first
        // computation, with more to tell.
        let _ = download(upload(vec![0.0], [1, 1], self.device)).await;
        Ok(())
    }
}
