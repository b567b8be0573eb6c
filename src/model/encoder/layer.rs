//! One layer of an encoder.

use burn::module::Module;
use burn::tensor::Tensor;

use super::relative::RelativePass;
use super::rows::RowPlaces;
use crate::kernels::{Keys, RelativePositions, add, disentangled_attention};
use crate::model::config::{EncoderConfig, Positions};
use crate::model::family::{EncoderSpec, MlpLayout, NormOrder};
use crate::model::layers::{
    GateActivation, GatedMlp, LayerNorm, Linear, Mlp, MlpActivation, SelfAttention, TensorScope,
};
use crate::weights::WeightsError;

/// Attention and an MLP, each added to the residual stream. The norms are behind the sums, or before both.
#[derive(Module, Debug)]
pub struct EncoderLayer {
    attention: SelfAttention,
    /// None where the embeddings' norm serves.
    attention_norm: Option<LayerNorm>,
    mlp: EncoderMlp,
    mlp_norm: LayerNorm,
    norms_after: bool,
}

#[derive(Module, Debug)]
enum EncoderMlp {
    Plain(Mlp),
    Gated(GatedMlp),
}

impl EncoderLayer {
    /// The layer at `at`, whose index is `index`.
    pub async fn load(
        at: &TensorScope<'_>,
        index: usize,
        config: &EncoderConfig,
        spec: &EncoderSpec,
    ) -> Result<Self, WeightsError> {
        let norms_after = spec.norm_order == NormOrder::After;
        let (hidden, eps, bias) = (config.hidden_size, config.norm_eps, config.biases.norm);
        let attention_norm = match index == 0 && !norms_after {
            true => None,
            false => Some(LayerNorm::load_with(&at.at("attention_norm"), hidden, eps, bias).await?),
        };
        Ok(Self {
            attention: load_attention(&at.at("attention"), config, spec).await?,
            attention_norm,
            mlp: load_mlp(&at.at("mlp"), config, spec).await?,
            mlp_norm: LayerNorm::load_with(&at.at("mlp_norm"), hidden, eps, bias).await?,
            norms_after,
        })
    }

    /// What attention reads.
    pub fn attention_input(&self, x: &Tensor<2>) -> Tensor<2> {
        match &self.attention_norm {
            Some(norm) if !self.norms_after => norm.forward(x.clone()),
            _ => x.clone(),
        }
    }

    /// The keys and values of attention's input.
    pub fn keys_and_values(&self, input: &Tensor<2>, places: &RowPlaces) -> Keys {
        self.attention.keys_and_values(input, places.angles.as_ref())
    }

    /// The residual stream behind the layer. `keys` may be of more rows than `x`.
    pub fn forward(
        &self,
        x: Tensor<2>,
        input: Tensor<2>,
        keys: Keys,
        places: &RowPlaces,
        relative: Option<&RelativePass>,
    ) -> Tensor<2> {
        let attended = match relative {
            Some(relative) => self.attend_disentangled(input, keys, places, relative),
            None => self.attention.attend(input, places.angles.as_ref(), keys, None, &places.ranges),
        };
        let x = add(x, attended);
        match (&self.attention_norm, self.norms_after) {
            (Some(norm), true) => {
                let x = norm.forward(x);
                self.mlp_norm.forward(add(x.clone(), self.mlp.forward(x)))
            }
            _ => add(x.clone(), self.mlp.forward(self.mlp_norm.forward(x))),
        }
    }
}

impl EncoderLayer {
    /// The relative positions go through the same maps as the rows.
    fn attend_disentangled(
        &self,
        input: Tensor<2>,
        keys: Keys,
        places: &RowPlaces,
        relative: &RelativePass,
    ) -> Tensor<2> {
        let SelfAttention { query, key, output, .. } = &self.attention;
        let positions = RelativePositions {
            k: key.forward(relative.embeddings.clone()),
            q: query.forward(relative.embeddings.clone()),
        };
        let (q, ranges) = (query.forward(input), places.ranges.clone());
        output.forward(disentangled_attention(q, keys, positions, ranges, relative.sizes.clone()))
    }
}

impl EncoderMlp {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Plain(mlp) => mlp.forward(x),
            Self::Gated(mlp) => mlp.forward(x),
        }
    }
}

async fn load_attention(
    at: &TensorScope<'_>,
    config: &EncoderConfig,
    spec: &EncoderSpec,
) -> Result<SelfAttention, WeightsError> {
    let (hidden, bias) = (config.hidden_size, config.biases.qkv);
    let mut maps = Vec::with_capacity(3);
    if spec.fused_qkv {
        maps = Linear::load_fused(&at.at("qkv"), &[hidden; 3], hidden, bias).await?;
    } else {
        for name in ["query", "key", "value"] {
            maps.push(Linear::load(&at.at(name), [hidden; 2], bias).await?);
        }
    }
    let Ok([query, key, value]) = <[Linear; 3]>::try_from(maps) else { unreachable!("a map for each") };
    Ok(SelfAttention {
        query,
        key,
        value,
        output: Linear::load(&at.at("output"), [hidden; 2], config.biases.attention_output).await?,
        query_norm: None,
        key_norm: None,
        query_heads: config.num_attention_heads,
        key_heads: config.num_attention_heads,
        linear_bias: config.positions == Positions::LinearBias,
    })
}

async fn load_mlp(
    at: &TensorScope<'_>,
    config: &EncoderConfig,
    spec: &EncoderSpec,
) -> Result<EncoderMlp, WeightsError> {
    let (hidden, inner, bias) = (config.hidden_size, config.intermediate_size, config.biases.mlp_input);
    let (name, rows) = match spec.mlp {
        MlpLayout::Plain => ("up", &[inner][..]),
        MlpLayout::GateUp => ("gate_up", &[inner; 2][..]),
        MlpLayout::UpGate => ("up_gate", &[inner; 2][..]),
    };
    let mut maps = Linear::load_fused(&at.at(name), rows, hidden, bias).await?;
    let down = Linear::load(&at.at("down"), [hidden, inner], config.biases.mlp_output).await?;
    let last = maps.pop().expect("a map for each number of rows");
    let (gate, up) = match (spec.mlp, maps.pop()) {
        (_, None) => return Ok(EncoderMlp::Plain(Mlp { up: last, down, activation: config.activation })),
        (MlpLayout::UpGate, Some(first)) => (last, first),
        (_, Some(first)) => (first, last),
    };
    let activation = match config.activation {
        MlpActivation::Gelu => GateActivation::Gelu,
        MlpActivation::GeluTanh => GateActivation::GeluTanh,
        MlpActivation::GeluQuick => unreachable!("no configuration of an encoder names it"),
    };
    Ok(EncoderMlp::Gated(GatedMlp { gate, up, down, activation }))
}
