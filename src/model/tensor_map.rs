//! How a family's checkpoints name the tensors of a shared trunk.

use std::borrow::Cow;

/// Renames the trunk's tensors to those of a checkpoint: parts of names, and what stands for them. The first rule whose
/// part occurs in a name applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorMap(&'static [(&'static str, &'static str)]);

impl TensorMap {
    /// The trunk's own names.
    pub const IDENTITY: Self = Self(&[]);

    /// The name in a checkpoint of the trunk's tensor `name`.
    pub fn checkpoint_name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self.0.iter().find(|(part, _)| name.contains(part)) {
            Some((part, replacement)) => Cow::Owned(name.replacen(part, replacement, 1)),
            None => Cow::Borrowed(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_matches_renames_once() {
        let map = TensorMap(&[("self_attn.q_proj", "attention.self.query"), ("q_proj", "query")]);
        assert_eq!(map.checkpoint_name("layers.0.self_attn.q_proj.bias"), "layers.0.attention.self.query.bias");
        assert_eq!(map.checkpoint_name("q_proj.q_proj"), "query.q_proj");
        assert_eq!(map.checkpoint_name("norm.weight"), "norm.weight");
        assert_eq!(TensorMap::IDENTITY.checkpoint_name("self_attn.q_proj"), "self_attn.q_proj");
    }
}
