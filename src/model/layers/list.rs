//! The layers of a trunk, in order: kept on the device, or read again from the checkpoint whenever they are needed.

use std::cell::Cell;

use futures_util::future::try_join;

use super::source::{LayerReader, StreamedLayers, TensorFuture, TensorScope};
use crate::model::error::ModelError;
use crate::model::yielding::YieldPoint;
use crate::weights::WeightsError;

/// A layer that a list can hold.
pub trait ListedLayer: Sized + 'static {
    /// What all layers of a list are built with.
    type Config: Clone + 'static;

    /// The layer at `at`.
    fn load<'a>(at: &'a TensorScope<'_>, config: &'a Self::Config) -> TensorFuture<'a, Self>;
}

/// How long passes through a list have taken, without the layers that are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StreamTimes {
    /// Milliseconds of computing while the next layer was being read.
    pub compute_ms: f64,
    /// Milliseconds of waiting for the next layer after that.
    pub wait_ms: f64,
}

impl StreamTimes {
    /// What was added since an earlier reading.
    pub fn since(self, earlier: Self) -> Self {
        Self { compute_ms: self.compute_ms - earlier.compute_ms, wait_ms: self.wait_ms - earlier.wait_ms }
    }
}

/// The layers of a trunk.
pub struct LayerList<L: ListedLayer> {
    kept: Vec<L>,
    /// Reads the others.
    reader: Option<Box<dyn LayerReader>>,
    path: String,
    config: L::Config,
    count: usize,
    times: Cell<StreamTimes>,
}

impl<L: ListedLayer> LayerList<L> {
    /// `count` layers at `at`. `on_part` is called after each.
    pub async fn load(
        at: &TensorScope<'_>,
        config: &L::Config,
        count: usize,
        on_part: &mut dyn FnMut(),
    ) -> Result<Self, WeightsError> {
        let (kept, reader) = match at.source().streamed(at.path()) {
            Some(StreamedLayers { kept, reader }) => (kept, Some(reader)),
            None => (count, None),
        };
        let mut layers = Vec::with_capacity(kept);
        for i in 0..count {
            if i < kept {
                layers.push(L::load(&at.at(i), config).await?);
            }
            on_part();
        }
        let path = at.path().to_owned();
        Ok(Self { kept: layers, reader, path, config: config.clone(), count, times: Cell::default() })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether some are read again at each pass. Then a step should wait for the device, or layers pile up on it.
    pub fn is_streamed(&self) -> bool {
        self.reader.is_some()
    }

    /// Of all passes so far.
    pub fn times(&self) -> StreamTimes {
        self.times.get()
    }

    /// Calls `step` with each layer. The next one is read meanwhile, so at most two of those that are not kept are on the
    /// device.
    pub async fn for_each(
        &self,
        yield_point: &dyn YieldPoint,
        mut step: impl AsyncFnMut(usize, &L) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        let mut ahead = None;
        for i in 0..self.count {
            let read = match (self.kept.get(i), ahead.take()) {
                (Some(_), _) => None,
                (None, Some(layer)) => Some(layer),
                (None, None) => self.read(i, yield_point).await?,
            };
            let Some(layer) = self.kept.get(i).or(read.as_ref()) else { unreachable!("it is kept or was read") };
            let start = yield_point.now();
            let stepping = async {
                step(i, layer).await?;
                Ok(yield_point.now())
            };
            // Reading is polled first: it is under way while the step computes without a pause.
            let (next, done) = try_join(self.read(i + 1, yield_point), stepping).await?;
            if next.is_some() {
                let StreamTimes { compute_ms, wait_ms } = self.times.get();
                let wait = yield_point.now() - done;
                self.times.set(StreamTimes { compute_ms: compute_ms + done - start, wait_ms: wait_ms + wait });
            }
            ahead = next;
        }
        Ok(())
    }

    /// A layer that is not kept; `None` for one that is, or past the last.
    async fn read(&self, index: usize, yield_point: &dyn YieldPoint) -> Result<Option<L>, ModelError> {
        let Some(reader) = self.reader.as_ref().filter(|_| (self.kept.len()..self.count).contains(&index)) else {
            return Ok(None);
        };
        yield_point.yield_now().await?;
        let (tensors, path) = (reader.layer(), format!("{}.{index}", self.path));
        L::load(&TensorScope::named(tensors.recorder(), path.clone()), &self.config).await?;
        let source = tensors.read().await?;
        Ok(Some(L::load(&TensorScope::named(&*source, path), &self.config).await?))
    }
}
