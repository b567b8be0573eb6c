//! Vision towers' part of a `config.json`, and the limits in `preprocessor_config.json`.

use serde_json::Value;

use super::json::invalid;
use super::vision::VisionConfig;
use crate::media::SizeLimits;
use crate::model::error::ConfigError;
use crate::model::family::TowerSpec;

/// The MLP of a Qwen2-VL tower beside its width, in configurations that leave it out.
const QWEN2_MLP_RATIO: f64 = 4.0;

/// A vision tower's sizes. Transformers writes those of Qwen2-VL only where they differ from its class's own.
pub fn vision(value: &Value, style: &'static TowerSpec) -> Result<VisionConfig, ConfigError> {
    let is_qwen3 = style.learned_positions;
    let size = |name: &str, in_qwen2: usize| match value.get(name) {
        Some(size) => whole(size).ok_or_else(|| invalid(format!("vision_config: {name} is not a whole number"))),
        None if is_qwen3 => Err(invalid(format!("vision_config: it has no {name}"))),
        None => Ok(in_qwen2),
    };
    let hidden_size = size(if is_qwen3 { "hidden_size" } else { "embed_dim" }, 1280)?;
    let config = VisionConfig {
        depth: size("depth", 32)?,
        hidden_size,
        intermediate_size: match is_qwen3 {
            true => size("intermediate_size", 0)?,
            // As Transformers does, the product is cut to a whole number.
            false => (hidden_size as f64 * mlp_ratio(value)?) as usize,
        },
        num_heads: size("num_heads", 16)?,
        patch_size: size("patch_size", 14)?,
        temporal_patch_size: size("temporal_patch_size", 2)?,
        spatial_merge_size: size("spatial_merge_size", 2)?,
        out_hidden_size: size(if is_qwen3 { "out_hidden_size" } else { "hidden_size" }, 3584)?,
        // Without a table its size is not read.
        num_position_embeddings: size("num_position_embeddings", 1)?,
        deepstack_visual_indexes: deepstack(value, is_qwen3)?,
        style,
        limits: style.limits,
    };
    config.check()?;
    if value.get("in_channels").is_some_and(|n| whole(n) != Some(3)) {
        return Err(invalid("vision_config: in_channels is not 3".to_owned()));
    }
    let activation = style.activation_name;
    if value.get("hidden_act").and_then(Value::as_str).is_some_and(|act| act != activation) {
        return Err(invalid(format!(
            "vision_config: another hidden_act than {activation}, which no reranker of this family uses"
        )));
    }
    Ok(config)
}

fn deepstack(value: &Value, is_qwen3: bool) -> Result<Vec<usize>, ConfigError> {
    let list = value.get("deepstack_visual_indexes").and_then(Value::as_array);
    match list.map(|list| list.iter().map(whole).collect::<Option<Vec<usize>>>()) {
        _ if !is_qwen3 => Ok(Vec::new()),
        Some(Some(blocks)) => Ok(blocks),
        _ => Err(invalid("vision_config: deepstack_visual_indexes is no list of whole numbers".to_owned())),
    }
}

fn whole(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn mlp_ratio(value: &Value) -> Result<f64, ConfigError> {
    let Some(ratio) = value.get("mlp_ratio") else { return Ok(QWEN2_MLP_RATIO) };
    ratio.as_f64().ok_or_else(|| invalid("vision_config: mlp_ratio is not a number".to_owned()))
}

/// Narrows the sizes that pictures are scaled to, by `preprocessor_config.json`. Refuses a file that asks for other values or
/// patches than the tower takes.
pub fn apply_preprocessor(config: &mut VisionConfig, file: &Value) -> Result<(), ConfigError> {
    let [mean, deviation] = config.style.scale.mean_and_deviation();
    for (name, expected) in [("image_mean", mean), ("image_std", deviation)] {
        let Some(list) = file.get(name) else { continue };
        let close = |i: usize| list[i].as_f64().is_some_and(|value| (value - expected[i]).abs() < 1e-6);
        if list.as_array().map(Vec::len) != Some(3) || !(0..3).all(close) {
            let message = format!("its {name} is another than this family was trained with");
            return Err(ConfigError::Unsupported(message));
        }
    }
    let size = |name: &str| file.get(name).and_then(whole);
    for (name, expected) in [
        ("patch_size", config.patch_size),
        ("temporal_patch_size", config.temporal_patch_size),
        ("merge_size", config.spatial_merge_size),
    ] {
        if size(name).is_some_and(|n| n != expected) {
            return Err(invalid(format!("its {name} is not that of vision_config in config.json")));
        }
    }
    let bound = |name: &str, edge: &str| size(name).or_else(|| whole(file.get("size")?.get(edge)?));
    let SizeLimits { min_pixels, max_pixels } = config.style.limits;
    let least = config.geometry().factor().pow(2).min(max_pixels);
    let max_pixels = bound("max_pixels", "longest_edge").unwrap_or(max_pixels).clamp(least, max_pixels);
    let min_pixels = bound("min_pixels", "shortest_edge").unwrap_or(min_pixels).max(min_pixels).min(max_pixels);
    config.limits = SizeLimits { min_pixels, max_pixels };
    Ok(())
}
