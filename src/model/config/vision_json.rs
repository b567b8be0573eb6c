//! Vision towers' part of a `config.json`, and the limits in `preprocessor_config.json`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{invalid, parse};
use super::vision::VisionConfig;
use crate::media::SizeLimits;
use crate::model::error::ConfigError;
use crate::model::family::TowerSpec;

/// The sizes of a Qwen2-VL tower, under their own names and those of Qwen3-VL, with the values of configurations that leave
/// them out: what Transformers writes, it writes only where it differs from these.
const QWEN2_SIZES: [(&str, &str, u64); 6] = [
    ("depth", "depth", 32),
    ("embed_dim", "hidden_size", 1280),
    ("num_heads", "num_heads", 16),
    ("patch_size", "patch_size", 14),
    ("temporal_patch_size", "temporal_patch_size", 2),
    ("spatial_merge_size", "spatial_merge_size", 2),
];
const QWEN2_MLP_RATIO: f64 = 4.0;

#[derive(Deserialize)]
struct VisionJson {
    depth: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_heads: usize,
    patch_size: usize,
    temporal_patch_size: usize,
    spatial_merge_size: usize,
    out_hidden_size: usize,
    num_position_embeddings: usize,
    deepstack_visual_indexes: Vec<usize>,
    in_channels: Option<usize>,
    hidden_act: Option<String>,
}

/// A vision tower's sizes.
pub fn vision(value: &Value, style: &'static TowerSpec) -> Result<VisionConfig, ConfigError> {
    let value = if style.learned_positions { Cow::Borrowed(value) } else { Cow::Owned(as_qwen3(value)) };
    let json: VisionJson = parse(&value)?;
    let config = VisionConfig {
        depth: json.depth,
        hidden_size: json.hidden_size,
        intermediate_size: json.intermediate_size,
        num_heads: json.num_heads,
        patch_size: json.patch_size,
        temporal_patch_size: json.temporal_patch_size,
        spatial_merge_size: json.spatial_merge_size,
        out_hidden_size: json.out_hidden_size,
        num_position_embeddings: json.num_position_embeddings,
        deepstack_visual_indexes: json.deepstack_visual_indexes,
        style,
        limits: style.limits,
    };
    config.check()?;
    if json.in_channels.is_some_and(|n| n != 3) {
        return Err(invalid("vision_config: in_channels is not 3".to_owned()));
    }
    let activation = style.activation_name;
    if json.hidden_act.as_deref().is_some_and(|act| act != activation) {
        let message =
            format!("vision_config: another hidden_act than {activation}, which no reranker of this family uses");
        return Err(invalid(message));
    }
    Ok(config)
}

/// A Qwen2-VL tower's configuration in the words of Qwen3-VL's. It has no table of positions, and no features but its output.
fn as_qwen3(value: &Value) -> Value {
    let mut sizes = json!({ "num_position_embeddings": 1, "deepstack_visual_indexes": [] });
    let given = |name: &str| value.get(name).cloned();
    for (name, own, default) in QWEN2_SIZES {
        sizes[own] = given(name).unwrap_or_else(|| default.into());
    }
    let ratio = value.get("mlp_ratio").and_then(Value::as_f64).unwrap_or(QWEN2_MLP_RATIO);
    // As Transformers does, the product is cut to a whole number.
    sizes["intermediate_size"] = ((sizes["hidden_size"].as_f64().unwrap_or_default() * ratio) as u64).into();
    for (name, own) in
        [("hidden_size", "out_hidden_size"), ("in_channels", "in_channels"), ("hidden_act", "hidden_act")]
    {
        sizes[own] = given(name).unwrap_or_default();
    }
    sizes
}

/// Narrows the sizes that pictures are scaled to, by `preprocessor_config.json`. Refuses a file that asks for other values or
/// patches than the tower takes.
pub fn apply_preprocessor(config: &mut VisionConfig, file: &Value) -> Result<(), ConfigError> {
    let [mean, deviation] = config.style.scale.mean_and_deviation();
    for (name, expected) in [("image_mean", mean), ("image_std", deviation)] {
        let same = |list: &Vec<Value>| {
            let close = |(value, expected): (&Value, f32)| {
                value.as_f64().is_some_and(|value| (value - f64::from(expected)).abs() < 1e-6)
            };
            list.len() == expected.len() && list.iter().zip(expected).all(close)
        };
        if file.get(name).is_some_and(|value| !value.as_array().is_some_and(same)) {
            return Err(ConfigError::Unsupported(format!(
                "its {name} is not {expected:?}, which this family was trained with"
            )));
        }
    }
    let number = |name: &str| file.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let sizes = [
        ("patch_size", config.patch_size),
        ("temporal_patch_size", config.temporal_patch_size),
        ("merge_size", config.spatial_merge_size),
    ];
    if let Some((name, _)) = sizes.into_iter().find(|&(name, size)| number(name).is_some_and(|n| n != size)) {
        return Err(invalid(format!("its {name} is not that of vision_config in config.json")));
    }
    let bound = |name: &str, edge: &str| {
        let edge = file.get("size").and_then(|size| size.get(edge)).and_then(Value::as_u64);
        number(name).or(edge.and_then(|n| usize::try_from(n).ok()))
    };
    let SizeLimits { min_pixels, max_pixels } = config.style.limits;
    let least = (config.patch_size * config.spatial_merge_size).pow(2);
    let max_pixels = bound("max_pixels", "longest_edge").unwrap_or(max_pixels).clamp(least.min(max_pixels), max_pixels);
    let min_pixels = bound("min_pixels", "shortest_edge").unwrap_or(min_pixels).min(max_pixels);
    config.limits = SizeLimits { min_pixels, max_pixels };
    Ok(())
}
