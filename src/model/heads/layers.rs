//! A head of layers: linear maps with activations, and norms. They compute one vector for each document, on the host.

use crate::model::family::{HeadActivation, HeadLayerSpec};
use crate::weights::{Checkpoint, WeightsError};

/// The largest head that is read: the widest published layers, several times over.
const MAX_HEAD_VALUES: usize = 1 << 26;

/// A layer of a head: the names of its weight and bias begin with `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadPlace {
    /// The start of its tensors' names.
    pub at: String,
    /// Whether it is a norm.
    pub is_norm: bool,
}

/// A layer of a head that was found in a checkpoint and checked, without reading its values.
#[derive(Debug, Clone, PartialEq)]
pub enum HeadLayerTensors {
    /// A linear map.
    Dense {
        /// Where its weight and bias are.
        at: String,
        /// Rows and columns of its weight.
        shape: [usize; 2],
        /// Whether there is a bias.
        bias: bool,
        /// What follows it.
        activation: HeadActivation,
    },
    /// A layer norm.
    Norm {
        /// Where its weight and bias are.
        at: String,
        /// Its width.
        width: usize,
        /// Whether there is a bias.
        bias: bool,
        /// Its epsilon.
        eps: f64,
    },
}

impl HeadLayerTensors {
    /// What it is, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Dense { at, shape: [rows, columns], activation, .. } => {
                let activation = match activation {
                    HeadActivation::Identity => "",
                    HeadActivation::Tanh => ", tanh",
                    HeadActivation::Gelu => ", gelu",
                    HeadActivation::Relu => ", relu",
                    HeadActivation::Sigmoid => ", sigmoid",
                };
                format!("{at} ({columns} → {rows}{activation})")
            }
            Self::Norm { at, .. } => format!("{at} (layer norm)"),
        }
    }
}

/// Finds and checks the layers of a head that reads vectors of `width` values.
pub fn find_layers(
    checkpoint: &Checkpoint,
    specs: &[HeadLayerSpec],
    width: usize,
    norm_eps: f64,
) -> Result<Vec<HeadLayerTensors>, WeightsError> {
    let mut columns = width;
    let mut layers = Vec::with_capacity(specs.len());
    for (i, spec) in specs.iter().enumerate() {
        layers.push(match *spec {
            HeadLayerSpec::Dense { at, activation } => {
                let rows = match i + 1 == specs.len() {
                    true => 1,
                    false => dense_rows(checkpoint, at)?,
                };
                let layer = dense(checkpoint, at, [rows, columns], activation)?;
                columns = rows;
                layer
            }
            HeadLayerSpec::Norm { at } => norm(checkpoint, at, columns, norm_eps)?,
        });
    }
    Ok(layers)
}

/// A linear map of a known shape.
pub fn dense(
    checkpoint: &Checkpoint,
    at: &str,
    shape: [usize; 2],
    activation: HeadActivation,
) -> Result<HeadLayerTensors, WeightsError> {
    let weight = format!("{at}.weight");
    if let Some(&[rows, _]) = checkpoint.info(&weight).map(|info| info.shape.as_slice())
        && shape[0] == 1
        && rows > 1
    {
        let detail = format!("it has {rows} rows, so the model sorts texts into {rows} classes: it is no reranker");
        return Err(WeightsError::Tensor { tensor: weight, detail });
    }
    if shape[0].saturating_mul(shape[1]) > MAX_HEAD_VALUES {
        let detail = format!("its shape {shape:?} is larger than any published head's");
        return Err(WeightsError::Tensor { tensor: weight, detail });
    }
    checkpoint.check(&weight, &shape)?;
    let bias = has_bias(checkpoint, at, shape[0])?;
    Ok(HeadLayerTensors::Dense { at: at.to_owned(), shape, bias, activation })
}

/// A layer norm.
pub fn norm(checkpoint: &Checkpoint, at: &str, width: usize, eps: f64) -> Result<HeadLayerTensors, WeightsError> {
    checkpoint.check(&format!("{at}.weight"), &[width])?;
    let bias = has_bias(checkpoint, at, width)?;
    Ok(HeadLayerTensors::Norm { at: at.to_owned(), width, bias, eps })
}

fn has_bias(checkpoint: &Checkpoint, at: &str, len: usize) -> Result<bool, WeightsError> {
    let name = format!("{at}.bias");
    if !checkpoint.mentions(&name) {
        return Ok(false);
    }
    checkpoint.check(&name, &[len])?;
    Ok(true)
}

fn dense_rows(checkpoint: &Checkpoint, at: &str) -> Result<usize, WeightsError> {
    let tensor = format!("{at}.weight");
    match checkpoint.info(&tensor).map(|info| info.shape.as_slice()) {
        Some(&[rows, _]) => Ok(rows),
        // The check reports what is wrong with it.
        Some(_) => Ok(1),
        None => {
            let detail = "the file lacks it: a reranker's head begins with it. Is this an embedding model, or a language \
                          model that was not trained to rerank?";
            Err(WeightsError::Tensor { tensor, detail: detail.to_owned() })
        }
    }
}

/// A loaded layer.
#[derive(Debug, Clone)]
pub enum HeadLayer {
    Dense { weight: Vec<f32>, bias: Vec<f32>, activation: HeadActivation },
    Norm { weight: Vec<f32>, bias: Vec<f32>, eps: f64 },
}

impl HeadLayer {
    /// Reads its values.
    pub async fn load(tensors: &HeadLayerTensors, checkpoint: &Checkpoint) -> Result<Self, WeightsError> {
        let bias_of = async |at: &str, len: usize, bias: bool| match bias {
            true => checkpoint.f32(&format!("{at}.bias"), &[len]).await,
            false => Ok(vec![0.0; len]),
        };
        Ok(match tensors {
            HeadLayerTensors::Dense { at, shape, bias, activation } => Self::Dense {
                weight: checkpoint.f32(&format!("{at}.weight"), shape).await?,
                bias: bias_of(at, shape[0], *bias).await?,
                activation: *activation,
            },
            HeadLayerTensors::Norm { at, width, bias, eps } => Self::Norm {
                weight: checkpoint.f32(&format!("{at}.weight"), &[*width]).await?,
                bias: bias_of(at, *width, *bias).await?,
                eps: *eps,
            },
        })
    }

    /// Its output, in double precision: the vectors are short, and they decide the score.
    pub fn forward(&self, x: &[f64]) -> Vec<f64> {
        match self {
            Self::Dense { weight, bias, activation } => {
                let rows = weight.chunks_exact(x.len()).zip(bias);
                rows.map(|(row, &bias)| activate(dot(row, x) + f64::from(bias), *activation)).collect()
            }
            Self::Norm { weight, bias, eps } => {
                let len = x.len() as f64;
                let mean = x.iter().sum::<f64>() / len;
                let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / len;
                let scale = 1.0 / (variance + eps).sqrt();
                let parameters = weight.iter().zip(bias);
                x.iter().zip(parameters).map(|(v, (&w, &b))| (v - mean) * scale * f64::from(w) + f64::from(b)).collect()
            }
        }
    }
}

/// In four sums, so that the additions do not wait for each other.
fn dot(row: &[f32], x: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let ((rows, row_rest), (xs, x_rest)) = (row.as_chunks::<4>(), x.as_chunks::<4>());
    for (row, x) in rows.iter().zip(xs) {
        for lane in 0..4 {
            sums[lane] += f64::from(row[lane]) * x[lane];
        }
    }
    sums.iter().sum::<f64>() + row_rest.iter().zip(x_rest).map(|(&w, x)| f64::from(w) * x).sum::<f64>()
}

fn activate(x: f64, activation: HeadActivation) -> f64 {
    match activation {
        HeadActivation::Identity => x,
        HeadActivation::Tanh => x.tanh(),
        HeadActivation::Gelu => x / 2.0 * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
        HeadActivation::Relu => x.max(0.0),
        HeadActivation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
    }
}
