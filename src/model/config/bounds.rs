//! Bounds on the sizes in a configuration, well above the largest published model. They keep a hostile file from causing
//! overflows or huge allocations.

use crate::kernels::MAX_HEAD;
use crate::model::error::ConfigError;

/// Widths of tensors, and numbers of heads.
pub const MAX_DIMENSION: usize = 1 << 20;
/// Layers of a trunk.
pub const MAX_LAYERS: usize = 1 << 10;
/// Rows of an embedding table.
pub const MAX_VOCABULARY: usize = 1 << 22;

/// Checks that every size is at least one and at most its limit.
pub fn check_sizes(sizes: &[(&str, usize, usize)]) -> Result<(), ConfigError> {
    match sizes.iter().find(|(_, value, limit)| *value == 0 || value > limit) {
        Some((name, value, limit)) => Err(ConfigError::Invalid(format!("{name} is {value}; expected 1 to {limit}"))),
        None => Ok(()),
    }
}

/// Checks that the attention kernel supports the width of a head. Those of published models are 64, 72 or 128.
pub fn check_head_width(width: usize) -> Result<(), ConfigError> {
    if width.is_multiple_of(4) && width <= MAX_HEAD {
        return Ok(());
    }
    let message = format!("its heads are {width} wide; multiples of 4 up to {MAX_HEAD} are supported");
    Err(ConfigError::Unsupported(message))
}
