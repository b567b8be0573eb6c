//! Everything that will be written, before anything is: which files, with which tensors, from where.

use super::Kind;
use super::metadata::{self, Fields};
use super::open::Model;
use super::split::split;
use crate::model::{Expected, Head, ModelError, VisionConfig, expected};
use crate::weights::gguf::{GgufLayout, NewTensor, llama_name};
use crate::weights::{DType, WeightsError};

const PATCH: &str = "visual.patch_embed.proj.weight";
/// A GGUF file has a tensor of patches for each of two frames, and no place for more.
const FRAMES: usize = 2;

/// One file.
pub struct FilePlan {
    /// Its final name.
    pub name: String,
    /// Its metadata.
    pub fields: Fields,
    /// Its tensors.
    pub jobs: Vec<Job>,
}

impl FilePlan {
    /// Where everything goes in it.
    pub fn layout(&self) -> Result<GgufLayout, String> {
        let tensors: Vec<NewTensor> = self.jobs.iter().map(|job| job.tensor.clone()).collect();
        GgufLayout::new(&self.fields, &tensors)
            .ok_or_else(|| format!("{}: a tensor does not fill whole blocks", self.name))
    }
}

/// A tensor that is to be written.
pub struct Job {
    /// As the file has it.
    pub tensor: NewTensor,
    /// Where its values are.
    pub from: Origin,
}

/// Where values are.
pub enum Origin {
    /// In a tensor of the checkpoint, of that name and shape.
    Tensor(Expected),
    /// In one frame of the weights of patches.
    Frame(Expected, usize),
    /// Here: a few that were computed.
    Values(Vec<f32>),
}

/// What the names of the files begin with: the text model's, and that of the vision tower.
pub fn stems(model: &Model, kind: Kind) -> [String; 2] {
    let text = format!("{}-{}", model.name, kind.dtype().name());
    let vision = format!("mmproj-{text}");
    [text, vision]
}

/// All files, the text model's first.
pub async fn plan(model: &Model, kind: Kind, limit: Option<u64>) -> Result<Vec<FilePlan>, String> {
    let dtype = kind.dtype();
    let [text, vision] = stems(model, kind);
    let deepstack = model.config.vision.as_ref().map_or(&[][..], |v| &v.deepstack_visual_indexes);
    let (mut decoder, mut tower) = (Vec::new(), Vec::new());
    for tensor in expected(&model.config) {
        check(model, &tensor).map_err(|e| e.to_string())?;
        match tensor.0.starts_with("visual.") {
            true => tower.extend(vision_jobs(tensor, dtype, deepstack)?),
            false => decoder.push(job(tensor, dtype, deepstack)?),
        }
    }
    let head = head(model).await.map_err(|e| e.to_string())?;
    let shape = vec![2, model.config.text.hidden_size];
    let tensor = NewTensor { name: "cls.output.weight".to_owned(), dtype: DType::F32, shape };
    // After the table and the last norm. The table must stay the first: whoever reads the first part of a split file
    // learns the size of the vocabulary from it.
    decoder.insert(2.min(decoder.len()), Job { tensor, from: Origin::Values(head) });
    let mut files = split(&text, metadata::text(model, kind), decoder, limit)?;
    if let Some(config) = &model.config.vision {
        check_tower(config)?;
        let fields = metadata::vision(model, config, kind);
        files.push(FilePlan { name: format!("{vision}.gguf"), fields, jobs: tower });
    }
    Ok(files)
}

/// That a tensor can be read and has its shape; that it is there is known.
fn check(model: &Model, (name, shape): &Expected) -> Result<(), WeightsError> {
    model.checkpoint.check(name, shape)
}

/// What the tower may be here and a GGUF file has no place for.
fn check_tower(config: &VisionConfig) -> Result<(), String> {
    let (frames, positions) = (config.temporal_patch_size, config.num_position_embeddings);
    if frames != FRAMES {
        return Err(format!("config.json: temporal_patch_size is {frames}; a GGUF file can hold {FRAMES} frames only"));
    }
    if config.position_side().pow(2) != positions {
        return Err(format!("config.json: num_position_embeddings is {positions}; a GGUF file can hold a square only"));
    }
    Ok(())
}

fn job(from: Expected, asked: DType, deepstack: &[usize]) -> Result<Job, String> {
    let (name, shape) = &from;
    let dtype = stored(name, shape, asked);
    let name = llama_name(name, deepstack).ok_or_else(|| format!("tensor {name} has no name in llama.cpp"))?;
    Ok(Job { tensor: NewTensor { name, dtype, shape: shape.clone() }, from: Origin::Tensor(from) })
}

fn vision_jobs(from: Expected, asked: DType, deepstack: &[usize]) -> Result<Vec<Job>, String> {
    if from.0 != PATCH {
        return Ok(vec![job(from, asked, deepstack)?]);
    }
    let mut shape = from.1.clone();
    shape.remove(2);
    let frame = |frame: usize| {
        let name = llama_name(&format!("{PATCH}.{frame}"), deepstack);
        let name = name.ok_or_else(|| format!("tensor {PATCH} has no name in llama.cpp"))?;
        let tensor = NewTensor { name, dtype: DType::F16, shape: shape.clone() };
        Ok(Job { tensor, from: Origin::Frame(from.clone(), frame) })
    };
    (0..FRAMES).map(frame).collect()
}

/// The type in which a tensor is stored.
fn stored(name: &str, shape: &[usize], asked: DType) -> DType {
    let fits = |dtype: DType| shape.last().is_some_and(|row| row.is_multiple_of(dtype.block_len()));
    match name {
        _ if shape.len() < 2 => DType::F32,
        // It is added, not multiplied with, and llama.cpp interpolates it, which it does for F32 alone.
        "visual.pos_embed.weight" => DType::F32,
        // Readers that know no cls.output.weight make the answer from two rows of this table, and what is lost in
        // these goes straight into the score: 4 bits are too few. llama.cpp takes Q6_K, which is not written here.
        "embed_tokens.weight" if asked == DType::Q4_0 && fits(DType::Q8_0) => DType::Q8_0,
        _ if fits(asked) => asked,
        _ => DType::F16,
    }
}

/// Two rows, of which llama.cpp takes the softmax: the answers yes and no. A classifier's single row stands for their
/// difference, which it still is beside a row of zeros.
async fn head(model: &Model) -> Result<Vec<f32>, ModelError> {
    let [yes, no] = model.answers;
    let head = Head::find(&model.checkpoint, &model.config, yes, no)?;
    Ok(head.rows(&model.checkpoint).await?.concat())
}
