//! Plans all output files of a decoder before anything is written: metadata, tensors, and where their values come from.

use super::error::ConvertError;
use super::file_plan::NamedShape;
use super::file_plan::{FilePlan, TensorOrigin, TensorPlan};
use super::file_type::FileType;
use super::hugging_face::{HuggingFaceModel, Purpose};
use super::metadata::{text_fields, vision_fields};
use super::split::split;
use crate::model::{AnswerIds, HeadTensors, ModelError, TensorSpec, VisionConfig, head_places, required_tensors};
use crate::weights::DType;
use crate::weights::gguf::{NewTensor, llama_name};

const PATCH_EMBEDDING: &str = "visual.patch_embed.proj.weight";
/// llama.cpp splits the patch embedding by frame, into exactly two tensors.
const PATCH_FRAMES: usize = 2;

/// Plans the files, the text model's first.
pub async fn plan_decoder(
    model: &HuggingFaceModel,
    file_type: FileType,
    [text_stem, vision_stem]: [&str; 2],
    split_max_size: Option<u64>,
) -> Result<Vec<FilePlan>, ConvertError> {
    let (mut decoder, tower) = plan_tensors(model, file_type.dtype())?;
    match model.purpose {
        // llama.cpp reads the vocabulary size of a split model from the first tensor of the first part, so the embedding
        // table must stay first.
        Purpose::Rerank(answers) => decoder.insert(2.min(decoder.len()), plan_head(model, answers).await?),
        Purpose::Embed { .. } => decoder.extend(plan_modules(model)),
    }
    let mut files = split(text_stem, text_fields(model, file_type)?, decoder, split_max_size)?;
    if let Some(config) = model.config.vision() {
        check_vision(config)?;
        let fields = vision_fields(model, config, file_type);
        files.push(FilePlan { name: format!("{vision_stem}.gguf"), fields, tensors: tower });
    }
    Ok(files)
}

/// The tensors of the decoder and those of the vision tower.
fn plan_tensors(model: &HuggingFaceModel, asked: DType) -> Result<(Vec<TensorPlan>, Vec<TensorPlan>), ConvertError> {
    let deepstack = model.config.vision().map_or(&[][..], |v| &v.deepstack_visual_indexes);
    let (mut decoder, mut tower) = (Vec::new(), Vec::new());
    for TensorSpec { name, shape, .. } in required_tensors(&model.config) {
        model.checkpoint.check(&name, &shape)?;
        let tensor = (name.clone(), shape);
        match name.as_str() {
            PATCH_EMBEDDING => tower.extend(plan_patch_embedding(tensor, deepstack)?),
            name if name.starts_with("visual.") => tower.push(plan_tensor(tensor, asked, deepstack)?),
            _ => decoder.push(plan_tensor(tensor, asked, deepstack)?),
        }
    }
    Ok((decoder, tower))
}

/// What the configuration allows and the GGUF format of vision towers cannot hold.
fn check_vision(config: &VisionConfig) -> Result<(), ConvertError> {
    let (frames, positions) = (config.temporal_patch_size, config.num_position_embeddings);
    if frames != PATCH_FRAMES {
        return Err(ConvertError::PatchFrames { frames, supported: PATCH_FRAMES });
    }
    if config.position_side().pow(2) != positions {
        return Err(ConvertError::PositionGrid(positions));
    }
    Ok(())
}

fn plan_tensor(from: NamedShape, asked: DType, deepstack: &[usize]) -> Result<TensorPlan, ConvertError> {
    let (name, shape) = &from;
    let dtype = stored_dtype(name, shape, asked);
    let name = llama_name(name, deepstack).ok_or_else(|| ConvertError::UnnamedTensor(name.clone()))?;
    let tensor = NewTensor { name, dtype, shape: shape.clone() };
    Ok(TensorPlan { tensor, source: TensorOrigin::Checkpoint(from) })
}

/// One tensor per frame.
fn plan_patch_embedding(from: NamedShape, deepstack: &[usize]) -> Result<Vec<TensorPlan>, ConvertError> {
    let mut shape = from.1.clone();
    shape.remove(2);
    let plan_frame = |frame: usize| {
        let name = format!("{PATCH_EMBEDDING}.{frame}");
        let name = llama_name(&name, deepstack).ok_or(ConvertError::UnnamedTensor(name))?;
        let tensor = NewTensor { name, dtype: DType::F16, shape: shape.clone() };
        Ok(TensorPlan { tensor, source: TensorOrigin::PatchFrame(from.clone(), frame) })
    };
    (0..PATCH_FRAMES).map(plan_frame).collect()
}

fn stored_dtype(name: &str, shape: &[usize], asked: DType) -> DType {
    let fits = |dtype: DType| shape.last().is_some_and(|row| row.is_multiple_of(dtype.block_len()));
    match name {
        _ if shape.len() < 2 => DType::F32,
        // Added, not multiplied with; and llama.cpp interpolates position embeddings in F32 only.
        "visual.pos_embed.weight" => DType::F32,
        // Readers that ignore cls.output.weight compute the logits from two rows of this table, whose rounding error
        // goes straight into the score: 4 bits are too few. llama.cpp takes Q6_K here, which is not written yet.
        "embed_tokens.weight" if asked == DType::Q4_0 && fits(DType::Q8_0) => DType::Q8_0,
        _ if fits(asked) => asked,
        _ => DType::F16,
    }
}

/// The layers behind the pooling of an embedding model, under their own names: llama.cpp has none for them.
fn plan_modules(model: &HuggingFaceModel) -> impl Iterator<Item = TensorPlan> {
    let names = head_places(&model.config)
        .into_iter()
        .flat_map(|place| ["weight", "bias"].map(|leaf| format!("{}.{leaf}", place.at)));
    names.filter_map(|name| {
        let shape = model.checkpoint.info(&name)?.shape.clone();
        let tensor = NewTensor { name: name.clone(), dtype: DType::F32, shape: shape.clone() };
        Some(TensorPlan { tensor, source: TensorOrigin::Checkpoint((name, shape)) })
    })
}

/// llama.cpp's classifier: the rows of the answers yes and no, over which it takes the softmax. A classifier with a single
/// row, the difference of the two, gets a row of zeros beside it.
async fn plan_head(model: &HuggingFaceModel, answers: AnswerIds) -> Result<TensorPlan, ModelError> {
    let head = HeadTensors::find(&model.checkpoint, &model.config, Some(answers))?;
    let rows = head.read_rows(&model.checkpoint).await?.unwrap_or_default().concat();
    let shape = vec![2, model.text.hidden_size];
    let tensor = NewTensor { name: "cls.output.weight".to_owned(), dtype: DType::F32, shape };
    Ok(TensorPlan { tensor, source: TensorOrigin::Values(rows) })
}
