//! A whole model: token ids and pictures in, a score out.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use super::decoder::{Decoder, Input};
use super::embedding::Embedding;
use super::head::{ScoreHead, sigmoid};
use super::layout::{Layout, Run, Step};
use super::linear::Precision;
use super::load::Loader;
use super::probe::Probe;
use super::rope::Frequencies;
use super::vision::{Place, VisionFeatures, VisionTower};
use super::{Config, ModelError};
use crate::weights::Checkpoint;

/// Tells how far loading has come; called after each part with the parts done and their number.
pub type LoadStep<'a> = &'a mut dyn FnMut(usize, usize);

/// The ids that a model must know of its tokenizer.
#[derive(Debug, Clone, Copy)]
pub struct TokenIds {
    /// The answer `yes`.
    pub yes: u32,
    /// The answer `no`.
    pub no: u32,
    /// What stands for a part of a picture, and of a video, in a model that sees.
    pub pads: [Option<u32>; 2],
}

/// One prompt.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// Its tokens.
    pub ids: &'a [u32],
    /// Its pictures and videos, in the order of their places among the tokens.
    pub visuals: &'a [&'a VisionFeatures],
}

/// A reranker, ready to score prompts.
pub struct Reranker {
    config: Config,
    tokens: TokenIds,
    embedding: Embedding,
    frequencies: Frequencies,
    decoder: Decoder,
    head: ScoreHead,
    vision: Option<VisionTower>,
    device: Device,
}

impl Reranker {
    /// Reads every tensor and moves it to `device`, one at a time.
    pub async fn load(
        checkpoint: &Checkpoint,
        config: Config,
        tokens: TokenIds,
        precision: Precision,
        device: &Device,
        step: LoadStep<'_>,
    ) -> Result<Self, ModelError> {
        let text = &config.text;
        let table = [text.vocab_size, text.hidden_size];
        if tokens.yes as usize >= table[0] || tokens.no as usize >= table[0] {
            return Err(ModelError::Config(format!(
                "vocab_size is {}, but the tokenizer's \"yes\" is {} and its \"no\" {}: tokenizer.json belongs to another model",
                table[0], tokens.yes, tokens.no
            )));
        }
        let parts = text.num_hidden_layers + config.vision.as_ref().map_or(0, |v| v.depth) + 2;
        let mut done = 0;
        let mut advance = || {
            done += 1;
            step(done, parts);
        };
        let loader = Loader { checkpoint, precision, device };
        let embedding = Embedding::load(checkpoint, "embed_tokens.weight", table).await?;
        advance();
        let decoder = loader.decoder(text, &mut advance).await?;
        let vision = match &config.vision {
            Some(vision) => Some(VisionTower::load(&loader, vision, &mut advance).await?),
            None => None,
        };
        let head = ScoreHead::load(checkpoint, &config, tokens.yes, tokens.no).await?;
        advance();
        let (head_dim, theta) = (text.head_dim, text.theta());
        let frequencies = match config.vision {
            Some(_) => Frequencies::interleaved(head_dim, theta, text.mrope_sections()),
            None => Frequencies::plain(head_dim, theta),
        };
        let device = device.clone();
        Ok(Self { config, tokens, embedding, frequencies, decoder, head, vision, device })
    }

    /// The sizes of this model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The tower that sees, in a model that has one.
    pub fn vision(&self) -> Option<&VisionTower> {
        self.vision.as_ref()
    }

    /// The relevance score of one prompt: one pass, one readback.
    pub async fn score(&self, prompt: Prompt<'_>) -> Result<f64, ModelError> {
        let hidden = self.decoder.forward(self.input(prompt)?);
        let data = hidden.into_data_async().await.map_err(|e| ModelError::Device(format!("{e:?}")))?;
        let hidden = data.try_to_vec::<f32>().map_err(|e| ModelError::Device(format!("{e:?}")))?;
        let score = sigmoid(self.head.logit(&hidden));
        if score.is_nan() {
            return Err(ModelError::Device("the score is not a number".into()));
        }
        Ok(score)
    }

    /// Shows every intermediate stage of one prompt, for comparison with the reference.
    pub fn trace(&self, prompt: Prompt<'_>, probe: Probe<'_>) -> Result<(), ModelError> {
        self.decoder.trace(self.input(prompt)?, probe);
        Ok(())
    }

    fn input(&self, Prompt { ids, visuals }: Prompt<'_>) -> Result<Input, ModelError> {
        self.check_ids(ids)?;
        let places: Vec<Place<'_>> = visuals.iter().flat_map(|v| v.places()).collect();
        let steps: Vec<Step> = places.iter().map(|place| place.features.step).collect();
        let is_pad = |id: u32| !visuals.is_empty() && self.tokens.pads.contains(&Some(id));
        let layout = Layout::new(ids, is_pad, &steps)?;
        let rotation = self.frequencies.rotation(&layout.positions, &self.device);
        let x = weave(&layout.runs, |run| self.embed(&ids[run]), |step| places[step].tokens());
        let levels = visuals.first().map_or(0, |v| v.deepstack.len());
        let zeros = |run: Range<usize>| Tensor::zeros([run.len(), self.config.text.hidden_size], &self.device);
        let deepstack = (0..levels).map(|k| weave(&layout.runs, zeros, |step| places[step].deepstack(k))).collect();
        Ok(Input { x, rotation, deepstack })
    }

    fn check_ids(&self, ids: &[u32]) -> Result<(), ModelError> {
        let rows = self.embedding.rows();
        match ids.iter().find(|&&id| id as usize >= rows) {
            Some(id) => Err(ModelError::Config(format!(
                "the tokenizer gives id {id}, but the model has {rows} embeddings: tokenizer.json belongs to another model"
            ))),
            None => Ok(()),
        }
    }

    fn embed(&self, ids: &[u32]) -> Tensor<2> {
        let width = self.config.text.hidden_size;
        let mut values = Vec::with_capacity(ids.len() * width);
        ids.iter().for_each(|&id| self.embedding.push_row(id, &mut values));
        Tensor::from_data(TensorData::new(values, [ids.len(), width]), &self.device)
    }
}

/// The runs of a prompt below each other.
fn weave(runs: &[Run], text: impl Fn(Range<usize>) -> Tensor<2>, visual: impl Fn(usize) -> Tensor<2>) -> Tensor<2> {
    let part = |run: &Run| match run {
        Run::Text(places) => text(places.clone()),
        Run::Visual(step) => visual(*step),
    };
    Tensor::cat(runs.iter().map(part).collect(), 0)
}
