//! A whole model: token ids and pictures in, scores out.

use burn::tensor::{Device, Int, Tensor};

use super::decoder::{Decoder, Rows, Want};
use super::embedding::Embedding;
use super::expected::check_complete;
use super::head::{Head, ScoreHead, sigmoid};
use super::layout::{Layout, Run, Step};
use super::linear::Precision;
use super::load::Loader;
use super::pace::Pace;
use super::probe::Probe;
use super::rope::Frequencies;
use super::turns::{NoTurns, Turns};
use super::vision::{Place, VisionFeatures, VisionTower};
use super::{Config, ModelError};
use crate::kernels::{Keys, concat_rows, download, slice_rows, synchronize, upload, upload_words, zeros};
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

/// The start of prompts, computed once for all that go on from it.
#[derive(Debug, Clone)]
pub struct Prefix {
    keys: Vec<Keys>,
    len: usize,
}

impl Prefix {
    /// Tokens of it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its first tokens alone: what comes later changes nothing for them.
    pub fn first(&self, len: usize) -> Self {
        if len == 0 {
            return Self { keys: Vec::new(), len };
        }
        let cut = |tensor: &Tensor<2>| slice_rows(tensor.clone(), 0, len);
        let keys = self.keys.iter().map(|keys| Keys { k: cut(&keys.k), v: cut(&keys.v) }).collect();
        Self { keys, len }
    }

    /// Bytes that it takes on the device.
    pub fn bytes(&self) -> usize {
        self.keys.iter().map(|keys| 2 * keys.k.dims().iter().product::<usize>() * size_of::<f32>()).sum()
    }

    fn keys(&self) -> Option<&[Keys]> {
        (self.len > 0).then_some(self.keys.as_slice())
    }

    fn extend(&mut self, keys: Vec<Keys>) {
        self.len += keys[0].k.dims()[0];
        if self.keys.is_empty() {
            self.keys = keys;
            return;
        }
        for (all, more) in self.keys.iter_mut().zip(keys) {
            all.k = concat_rows(vec![all.k.clone(), more.k]);
            all.v = concat_rows(vec![all.v.clone(), more.v]);
        }
    }
}

/// How a pass is computed.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    /// Rows of one submission at most; a longer prompt is computed in several.
    pub max_rows: usize,
    /// Whether the last layer computes the scored rows alone.
    pub last_layer_only: bool,
    /// Who gets a turn between its steps.
    pub turns: &'a dyn Turns,
}

impl Default for Pass<'_> {
    fn default() -> Self {
        Self { max_rows: usize::MAX, last_layer_only: true, turns: &NoTurns }
    }
}

/// Where a model lives.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    /// What holds the matrices and computes.
    pub device: &'a Device,
    /// Whether the embedding table lies there too, instead of in the processor's own memory.
    pub table_on_device: bool,
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
    on_cpu: bool,
}

impl Reranker {
    /// Reads every tensor and moves it to `device`, one at a time.
    pub async fn load(
        checkpoint: &Checkpoint,
        config: Config,
        tokens: TokenIds,
        precision: Precision,
        home: Home<'_>,
        step: LoadStep<'_>,
        turns: &dyn Turns,
    ) -> Result<Self, ModelError> {
        let device = home.device;
        let text = &config.text;
        let table = [text.vocab_size, text.hidden_size];
        check_complete(checkpoint, &config)?;
        let head = Head::find(checkpoint, &config, tokens.yes, tokens.no)?;
        let parts = text.num_hidden_layers + config.vision.as_ref().map_or(0, |v| v.depth) + 2;
        let mut done = 0;
        let mut advance = || {
            done += 1;
            step(done, parts);
        };
        let pace = Pace::new(device, turns);
        let loader = Loader { checkpoint, precision, device, pace: &pace };
        let on = home.table_on_device.then_some((device, &pace));
        let embedding = Embedding::load(checkpoint, "embed_tokens.weight", table, on).await?;
        advance();
        let decoder = loader.decoder(text, &mut advance).await?;
        let vision = match &config.vision {
            Some(vision) => Some(VisionTower::load(&loader, vision, &mut advance).await?),
            None => None,
        };
        let head = ScoreHead::new(head.rows(checkpoint).await?);
        advance();
        let (head_dim, theta) = (text.head_dim, text.theta());
        let frequencies = match config.vision {
            Some(_) => Frequencies::interleaved(head_dim, theta, text.mrope_sections()),
            None => Frequencies::plain(head_dim, theta),
        };
        let (device, on_cpu) = (device.clone(), *device == Device::flex());
        Ok(Self { config, tokens, embedding, frequencies, decoder, head, vision, device, on_cpu })
    }

    /// The sizes of this model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The tower that sees, in a model that has one.
    pub fn vision(&self) -> Option<&VisionTower> {
        self.vision.as_ref()
    }

    /// Computes the start of prompts. A place of a picture is either wholly in it or not at all.
    pub async fn prefix(&self, prompt: Prompt<'_>, pass: Pass<'_>) -> Result<Prefix, ModelError> {
        let mut prefix = Prefix { keys: Vec::new(), len: 0 };
        if !prompt.ids.is_empty() {
            self.check_ids(prompt.ids)?;
            self.embedding.fetch(prompt.ids.iter().copied()).await?;
            self.advance(&mut prefix, &self.rows(&[(prompt, 0)])?, prompt.ids.len(), pass).await?;
        }
        Ok(prefix)
    }

    /// The relevance scores of whole prompts that all start with `prefix`: one submission and one readback, or several
    /// submissions for a single prompt that is too long for one.
    pub async fn scores(
        &self,
        prefix: &Prefix,
        prompts: &[Prompt<'_>],
        pass: Pass<'_>,
    ) -> Result<Vec<f64>, ModelError> {
        let pieces: Vec<(Prompt<'_>, usize)> = prompts.iter().map(|&prompt| (prompt, prefix.len)).collect();
        let lens: Vec<usize> = prompts.iter().map(|prompt| prompt.ids.len() - prefix.len).collect();
        prompts.iter().try_for_each(|prompt| self.check_ids(prompt.ids))?;
        self.embedding.fetch(prompts.iter().flat_map(|prompt| &prompt.ids[prefix.len..]).copied()).await?;
        let rows = self.rows(&pieces)?;
        let hidden = match lens.as_slice() {
            [len] if *len > pass.max_rows => {
                let mut prefix = prefix.clone();
                // The last row stands alone, so that it sees all before it as its prefix.
                self.advance(&mut prefix, &rows, len - 1, pass).await?;
                let last = piece(&rows, len - 1, 1, &self.device);
                self.hidden(last, &prefix, &[0], pass).await?
            }
            _ => {
                let ends = lens.iter().scan(0, |end, len| {
                    *end += len;
                    Some(*end as u32 - 1)
                });
                self.hidden(rows, prefix, &ends.collect::<Vec<_>>(), pass).await?
            }
        };
        self.read(hidden).await
    }

    /// Every intermediate stage of one prompt, for comparison with the reference.
    pub fn trace(&self, prompt: Prompt<'_>, probe: Probe<'_>) -> Result<(), ModelError> {
        self.check_ids(prompt.ids)?;
        self.decoder.trace(self.rows(&[(prompt, 0)])?, probe);
        Ok(())
    }

    /// Computes the first rows, a submission at a time, and adds their keys to the prefix.
    async fn advance(&self, prefix: &mut Prefix, rows: &Rows, count: usize, pass: Pass<'_>) -> Result<(), ModelError> {
        for start in (0..count).step_by(pass.max_rows.clamp(1, count)) {
            let piece = piece(rows, start, pass.max_rows.min(count - start), &self.device);
            let outcome = self.decoder.forward(piece, prefix.keys(), &Want::Keys, pass.turns).await?;
            prefix.extend(outcome.keys);
            // A GPU is not given the next piece before it is done with this one: what it has, nobody can take back.
            if let Some(keys) = prefix.keys.last().filter(|_| count - start > pass.max_rows) {
                settle(&keys.v).await?;
            }
        }
        Ok(())
    }

    async fn hidden(
        &self,
        rows: Rows,
        prefix: &Prefix,
        wanted: &[u32],
        pass: Pass<'_>,
    ) -> Result<Tensor<2>, ModelError> {
        let wanted = wanted.to_vec();
        let want = if pass.last_layer_only { Want::Hidden(wanted) } else { Want::HiddenTheLongWay(wanted) };
        let nothing = || zeros([1, 1], &self.device);
        let outcome = self.decoder.forward(rows, prefix.keys(), &want, pass.turns).await?;
        Ok(outcome.hidden.unwrap_or_else(nothing))
    }

    async fn read(&self, hidden: Tensor<2>) -> Result<Vec<f64>, ModelError> {
        let width = hidden.dims()[1];
        let hidden = download(hidden).await.map_err(ModelError::Device)?;
        let scores: Vec<f64> = hidden.chunks_exact(width).map(|row| sigmoid(self.head.logit(row))).collect();
        if scores.iter().any(|score| score.is_nan()) {
            return Err(self.not_a_number());
        }
        Ok(scores)
    }

    /// The processor computes what it is given; a GPU may also have failed, and then it is worth trying again.
    fn not_a_number(&self) -> ModelError {
        match self.on_cpu {
            true => ModelError::NotANumber,
            false => ModelError::Device(
                "a score is not a number, so the device went wrong, or the weights hold values that are no numbers"
                    .into(),
            ),
        }
    }

    /// Pieces of prompts below each other, each from the given token on to its end.
    fn rows(&self, pieces: &[(Prompt<'_>, usize)]) -> Result<Rows, ModelError> {
        let levels = pieces.iter().flat_map(|(p, _)| p.visuals).map(|v| v.deepstack.len()).max().unwrap_or(0);
        let (mut x, mut text) = (Vec::new(), Vec::new());
        let mut deepstack: Vec<Vec<Tensor<2>>> = vec![Vec::new(); levels];
        let (mut positions, mut ranges) = (Vec::new(), Vec::new());
        for &(Prompt { ids, visuals }, from) in pieces {
            let places: Vec<Place<'_>> = visuals.iter().flat_map(|v| v.places()).collect();
            let steps: Vec<Step> = places.iter().map(|place| place.features.step).collect();
            let is_pad = |id: u32| !visuals.is_empty() && self.tokens.pads.contains(&Some(id));
            let layout = Layout::new(ids, is_pad, &steps)?.tail(from)?;
            for run in &layout.runs {
                match run {
                    // Text on both sides of the end of a piece is moved to the device as one.
                    Run::Text(tokens) => self.embed(&ids[tokens.clone()], &mut text)?,
                    Run::Visual(step) => {
                        x.extend(self.moved(&mut text));
                        x.push(places[*step].tokens());
                    }
                }
                for (level, parts) in deepstack.iter_mut().enumerate() {
                    parts.push(match run {
                        Run::Text(tokens) => self.zeros(tokens.len()),
                        Run::Visual(step) => places[*step].deepstack(level),
                    });
                }
            }
            let start = positions.len() as u32;
            ranges.extend((0..layout.positions.len() as u32).flat_map(|i| [start, start + i + 1]));
            positions.extend(layout.positions);
        }
        x.extend(self.moved(&mut text));
        Ok(Rows {
            x: joined(x),
            angles: self.frequencies.angles(&positions, &self.device),
            ranges: ranges_tensor(ranges, &self.device),
            deepstack: deepstack.into_iter().map(joined).collect(),
        })
    }

    fn zeros(&self, rows: usize) -> Tensor<2> {
        zeros([rows, self.config.text.hidden_size], &self.device)
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

    /// Appends the values of tokens of text.
    fn embed(&self, ids: &[u32], values: &mut Vec<f32>) -> Result<(), ModelError> {
        if ids.iter().all(|&id| self.embedding.push_row(id, values)) {
            return Ok(());
        }
        Err(ModelError::Device("rows of the embedding table were not fetched".into()))
    }

    /// Values on the device, if there are any.
    fn moved(&self, values: &mut Vec<f32>) -> Option<Tensor<2>> {
        let width = self.config.text.hidden_size;
        let rows = values.len() / width;
        (rows > 0).then(|| upload(std::mem::take(values), [rows, width], &self.device))
    }
}

/// Waits until the device has computed this.
pub(super) async fn settle(x: &Tensor<2>) -> Result<(), ModelError> {
    synchronize(x).await.map_err(ModelError::Device)
}

/// Rows below each other.
fn joined(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
    if parts.len() == 1 { parts.swap_remove(0) } else { concat_rows(parts) }
}

/// Neighbouring rows of one prompt as a piece of its own.
fn piece(rows: &Rows, start: usize, count: usize, device: &Device) -> Rows {
    let cut = |tensor: &Tensor<2>| slice_rows(tensor.clone(), start, count);
    let ranges = (0..count as u32).flat_map(|i| [0, i + 1]).collect();
    Rows {
        x: cut(&rows.x),
        angles: cut(&rows.angles),
        ranges: ranges_tensor(ranges, device),
        deepstack: rows.deepstack.iter().map(cut).collect(),
    }
}

fn ranges_tensor(ranges: Vec<u32>, device: &Device) -> Tensor<2, Int> {
    let rows = ranges.len() / 2;
    upload_words(ranges, [rows, 2], device)
}
