//! A linear classifier of one class, "relevant", or of two.

use crate::weights::{Checkpoint, WeightsError};

/// Where the rows of a classifier are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassifierRows {
    tensor: &'static str,
    shape: Vec<usize>,
    relevant: usize,
    /// None if a single row gives the logit.
    irrelevant: Option<usize>,
}

impl ClassifierRows {
    /// In the given tensor; of two rows, `relevant` is that of the class "relevant".
    pub fn find(
        checkpoint: &Checkpoint,
        tensor: &'static str,
        relevant: usize,
        width: usize,
    ) -> Result<Self, WeightsError> {
        // A tensor of an unreadable type has no shape; the check reports it.
        let shape = checkpoint.info(tensor).map_or(&[][..], |info| &info.shape);
        let rows = match *shape {
            [_] => Self { tensor, shape: vec![width], relevant: 0, irrelevant: None },
            [] | [1, _] => Self { tensor, shape: vec![1, width], relevant: 0, irrelevant: None },
            [2, _] => Self { tensor, shape: vec![2, width], relevant, irrelevant: Some(1 - relevant) },
            _ => {
                let detail = format!(
                    "its shape is {shape:?}, but a reranker's classifier has one row, or two (num_labels 1 or 2)"
                );
                return Err(WeightsError::Tensor { tensor: tensor.to_owned(), detail });
            }
        };
        checkpoint.check(tensor, &rows.shape)?;
        Ok(rows)
    }

    /// For people.
    pub fn describe(&self) -> String {
        match (self.tensor, self.irrelevant) {
            ("cls.output.weight", _) => "cls.output.weight, llama.cpp's classifier".to_owned(),
            (tensor, None) => format!("{tensor}, a classifier of one row"),
            (tensor, Some(_)) => format!("{tensor}, a classifier of two rows"),
        }
    }

    /// The rows of "relevant" and "irrelevant"; the latter is zero if a single row gives the logit.
    pub async fn read(&self, checkpoint: &Checkpoint) -> Result<[Vec<f32>; 2], WeightsError> {
        let relevant = self.read_row(checkpoint, self.relevant).await?;
        let irrelevant = match self.irrelevant {
            Some(row) => self.read_row(checkpoint, row).await?,
            None => vec![0.0; relevant.len()],
        };
        Ok([relevant, irrelevant])
    }

    async fn read_row(&self, checkpoint: &Checkpoint, row: usize) -> Result<Vec<f32>, WeightsError> {
        match self.shape.len() {
            1 => checkpoint.f32(self.tensor, &self.shape).await,
            _ => checkpoint.f32_rows(self.tensor, &self.shape, row, 1).await,
        }
    }
}
