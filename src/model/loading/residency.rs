//! Which weights stay on the device when not all of them may.

use super::requirements::required_tensors_named;
use super::spec::TensorSpec;
use crate::model::config::ModelConfig;
use crate::model::layers::{LinearWeight, Precision};
use crate::model::tensor_map::TensorMap;
use crate::weights::Checkpoint;

/// Where the layers are that can be read again, as the trunk names the places. Those of the tower come first: reading them
/// serves the patches of one picture, reading the others all rows of a request.
const LISTS: [&str; 2] = ["visual.blocks", "layers"];

/// The table of a decoder, of which a request needs a few rows.
const TABLE: &str = "embed_tokens.weight";

/// Layers of one list on the device at once that do not stay there: the one that computes, and the next.
const LAYERS_IN_FLIGHT: u64 = 2;

/// Which weights stay on the device. By default all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Residency {
    /// Bytes of all that stays there.
    bytes: u64,
    /// How many first layers of each of [`LISTS`] stay; `None` if everything does.
    kept: Option<[usize; LISTS.len()]>,
}

impl Residency {
    /// All of it if that is no more than `limit` bytes. Otherwise as many layers as leave room for those that are read again;
    /// what is in no layer always stays, except the embedding table. An encoder stays whole: none is large.
    pub fn plan(checkpoint: &Checkpoint, config: &ModelConfig, precision: Precision, limit: Option<u64>) -> Self {
        let sizes = TensorSizes::of(checkpoint, config, precision);
        let total = sizes.other + sizes.table + sizes.lists.iter().flatten().sum::<u64>();
        let Some(limit) = limit.filter(|&limit| total > limit && config.encoder().is_none()) else {
            return Self { bytes: total, kept: None };
        };
        let largest = sizes.lists.iter().flatten().max().copied().unwrap_or_default();
        let mut left = limit.saturating_sub(sizes.other + LAYERS_IN_FLIGHT * largest);
        let mut bytes = sizes.other;
        let kept = sizes.lists.map(|layers| {
            let mut count = 0;
            for size in layers {
                if size > left {
                    break;
                }
                left -= size;
                bytes += size;
                count += 1;
            }
            count
        });
        Self { bytes, kept: Some(kept) }
    }

    /// Bytes of all that stays on the device.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether some weights are read again for each request.
    pub fn is_streamed(&self) -> bool {
        self.kept.is_some()
    }

    /// How many first layers at `path` stay, if not all of them do.
    pub(super) fn kept_at(&self, path: &str) -> Option<usize> {
        let list = LISTS.iter().position(|list| *list == path)?;
        self.kept.map(|kept| kept[list])
    }
}

/// Bytes on the device.
#[derive(Default)]
struct TensorSizes {
    /// Of each layer of each list.
    lists: [Vec<u64>; LISTS.len()],
    table: u64,
    other: u64,
}

impl TensorSizes {
    fn of(checkpoint: &Checkpoint, config: &ModelConfig, precision: Precision) -> Self {
        let mut sizes = Self::default();
        let names = required_tensors_named(config, TensorMap::IDENTITY);
        let stored = required_tensors_named(config, config.family().spec().tensors);
        for (TensorSpec { name, .. }, spec) in names.iter().zip(&stored) {
            if name == TABLE {
                sizes.table += checkpoint.info(&spec.name).map_or(0, |info| info.len);
                continue;
            }
            *sizes.place(name) += device_bytes(checkpoint, spec, precision);
        }
        sizes
    }

    /// Where a tensor counts.
    fn place(&mut self, name: &str) -> &mut u64 {
        let layer = LISTS.iter().enumerate().find_map(|(list, path)| {
            let (index, _) = name.strip_prefix(path)?.strip_prefix('.')?.split_once('.')?;
            Some((list, index.parse::<usize>().ok()?))
        });
        match layer {
            None => &mut self.other,
            Some((list, index)) => {
                let layers = &mut self.lists[list];
                if layers.len() <= index {
                    layers.resize(index + 1, 0);
                }
                &mut layers[index]
            }
        }
    }
}

fn device_bytes(checkpoint: &Checkpoint, spec: &TensorSpec, precision: Precision) -> u64 {
    match (checkpoint.info(&spec.name), spec.shape.as_slice()) {
        (Some(info), &[rows, columns]) => LinearWeight::device_bytes(info.dtype, [rows, columns], precision),
        // Vectors, and the kernel of the patches, are in f32.
        (_, shape) => (shape.iter().product::<usize>() * size_of::<f32>()) as u64,
    }
}
