//! How a family's checkpoints name the tensors of a shared trunk.

use std::borrow::Cow;

/// Renames the trunk's tensors to those of a checkpoint: parts of names, and what stands for them. Each rule whose part
/// occurs in a name is applied, once and in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorMap(&'static [(&'static str, &'static str)]);

impl TensorMap {
    /// The trunk's own names.
    pub const IDENTITY: Self = Self(&[]);

    /// From its rules.
    pub const fn new(rules: &'static [(&'static str, &'static str)]) -> Self {
        Self(rules)
    }

    /// The name in a checkpoint of the trunk's tensor `name`.
    pub fn checkpoint_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let rename = |name: Cow<'a, str>, (part, replacement): &(&str, &str)| match name.contains(part) {
            true => Cow::Owned(name.replacen(part, replacement, 1)),
            false => name,
        };
        self.0.iter().fold(Cow::Borrowed(name), rename)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_matches_renames_once() {
        let map = TensorMap::new(&[("layers.", "encoder.layer."), (".attention.query.", ".attention.self.query.")]);
        assert_eq!(map.checkpoint_name("layers.0.attention.query.bias"), "encoder.layer.0.attention.self.query.bias");
        assert_eq!(map.checkpoint_name("layers.1.mlp.weight"), "encoder.layer.1.mlp.weight");
        assert_eq!(map.checkpoint_name("norm.weight"), "norm.weight");
        assert_eq!(TensorMap::IDENTITY.checkpoint_name("layers.0.mlp"), "layers.0.mlp");
    }
}
