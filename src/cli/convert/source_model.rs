//! The model to convert, of either kind.

use std::path::Path;

use super::encoder::{EncoderModel, plan_encoder};
use super::error::ConvertError;
use super::file_plan::FilePlan;
use super::file_type::FileType;
use super::hugging_face::HuggingFaceModel;
use super::plan::plan_decoder;
use super::task::{TaskChoice, published_task};
use crate::model::{ConfigFiles, Task};
use crate::weights::Checkpoint;

/// Models with fewer weights lose much of their quality with 4 bits.
const FEW_WEIGHTS: u64 = 150_000_000;

/// An opened model.
pub enum SourceModel {
    /// A decoder, and the vision tower that may be before it.
    Decoder(Box<HuggingFaceModel>),
    /// An encoder.
    Encoder(Box<EncoderModel>),
}

impl SourceModel {
    /// Opens a folder in the layout of Hugging Face, for a task or for what its files say.
    pub async fn open(path: &Path, task: Option<TaskChoice>) -> Result<Self, ConvertError> {
        if !path.is_dir() {
            return Err(ConvertError::NotAFolder(path.to_owned()));
        }
        let name = path.canonicalize().ok().and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()));
        let name = name.unwrap_or_else(|| "model".to_owned());
        let task = match task {
            Some(choice) => Task::from(choice),
            None => published_task(path).await,
        };
        match is_encoder(path) {
            true => Ok(Self::Encoder(Box::new(EncoderModel::open(path, name, task).await?))),
            false => Ok(Self::Decoder(Box::new(HuggingFaceModel::open(path, name, task).await?))),
        }
    }

    /// Its tensors.
    pub fn checkpoint(&self) -> &Checkpoint {
        match self {
            Self::Decoder(model) => &model.checkpoint,
            Self::Encoder(model) => &model.checkpoint,
        }
    }

    /// File names without extension and part number: of the model itself and of a vision tower.
    pub fn stems(&self, file_type: FileType) -> [String; 2] {
        let name = match self {
            Self::Decoder(model) => &model.name,
            Self::Encoder(model) => &model.name,
        };
        let text = format!("{name}-{}", file_type.dtype().name());
        let vision = format!("mmproj-{text}");
        [text, vision]
    }

    /// Plans the files, the model's own first.
    pub async fn plan(&self, file_type: FileType, split_max_size: Option<u64>) -> Result<Vec<FilePlan>, ConvertError> {
        let [stem, vision_stem] = self.stems(file_type);
        match self {
            Self::Decoder(model) => plan_decoder(model, file_type, [&stem, &vision_stem], split_max_size).await,
            Self::Encoder(model) => plan_encoder(model, file_type, &stem, split_max_size),
        }
    }

    /// What whoever asked for this type should know.
    pub fn warning(&self, file_type: FileType) -> Option<String> {
        let Self::Encoder(model) = self else { return None };
        let weights = model.weights();
        (file_type == FileType::Q4_0 && weights < FEW_WEIGHTS).then(|| {
            format!(
                "{} has {:.1} million weights; with 4 bits a model of fewer than {} million ranks worse. Q8_0 is nearly as small where \
                 most weights are the embedding table, which has 8 bits in both",
                model.name,
                weights as f64 / 1e6,
                FEW_WEIGHTS / 1_000_000,
            )
        })
    }
}

/// Whether `config.json` is an encoder's. What is wrong with it is reported when the model is read.
fn is_encoder(path: &Path) -> bool {
    let Ok(config) = std::fs::read(path.join("config.json")) else { return false };
    ConfigFiles { config, ..ConfigFiles::default() }.family().is_ok_and(|family| family.is_encoder())
}
