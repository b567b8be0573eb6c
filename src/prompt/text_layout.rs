//! What a tokenizer puts around a text that stands alone, as its file says.

use serde_json::Value;

/// The special tokens around a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextLayout {
    /// Before it.
    pub before: Vec<u32>,
    /// After it.
    pub after: Vec<u32>,
}

impl TextLayout {
    /// From the `post_processor` of a `tokenizer.json`. Nothing if it adds no tokens.
    pub fn from_post_processor(value: &Value) -> Self {
        Self::read(value).unwrap_or_default()
    }

    fn read(value: &Value) -> Option<Self> {
        match value.get("type")?.as_str()? {
            "TemplateProcessing" => Self::from_template(value),
            "BertProcessing" | "RobertaProcessing" => {
                let id = |name: &str| u32::try_from(value.get(name)?.get(1)?.as_u64()?).ok();
                Some(Self { before: vec![id("cls")?], after: vec![id("sep")?] })
            }
            "Sequence" => value.get("processors")?.as_array()?.iter().find_map(Self::read),
            _ => None,
        }
    }

    fn from_template(value: &Value) -> Option<Self> {
        let mut layout = Self::default();
        let mut within = false;
        for piece in value.get("single")?.as_array()? {
            match piece.get("SpecialToken") {
                None => within = true,
                Some(token) => {
                    let ids = value.get("special_tokens")?.get(token.get("id")?.as_str()?)?.get("ids")?.as_array()?;
                    let ids = ids.iter().map(|id| u32::try_from(id.as_u64()?).ok()).collect::<Option<Vec<u32>>>()?;
                    if within { layout.after.extend(ids) } else { layout.before.extend(ids) }
                }
            }
        }
        Some(layout)
    }

    /// How many tokens it adds.
    pub fn special_tokens(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_post_processor_is_read() {
        let layout = |value: Value| {
            let TextLayout { before, after } = TextLayout::from_post_processor(&value);
            (before, after)
        };
        let bert = json!({"type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]});
        assert_eq!(layout(bert), (vec![101], vec![102]));
        let qwen = json!({
            "type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}],
            "special_tokens": {"<|endoftext|>": {"ids": [151643]}},
        });
        let processors = json!({"type": "Sequence", "processors": [{"type": "ByteLevel"}, qwen]});
        assert_eq!(layout(processors), (vec![], vec![151643]));
        assert_eq!(layout(json!({"type": "ByteLevel"})), (vec![], vec![]));
    }
}
