//! The names of the ways to compute on a GPU. Both modules know them, so that both refuse the same options.

/// Indexed by `gpu::Style`.
pub const STYLE_NAMES: [&str; 4] = ["direct", "tile", "wide", "quads"];

/// Whether this names shaders: one style, or one each for few, middle and many rows with slashes between them.
pub fn is_known(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    matches!(parts.len(), 1 | 3) && parts.iter().all(|part| STYLE_NAMES.contains(part))
}
