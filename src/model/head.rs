//! The score: one vector, one dot product, one sigmoid.

use super::{Config, ModelError};
use crate::weights::Checkpoint;
use crate::weights::WeightsError;

/// Classifiers that a file may hold instead of a head, each with the row of the answer `yes` where it has two. A model
/// that Transformers trained to tell two classes apart has what is relevant second; llama.cpp writes yes, then no.
const CLASSIFIERS: [(&str, usize); 2] = [("score.weight", 1), ("cls.output.weight", 0)];

/// Where a file keeps what scores are made with. It is found without reading a tensor, so that whoever only asks whether
/// a model will run hears what loading it would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    tensor: &'static str,
    shape: Vec<usize>,
    yes: usize,
    /// None where a single row stands for the difference of the answers.
    no: Option<usize>,
}

impl Head {
    /// A classifier's own rows where there are any; else two rows of the head, which a tied model keeps in the table.
    pub fn find(checkpoint: &Checkpoint, config: &Config, yes: u32, no: u32) -> Result<Self, ModelError> {
        let (rows, width) = (config.text.vocab_size, config.text.hidden_size);
        let (yes, no) = (yes as usize, no as usize);
        if yes >= rows || no >= rows {
            return Err(ModelError::Config(format!(
                "vocab_size is {rows}, but the tokenizer's \"yes\" is {yes} and its \"no\" {no}: tokenizer.json belongs to another model"
            )));
        }
        let classifier = CLASSIFIERS.iter().find(|(tensor, _)| checkpoint.mentions(tensor));
        let head = match classifier {
            Some(&(tensor, yes)) => Self::classifier(checkpoint, tensor, width, yes)?,
            None => {
                // A file that says nothing is tied if it holds no head; one that says it is not must hold one.
                let tied = config.tied.unwrap_or(!checkpoint.mentions("lm_head.weight"));
                let tensor = if tied { "embed_tokens.weight" } else { "lm_head.weight" };
                Self { tensor, shape: vec![rows, width], yes, no: Some(no) }
            }
        };
        checkpoint.check(head.tensor, &head.shape)?;
        Ok(head)
    }

    fn classifier(
        checkpoint: &Checkpoint,
        tensor: &'static str,
        width: usize,
        yes: usize,
    ) -> Result<Self, WeightsError> {
        // One that cannot be read has no shape here; whoever checks it says why.
        let shape = checkpoint.info(tensor).map_or(&[][..], |info| &info.shape);
        match *shape {
            [_] => Ok(Self { tensor, shape: vec![width], yes: 0, no: None }),
            [] | [1, _] => Ok(Self { tensor, shape: vec![1, width], yes: 0, no: None }),
            [2, _] => Ok(Self { tensor, shape: vec![2, width], yes, no: Some(1 - yes) }),
            _ => Err(WeightsError::Tensor {
                tensor: tensor.to_owned(),
                detail: format!(
                    "its shape is {shape:?}, but a reranker's classifier has one row, or two (num_labels 1 or 2)"
                ),
            }),
        }
    }

    /// What it is, for people.
    pub fn describe(&self) -> String {
        match (self.tensor, self.no) {
            ("lm_head.weight", _) => "two rows of the language model's head".to_owned(),
            ("embed_tokens.weight", _) => "two rows of the embedding table".to_owned(),
            ("cls.output.weight", _) => "cls.output.weight, llama.cpp's classifier".to_owned(),
            (tensor, None) => format!("{tensor}, a classifier's vector"),
            (tensor, Some(_)) => format!("{tensor}, a classifier's two rows"),
        }
    }

    /// The rows of the answers yes and no; zeros for no where a single row stands for their difference.
    pub async fn rows(&self, checkpoint: &Checkpoint) -> Result<[Vec<f32>; 2], WeightsError> {
        let yes = self.row(checkpoint, self.yes).await?;
        let no = match self.no {
            Some(no) => self.row(checkpoint, no).await?,
            None => vec![0.0; yes.len()],
        };
        Ok([yes, no])
    }

    async fn row(&self, checkpoint: &Checkpoint, row: usize) -> Result<Vec<f32>, WeightsError> {
        match self.shape.len() {
            1 => checkpoint.f32(self.tensor, &self.shape).await,
            _ => checkpoint.f32_rows(self.tensor, &self.shape, row, 1).await,
        }
    }
}

/// `W[yes] - W[no]`. The other rows are never used and never read.
pub struct ScoreHead {
    direction: Vec<f32>,
}

impl ScoreHead {
    /// From the rows of the two answers.
    pub fn new([yes, no]: [Vec<f32>; 2]) -> Self {
        Self { direction: yes.iter().zip(&no).map(|(y, n)| y - n).collect() }
    }

    /// The difference of the two logits at a final hidden state. On the CPU in double precision: the sum is short
    /// and it decides everything.
    pub fn logit(&self, hidden: &[f32]) -> f64 {
        self.direction.iter().zip(hidden).map(|(&w, &h)| f64::from(w) * f64::from(h)).sum()
    }
}

/// `1 / (1 + e^-x)`.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
