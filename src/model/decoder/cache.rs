//! The keys and values of a prefix that prompts have in common.

use crate::kernels::{Keys, concat_rows};

/// The keys and values of the first tokens of prompts, computed once for all prompts that start with them.
#[derive(Debug, Clone, Default)]
pub struct KvCache {
    /// Those of each layer.
    layers: Vec<Keys>,
    len: usize,
}

impl KvCache {
    /// Its tokens.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that it takes on the device.
    pub fn bytes(&self) -> usize {
        self.layers.iter().map(|keys| 2 * keys.k.dims().iter().product::<usize>() * size_of::<f32>()).sum()
    }

    /// Keys and values of each layer, unless it is empty.
    pub(super) fn layers(&self) -> Option<&[Keys]> {
        (self.len > 0).then_some(self.layers.as_slice())
    }

    /// Adds the keys and values of further tokens, layer by layer.
    pub(super) fn extend(&mut self, layers: Vec<Keys>) {
        self.len += layers[0].k.dims()[0];
        if self.layers.is_empty() {
            self.layers = layers;
            return;
        }
        for (all, more) in self.layers.iter_mut().zip(layers) {
            all.k = concat_rows(vec![all.k.clone(), more.k]);
            all.v = concat_rows(vec![all.v.clone(), more.v]);
        }
    }
}
