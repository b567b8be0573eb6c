//! The tensors that a model requires, so that an incomplete checkpoint is refused before gigabytes of it are read.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::collector::TensorCollector;
use super::spec::TensorSpec;
use crate::bytes::WeightsError;
use crate::model::config::ModelConfig;
use crate::model::trunk::Trunk;
use crate::weights::Checkpoint;

/// How many missing tensors a message names.
const MAX_NAMED: usize = 5;

/// All tensors of a model but those of its head, which has several forms.
pub fn required_tensors(config: &ModelConfig) -> Vec<TensorSpec> {
    let collector = TensorCollector::new(config.family().spec().tensors);
    let trunk = poll_once(Trunk::load(&collector, config, [None; 2], &mut || {}));
    debug_assert!(matches!(trunk, Poll::Ready(Ok(_))), "a collector never waits and never fails");
    collector.into_specs()
}

/// Runs a future that never waits.
fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Refuses a checkpoint that lacks tensors, and names the first few.
pub fn check_complete(checkpoint: &Checkpoint, config: &ModelConfig) -> Result<(), WeightsError> {
    let mut missing = required_tensors(config);
    missing.retain(|tensor| !tensor.is_in(checkpoint));
    let Some(first) = missing.first() else { return Ok(()) };
    let names: Vec<&str> = missing.iter().take(MAX_NAMED).map(|tensor| tensor.name.as_str()).collect();
    let more =
        if missing.len() > MAX_NAMED { format!(" and {} more", missing.len() - MAX_NAMED) } else { String::new() };
    let detail = format!("the file lacks {}{more}; is it a complete checkpoint of this model?", names.join(", "));
    Err(WeightsError::Tensor { tensor: first.name.clone(), detail })
}
