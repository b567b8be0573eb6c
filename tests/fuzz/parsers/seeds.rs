//! Small valid files as seeds. They are complete, so that mutations reach the code behind a parser's first checks.

use secondpass::weights::DType;
use secondpass::weights::gguf::{EmbeddedFile, Field, GgufLayout, GgufWriter, NewTensor, embedded_fields};
use serde_json::json;

/// Tensors of every supported type, one of an unsupported type, and an empty one.
pub fn safetensors() -> Vec<u8> {
    let (mut header, mut end) = (serde_json::Map::new(), 0);
    for (name, dtype, shape, size) in [
        ("model.embed_tokens.weight", "F32", vec![6, 4], 4),
        ("model.layers.0.mlp.up_proj.weight", "F16", vec![3, 4], 2),
        ("model.norm.weight", "BF16", vec![4], 2),
        ("score.weight", "I64", vec![1, 2], 8),
        ("empty", "F32", vec![0, 4], 4),
    ] {
        let start = end;
        end += size * shape.iter().product::<usize>();
        header.insert(name.to_owned(), json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]}));
    }
    let header = serde_json::Value::Object(header).to_string();
    let data: Vec<u8> = (0..end).map(|i| (i % 60) as u8).collect();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

fn gguf(fields: Vec<(&str, Field)>, tensors: &[(&str, DType, &[usize])]) -> Vec<u8> {
    let fields: Vec<_> = fields.into_iter().map(|(key, field)| (key.to_owned(), field)).collect();
    let tensor = |&(name, dtype, shape): &(&str, DType, &[usize])| NewTensor {
        name: name.to_owned(),
        dtype,
        shape: shape.to_vec(),
    };
    let tensors: Vec<NewTensor> = tensors.iter().map(tensor).collect();
    let layout = GgufLayout::new(&fields, &tensors).expect("whole blocks");
    let mut writer = GgufWriter::start(Vec::new(), layout).expect("a header");
    for tensor in &tensors {
        writer.next_tensor().expect("a tensor");
        writer.write(&vec![17; tensor.data_len().expect("whole blocks") as usize]).expect("its data");
    }
    writer.finish().expect("a file")
}

fn strings(list: &[&str]) -> Field {
    Field::Strings(list.iter().map(|&text| text.to_owned()).collect())
}

/// A text model with one layer and a tokenizer, as the first of two split files.
pub fn text_gguf() -> Vec<u8> {
    let fields = vec![
        ("general.architecture", Field::String("qwen3vl".into())),
        ("qwen3vl.block_count", Field::U32(1)),
        ("qwen3vl.embedding_length", Field::U32(32)),
        ("qwen3vl.feed_forward_length", Field::U32(64)),
        ("qwen3vl.attention.head_count", Field::U32(2)),
        ("qwen3vl.attention.head_count_kv", Field::U32(1)),
        ("qwen3vl.attention.key_length", Field::U32(16)),
        ("qwen3vl.attention.layer_norm_rms_epsilon", Field::F32(1e-6)),
        ("qwen3vl.rope.freq_base", Field::F32(5e6)),
        ("qwen3vl.rope.dimension_sections", Field::I32s(vec![4, 2, 2, 0])),
        ("tokenizer.ggml.tokens", strings(&["a", "b", "c", "ab", "\u{120}", "yes", "no", "<|im_end|>"])),
        ("tokenizer.ggml.token_type", Field::I32s(vec![1, 1, 1, 1, 1, 1, 1, 3])),
        ("tokenizer.ggml.merges", strings(&["a b"])),
        ("tokenizer.ggml.add_bos_token", Field::Bool(false)),
        ("split.no", Field::U16(0)),
        ("split.count", Field::U16(2)),
    ];
    gguf(
        fields,
        &[
            ("token_embd.weight", DType::Q8_0, &[8, 32]),
            ("output_norm.weight", DType::F32, &[32]),
            ("blk.0.ffn_up.weight", DType::Q4_0, &[64, 32]),
            ("blk.0.attn_q.weight", DType::F16, &[32, 32]),
        ],
    )
}

/// A vision tower with two blocks for this text model.
pub fn vision_gguf() -> Vec<u8> {
    let fields = vec![
        ("general.architecture", Field::String("clip".into())),
        ("clip.projector_type", Field::String("qwen3vl_merger".into())),
        ("clip.vision.block_count", Field::U32(2)),
        ("clip.vision.embedding_length", Field::U32(32)),
        ("clip.vision.feed_forward_length", Field::U32(48)),
        ("clip.vision.attention.head_count", Field::U32(2)),
        ("clip.vision.patch_size", Field::U32(16)),
        ("clip.vision.projection_dim", Field::U32(32)),
        ("clip.vision.spatial_merge_size", Field::U32(2)),
        ("clip.vision.is_deepstack_layers", Field::Bools(vec![true, false])),
    ];
    gguf(
        fields,
        &[
            ("v.position_embd.weight", DType::F32, &[4, 32]),
            ("mm.2.weight", DType::F16, &[32, 128]),
            ("v.deepstack.0.norm.weight", DType::F32, &[128]),
        ],
    )
}

/// The tensors that a small encoder's header is read with.
const ENCODER_TENSORS: [(&str, DType, &[usize]); 5] = [
    ("token_embd.weight", DType::F16, &[9, 32]),
    ("position_embd.weight", DType::F32, &[16, 32]),
    ("cls.weight", DType::F32, &[32, 32]),
    ("cls.output.weight", DType::F32, &[32]),
    ("blk.0.attn_qkv.weight", DType::Q8_0, &[96, 32]),
];

/// An encoder as `secondpass convert` writes one: its own files are in the metadata.
pub fn own_encoder_gguf(files: &[(&str, &str)]) -> Vec<u8> {
    let file = |(name, text): &(&str, &str)| EmbeddedFile { name: (*name).to_owned(), text: (*text).to_owned() };
    let files: Vec<EmbeddedFile> = files.iter().map(file).collect();
    let [names, texts] = embedded_fields(&files).expect("short files");
    let fields = vec![
        ("general.architecture", Field::String("secondpass-bert".into())),
        ("secondpass.file_names", names.1),
        ("secondpass.file_texts", texts.1),
    ];
    gguf(fields, &ENCODER_TENSORS)
}

/// Encoders as other programs write them: a Unigram vocabulary, and one of bytes.
pub fn foreign_encoder_ggufs() -> [Vec<u8>; 2] {
    let sizes = |arch: &str| {
        let key = |leaf: &str| format!("{arch}.{leaf}");
        [
            (key("block_count"), Field::U32(1)),
            (key("context_length"), Field::U32(16)),
            (key("embedding_length"), Field::U32(32)),
            (key("feed_forward_length"), Field::U32(64)),
            (key("attention.head_count"), Field::U32(2)),
            (key("attention.layer_norm_epsilon"), Field::F32(1e-5)),
            (key("attention.sliding_window"), Field::U32(8)),
            (key("classifier.pooling_type"), Field::U32(2)),
        ]
    };
    let tokenizer = [
        ("tokenizer.ggml.token_type", Field::I32s(vec![3, 3, 3, 2, 1, 1, 1, 1, 5])),
        ("tokenizer.ggml.tokens", strings(&["<s>", "<pad>", "</s>", "<unk>", "a", "b", "ab", "\u{2581}", "[PAD8]"])),
        ("tokenizer.ggml.bos_token_id", Field::U32(0)),
        ("tokenizer.ggml.eos_token_id", Field::U32(2)),
        ("tokenizer.ggml.unknown_token_id", Field::U32(3)),
        ("tokenizer.ggml.merges", strings(&["a b"])),
        ("tokenizer.ggml.scores", Field::F32s(vec![0.0, 0.0, 0.0, 0.0, -1.0, -2.0, -1.5, -3.0, -10_000.0])),
    ];
    let file = |arch: &str, model: &str, pre: &str| {
        let (sizes, text) = (sizes(arch), |text: &str| Field::String(text.into()));
        let mut fields: Vec<(&str, Field)> = vec![
            ("general.architecture", text(arch)),
            ("tokenizer.ggml.model", text(model)),
            ("tokenizer.ggml.pre", text(pre)),
        ];
        fields.extend(sizes.iter().map(|(key, field)| (key.as_str(), field.clone())));
        fields.extend(tokenizer.iter().map(|(key, field)| (*key, field.clone())));
        gguf(fields, &ENCODER_TENSORS)
    };
    [file("bert", "t5", "default"), file("modern-bert", "gpt2", "modern-bert")]
}
