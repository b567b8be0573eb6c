//! How a tokenizer joins two texts, as its file says.

use serde_json::Value;

/// The special tokens around the two texts of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairLayout {
    /// Before the first text.
    pub before: Vec<u32>,
    /// Between the two.
    pub between: Vec<u32>,
    /// After the second.
    pub after: Vec<u32>,
    /// Whether the tokens of the document have another type than the query's.
    pub typed: bool,
}

impl PairLayout {
    /// From the `post_processor` of a `tokenizer.json`. None if it does not join pairs.
    pub fn from_post_processor(value: &Value) -> Option<Self> {
        match value.get("type")?.as_str()? {
            "TemplateProcessing" => Self::from_template(value),
            "BertProcessing" => {
                let (first, last) = (special_id(value, "cls")?, special_id(value, "sep")?);
                Some(Self { before: vec![first], between: vec![last], after: vec![last], typed: true })
            }
            "RobertaProcessing" => {
                let (first, last) = (special_id(value, "cls")?, special_id(value, "sep")?);
                Some(Self { before: vec![first], between: vec![last, last], after: vec![last], typed: false })
            }
            "Sequence" => value.get("processors")?.as_array()?.iter().find_map(Self::from_post_processor),
            _ => None,
        }
    }

    fn from_template(value: &Value) -> Option<Self> {
        let mut layout = Self { before: Vec::new(), between: Vec::new(), after: Vec::new(), typed: false };
        let mut sequences = 0;
        for piece in value.get("pair")?.as_array()? {
            if let Some(token) = piece.get("SpecialToken") {
                let ids = value.get("special_tokens")?.get(token.get("id")?.as_str()?)?.get("ids")?.as_array()?;
                let ids = ids.iter().map(|id| u32::try_from(id.as_u64()?).ok()).collect::<Option<Vec<u32>>>()?;
                match sequences {
                    0 => layout.before.extend(ids),
                    1 => layout.between.extend(ids),
                    _ => layout.after.extend(ids),
                }
                continue;
            }
            let sequence = piece.get("Sequence")?;
            match (sequences, sequence.get("id")?.as_str()?) {
                (0, "A") => {}
                (1, "B") => layout.typed = sequence.get("type_id")?.as_u64()? == 1,
                _ => return None,
            }
            sequences += 1;
        }
        (sequences == 2).then_some(layout)
    }

    /// How many tokens it adds.
    pub fn special_tokens(&self) -> usize {
        self.before.len() + self.between.len() + self.after.len()
    }
}

/// The id of a processor's token, which is given as `[text, id]`.
fn special_id(value: &Value, name: &str) -> Option<u32> {
    u32::try_from(value.get(name)?.get(1)?.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_post_processor_is_read() {
        let layout = |value: Value| PairLayout::from_post_processor(&value);
        let bert = json!({"type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]});
        let template = json!({
            "type": "TemplateProcessing",
            "pair": [
                {"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
                {"SpecialToken": {"id": "[SEP]", "type_id": 1}},
            ],
            "special_tokens": {"[CLS]": {"ids": [101]}, "[SEP]": {"ids": [102]}},
        });
        assert!(layout(bert.clone()).is_some());
        assert_eq!(layout(bert), layout(template.clone()));
        assert_eq!(
            layout(json!({"type": "Sequence", "processors": [{"type": "ByteLevel"}, template]})).map(|l| l.typed),
            Some(true)
        );
        let roberta =
            layout(json!({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]})).expect("a layout");
        assert_eq!((roberta.between, roberta.typed), (vec![2, 2], false));
        assert_eq!(layout(json!({"type": "ByteLevel"})), None);
        assert_eq!(
            layout(json!({"type": "TemplateProcessing", "pair": [{"Sequence": {"id": "B", "type_id": 0}}]})),
            None
        );
    }
}
