//! The tensors that a model requires, so that an incomplete checkpoint is refused before gigabytes of it are read.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::collector::TensorCollector;
use super::spec::TensorSpec;
use crate::model::config::ModelConfig;
use crate::model::tensor_map::TensorMap;
use crate::model::trunk::Trunk;
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

/// How many missing tensors a message names.
const MAX_NAMED: usize = 5;

/// All tensors of a model but those of its head, which has several forms.
pub fn required_tensors(config: &ModelConfig) -> Vec<TensorSpec> {
    required_tensors_named(config, config.family().spec().tensors)
}

/// The same, in the same order, under other names.
pub fn required_tensors_named(config: &ModelConfig, names: TensorMap) -> Vec<TensorSpec> {
    let collector = TensorCollector::new(names);
    let trunk = poll_once(Trunk::load(&collector, config, [None; 2], &mut || {}));
    debug_assert!(matches!(trunk, Poll::Ready(Ok(_))), "a collector never waits and never fails");
    collector.take_specs()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use pollster::block_on;

    use super::*;
    use crate::bytes::DirectoryFolder;

    /// The constructors list exactly what a checkpoint of the reference implementation holds, with its shapes.
    #[test]
    fn required_tensors_are_those_of_a_checkpoint() {
        let models =
            ["text/tiny-tied", "text/tiny-untied", "vl/vl-tied", "vl/vl-untied", "vl/jina-m0", "vl/jina-m0-nested"];
        for model in models {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(model);
            let config = std::fs::read(folder.join("config.json")).expect("a configuration");
            let config = ModelConfig::from_json(&config).expect("a configuration");
            let checkpoint = block_on(Checkpoint::open(&DirectoryFolder::new(&folder))).expect("a checkpoint");
            let required = required_tensors(&config);
            for tensor in &required {
                tensor.check(&checkpoint).unwrap_or_else(|e| panic!("{model}: {e}"));
            }
            let names: BTreeSet<&str> =
                required.iter().filter_map(|tensor| Some(checkpoint.info(&tensor.name)?.name.as_str())).collect();
            let unused: Vec<&str> =
                checkpoint.tensors().map(|info| info.name.as_str()).filter(|name| !names.contains(name)).collect();
            // jina-reranker-m0 has layers of its own, the others the language model's head.
            let head = if model.starts_with("vl/jina-m0") { "score." } else { "lm_head.weight" };
            let is_head = |name: &&str| name.starts_with(head);
            assert!(unused.iter().all(is_head), "{model} does not use {unused:?}");
        }
    }
}
