//! From named tensors to a model on a device.

use burn::tensor::{Device, Tensor, TensorData};

use super::attention::Attention;
use super::decoder::{Decoder, Layer, Mlp};
use super::embedding::Embedding;
use super::head::{ScoreHead, sigmoid};
use super::linear::{Linear, Precision};
use super::norm::Norm;
use super::{Config, ModelError, Trace};
use crate::weights::{Checkpoint, WeightsError};

/// Tells how far loading has come; called after each part with the parts done and their number.
pub type LoadStep<'a> = &'a mut dyn FnMut(usize, usize);

/// A Qwen3 text reranker, ready to score token sequences.
pub struct TextReranker {
    config: Config,
    embedding: Embedding,
    decoder: Decoder,
    head: ScoreHead,
    device: Device,
}

impl TextReranker {
    /// Reads every tensor and moves it to `device`, one at a time.
    pub async fn load(
        checkpoint: &Checkpoint,
        config: Config,
        (yes, no): (u32, u32),
        precision: Precision,
        device: &Device,
        step: LoadStep<'_>,
    ) -> Result<Self, ModelError> {
        let table = [config.vocab_size, config.hidden_size];
        if yes as usize >= table[0] || no as usize >= table[0] {
            return Err(ModelError::Config(format!(
                "vocab_size is {}, but the tokenizer's \"yes\" is {yes} and its \"no\" {no}: tokenizer.json belongs to another model",
                table[0]
            )));
        }
        let parts = config.num_hidden_layers + 2;
        let loader = Loader { checkpoint, config: &config, precision, device };
        let embedding = Embedding::load(checkpoint, "model.embed_tokens.weight", table).await?;
        step(1, parts);
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            layers.push(loader.layer(i).await?);
            step(i + 2, parts);
        }
        let norm = loader.norm("model.norm.weight", config.hidden_size).await?;
        let head = loader.head(yes, no).await?;
        step(parts, parts);
        let decoder = Decoder { layers, norm, theta: config.theta() };
        let device = device.clone();
        Ok(Self { config, embedding, decoder, head, device })
    }

    /// The sizes of this model.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The relevance score of one prompt: one pass, one readback.
    pub async fn score(&self, ids: &[u32]) -> Result<f64, ModelError> {
        let hidden = self.decoder.forward(self.embed(ids)?);
        let data = hidden.into_data_async().await.map_err(|e| ModelError::Device(format!("{e:?}")))?;
        let hidden = data.try_to_vec::<f32>().map_err(|e| ModelError::Device(format!("{e:?}")))?;
        let score = sigmoid(self.head.logit(&hidden));
        if score.is_nan() {
            return Err(ModelError::Device("the score is not a number".into()));
        }
        Ok(score)
    }

    /// Every intermediate stage of one prompt, for comparison with the reference.
    pub fn trace(&self, ids: &[u32]) -> Result<Trace, ModelError> {
        Ok(self.decoder.trace(self.embed(ids)?))
    }

    fn embed(&self, ids: &[u32]) -> Result<Tensor<2>, ModelError> {
        let rows = self.embedding.rows();
        if let Some(id) = ids.iter().find(|&&id| id as usize >= rows) {
            return Err(ModelError::Config(format!(
                "the tokenizer gives id {id}, but the model has {rows} embeddings: tokenizer.json belongs to another model"
            )));
        }
        let values: Vec<f32> = ids.iter().flat_map(|&id| self.embedding.row(id)).collect();
        let shape = [ids.len(), self.config.hidden_size];
        Ok(Tensor::from_data(TensorData::new(values, shape), &self.device))
    }
}

struct Loader<'a> {
    checkpoint: &'a Checkpoint,
    config: &'a Config,
    precision: Precision,
    device: &'a Device,
}

impl Loader<'_> {
    async fn layer(&self, index: usize) -> Result<Layer, WeightsError> {
        let name = |leaf: &str| format!("model.layers.{index}.{leaf}.weight");
        let c = self.config;
        let (d, hd, inner) = (c.hidden_size, c.head_dim, c.intermediate_size);
        let (q, kv) = (c.num_attention_heads * hd, c.num_key_value_heads * hd);
        Ok(Layer {
            input_norm: self.norm(&name("input_layernorm"), d).await?,
            attention: Attention {
                q: self.linear(&name("self_attn.q_proj"), [q, d]).await?,
                k: self.linear(&name("self_attn.k_proj"), [kv, d]).await?,
                v: self.linear(&name("self_attn.v_proj"), [kv, d]).await?,
                o: self.linear(&name("self_attn.o_proj"), [d, q]).await?,
                q_norm: self.norm(&name("self_attn.q_norm"), hd).await?,
                k_norm: self.norm(&name("self_attn.k_norm"), hd).await?,
                heads: c.num_attention_heads,
                kv_heads: c.num_key_value_heads,
                head_dim: hd,
            },
            post_attention_norm: self.norm(&name("post_attention_layernorm"), d).await?,
            mlp: Mlp {
                gate: self.linear(&name("mlp.gate_proj"), [inner, d]).await?,
                up: self.linear(&name("mlp.up_proj"), [inner, d]).await?,
                down: self.linear(&name("mlp.down_proj"), [d, inner]).await?,
            },
        })
    }

    async fn linear(&self, name: &str, shape: [usize; 2]) -> Result<Linear, WeightsError> {
        let values = self.checkpoint.f32(name, &shape).await?;
        Ok(Linear::new(values, shape, self.precision, self.device))
    }

    async fn norm(&self, name: &str, width: usize) -> Result<Norm, WeightsError> {
        let values = self.checkpoint.f32(name, &[width]).await?;
        let weight = Tensor::from_data(TensorData::new(values, [width]), self.device);
        Ok(Norm::new(weight, self.config.rms_norm_eps))
    }

    /// A classifier's own vector where there is one; else the head's rows, which a tied model keeps in the table.
    async fn head(&self, yes: u32, no: u32) -> Result<ScoreHead, WeightsError> {
        let c = self.config;
        if self.checkpoint.info("score.weight").is_some() {
            return ScoreHead::load_difference(self.checkpoint, "score.weight", c.hidden_size).await;
        }
        let name = if c.tie_word_embeddings { "model.embed_tokens.weight" } else { "lm_head.weight" };
        ScoreHead::load(self.checkpoint, name, [c.vocab_size, c.hidden_size], yes, no).await
    }
}
