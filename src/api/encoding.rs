//! How the values of a vector are written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// The largest of the integers that stand for the values of a vector.
const MAX_INT8: f32 = 127.0;

/// How the values of a vector are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmbeddingFormat {
    /// As numbers.
    #[default]
    Float,
    /// As the base64 of their bytes, f32 in little-endian order.
    Base64,
    /// As integers from -127 to 127, the largest of a vector being 127: its direction stays, its length does not.
    Int8,
    /// By their signs, eight to a signed byte, as sentence-transformers packs them.
    Binary,
    /// The same as unsigned bytes.
    Ubinary,
}

impl EmbeddingFormat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Float, Self::Base64, Self::Int8, Self::Binary, Self::Ubinary];

    /// The name in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Base64 => "base64",
            Self::Int8 => "int8",
            Self::Binary => "binary",
            Self::Ubinary => "ubinary",
        }
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// A vector in this format.
    pub fn encode(self, vector: &[f32]) -> EmbeddingValue {
        match self {
            Self::Float => EmbeddingValue::Floats(vector.to_vec()),
            Self::Base64 => EmbeddingValue::Base64(
                STANDARD.encode(vector.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()),
            ),
            Self::Int8 => {
                let largest = vector.iter().fold(0.0f32, |largest, v| largest.max(v.abs()));
                let scale = if largest > 0.0 { MAX_INT8 / largest } else { 0.0 };
                EmbeddingValue::Integers(vector.iter().map(|v| (v * scale).round_ties_even() as i16).collect())
            }
            Self::Binary => EmbeddingValue::Integers(sign_bytes(vector).map(|byte| i16::from(byte) - 128).collect()),
            Self::Ubinary => EmbeddingValue::Integers(sign_bytes(vector).map(i16::from).collect()),
        }
    }
}

/// A bit for each value that is above zero, the first in the highest bit of a byte.
fn sign_bytes(vector: &[f32]) -> impl Iterator<Item = u8> {
    vector.chunks(8).map(|values| {
        let bits = values.iter().enumerate().map(|(i, &value)| u8::from(value > 0.0) << (7 - i));
        bits.fold(0, |byte, bit| byte | bit)
    })
}

/// The values of a vector as a response writes them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum EmbeddingValue {
    /// Numbers.
    Floats(Vec<f32>),
    /// Integers of a byte.
    Integers(Vec<i16>),
    /// Base64.
    Base64(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_written_as_the_formats_say() {
        let vector = [0.5, -0.25, 0.0, 1.0, -1.0, 0.1, 0.1, -0.1, 0.3];
        let written = |format: EmbeddingFormat| serde_json::to_value(format.encode(&vector)).expect("JSON");
        assert_eq!(written(EmbeddingFormat::Int8), serde_json::json!([64, -32, 0, 127, -127, 13, 13, -13, 38]));
        // 1001 0110 and 1000 0000, as numpy's packbits gives them.
        assert_eq!(written(EmbeddingFormat::Ubinary), serde_json::json!([150, 128]));
        assert_eq!(written(EmbeddingFormat::Binary), serde_json::json!([22, 0]));
        let base64 = EmbeddingFormat::Base64.encode(&[1.0, -2.0]);
        assert_eq!(base64, EmbeddingValue::Base64("AACAPwAAAMA=".to_owned()));
        assert_eq!(EmbeddingFormat::Int8.encode(&[0.0, 0.0]), EmbeddingValue::Integers(vec![0, 0]));
    }
}
