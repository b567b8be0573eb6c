//! Tests of conversion: what is planned, copied, split and staged.

use std::cell::Cell;
use std::rc::Rc;

use pollster::block_on;

use super::copy::copy;
use super::error::{ConvertError, CopyError};
use super::file_plan::{TensorOrigin, TensorPlan};
use super::split::split;
use super::split_size::parse_split_size;
use super::staged_files::{StagedFiles, is_leftover};
use super::vocab::GgufVocab;
use crate::bytes::{Folder, LocalBoxFuture, MemoryFolder, OpenResult, Source, SourceError};
use crate::weights::gguf::{Field, GgufLayout, GgufWriter, NewTensor};
use crate::weights::{Checkpoint, DType, quantize};

/// A folder that records the largest read.
struct RecordingFolder {
    inner: MemoryFolder,
    largest: Rc<Cell<usize>>,
}

struct RecordingSource {
    inner: Box<dyn Source>,
    largest: Rc<Cell<usize>>,
}

impl Folder for RecordingFolder {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        Box::pin(async move {
            let source = self.inner.open(file).await?;
            let largest = self.largest.clone();
            Ok(source.map(|inner| Box::new(RecordingSource { inner, largest }) as Box<dyn Source>))
        })
    }
}

impl Source for RecordingSource {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read(&self, offset: u64, len: usize) -> LocalBoxFuture<'_, Result<Vec<u8>, SourceError>> {
        self.largest.set(self.largest.get().max(len));
        self.inner.read(offset, len)
    }
}

/// A checkpoint of one tensor in F32, and the length of the largest read so far.
fn checkpoint(shape: &[usize], values: &[f32]) -> (Checkpoint, Rc<Cell<usize>>) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let header = serde_json::json!({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, bytes.len()]}});
    let header = header.to_string();
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes].concat();
    let largest = Rc::new(Cell::new(0));
    let folder =
        RecordingFolder { inner: MemoryFolder::default().with("model.safetensors", file), largest: largest.clone() };
    let checkpoint = block_on(Checkpoint::open(&folder)).expect("a checkpoint");
    largest.set(0);
    (checkpoint, largest)
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 37 % 101) as f32 - 50.0) / 16.0).collect()
}

fn tensor(dtype: DType, shape: &[usize]) -> NewTensor {
    NewTensor { name: "w".into(), dtype, shape: shape.to_vec() }
}

fn copied(plan: &TensorPlan, checkpoint: &Checkpoint, chunk_values: usize) -> Result<Vec<u8>, CopyError> {
    let layout = GgufLayout::new(&[], std::slice::from_ref(&plan.tensor)).expect("whole blocks");
    let len = plan.tensor.data_len().expect("whole blocks") as usize;
    let header = layout.file_len() as usize - len.next_multiple_of(32);
    let mut writer = GgufWriter::start(Vec::new(), layout)?;
    block_on(copy(plan, checkpoint, &mut writer, chunk_values, &mut |_| {}))?;
    let file = writer.finish()?;
    Ok(file[header..header + len].to_vec())
}

#[test]
fn tensors_are_copied_in_chunks_of_rows() {
    let shape = [50, 64];
    let values = numbers(50 * 64);
    let (checkpoint, largest) = checkpoint(&shape, &values);
    for dtype in [DType::F32, DType::F16, DType::Q8_0, DType::Q4_0] {
        let source = TensorOrigin::Checkpoint(("w".into(), shape.to_vec()));
        let plan = TensorPlan { tensor: tensor(dtype, &shape), source };
        let mut whole = Vec::new();
        assert!(quantize(dtype, &values, &mut whole));
        // Seven rows; a chunk smaller than a row, which takes one row; all rows at once.
        for (chunk_values, rows) in [(7 * 64 + 3, 7), (1, 1), (1 << 20, 50)] {
            largest.set(0);
            assert!(
                copied(&plan, &checkpoint, chunk_values).expect("copied") == whole,
                "{} {chunk_values}",
                dtype.name()
            );
            assert_eq!(largest.get(), rows * 64 * 4, "{} {chunk_values}", dtype.name());
        }
    }
}

#[test]
fn one_frame_of_the_patch_embedding_is_selected() {
    let shape = [2, 3, 2, 2, 2];
    let values: Vec<f32> = (0..48).map(|i| i as f32).collect();
    let (checkpoint, _) = checkpoint(&shape, &values);
    for frame in 0..2 {
        let source = TensorOrigin::PatchFrame(("w".into(), shape.to_vec()), frame);
        let plan = TensorPlan { tensor: tensor(DType::F32, &[2, 3, 2, 2]), source };
        let bytes = copied(&plan, &checkpoint, 1).expect("copied");
        let got: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let colour = |c: usize| (0..4).map(move |pixel| (c * 8 + frame * 4 + pixel) as f32);
        assert_eq!(got, (0..6).flat_map(colour).collect::<Vec<_>>());
    }
}

#[test]
fn values_outside_of_a_types_range_are_refused() {
    let refused = |value: f32, dtype: DType| {
        let mut values = numbers(32);
        values[5] = value;
        let (checkpoint, _) = checkpoint(&[1, 32], &values);
        let source = TensorOrigin::Checkpoint(("w".into(), vec![1, 32]));
        let plan = TensorPlan { tensor: tensor(dtype, &[1, 32]), source };
        copied(&plan, &checkpoint, 32).err().map(|e| e.to_string())
    };
    assert!(refused(1e5, DType::F16).expect("too large").contains("tensor w holds 100000, which F16 cannot"));
    assert_eq!(refused(1e5, DType::Q8_0), None);
    assert!(refused(1e6, DType::Q4_0).expect("too large").contains("choose another --type"));
    for dtype in [DType::F32, DType::F16, DType::Q8_0, DType::Q4_0] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(refused(value, dtype).expect("not finite").contains("damaged"));
        }
    }
}

#[test]
fn writing_something_else_than_the_layout_is_an_error() {
    let start = || {
        let layout = GgufLayout::new(&[], &[tensor(DType::F32, &[2])]).expect("a layout");
        GgufWriter::start(Vec::new(), layout).expect("a header")
    };
    assert!(start().finish().is_err(), "a tensor is missing");
    let mut writer = start();
    writer.next_tensor().expect("the tensor");
    writer.write(&[0; 4]).expect("a half");
    assert!(writer.next_tensor().is_err(), "the other half is missing");
    assert!(writer.write(&[0; 5]).is_err(), "more than there is");
    let mut writer = start();
    writer.next_tensor().expect("the tensor");
    writer.write(&[0; 8]).expect("all of it");
    assert!(writer.next_tensor().is_err(), "there is no second");
    assert!(GgufLayout::new(&[], &[tensor(DType::Q8_0, &[2, 33])]).is_none(), "no whole blocks");
}

#[test]
fn split_sizes_are_whole_bytes_megabytes_or_gigabytes() {
    assert_eq!(parse_split_size("512M"), Ok(512_000_000));
    assert_eq!(parse_split_size("2g"), Ok(2_000_000_000));
    assert_eq!(parse_split_size("4096"), Ok(4096));
    for wrong in
        ["", "M", "0", "0G", "-1", "+1", "1.5G", "1K", "18446744073709551615G", "é", "1MiB", "1 M", "1_000", "1e3"]
    {
        assert!(parse_split_size(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn parts_stay_within_the_limit_unless_a_single_tensor_exceeds_it() {
    let plans = || -> Vec<TensorPlan> {
        let name = |i: usize| format!("blk.{i}.weight");
        let tensor = |i| NewTensor { name: name(i), dtype: DType::F32, shape: vec![if i == 4 { 3000 } else { 100 }] };
        (0..9).map(|i| TensorPlan { tensor: tensor(i), source: TensorOrigin::Values(Vec::new()) }).collect()
    };
    let fields = vec![("some.key".to_owned(), Field::String("x".repeat(500)))];
    let files = split("m", fields.clone(), plans(), Some(2000)).expect("parts");
    let count = files.len();
    assert!(count > 2);
    let mut names = Vec::new();
    for (at, file) in files.iter().enumerate() {
        assert_eq!(file.name, format!("m-{:05}-of-{count:05}.gguf", at + 1));
        let value = |key: &str| file.fields.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        assert_eq!(value("split.no"), Some(Field::U16(at as u16)));
        assert_eq!(value("split.count"), Some(Field::U16(count as u16)));
        assert_eq!(value("split.tensors.count"), Some(Field::I32(9)));
        assert_eq!(value("some.key").is_some(), at == 0);
        let len = file.layout().expect("a layout").file_len();
        assert!(len <= 2000 || file.tensors.len() == 1, "part {at} has {len} bytes");
        names.extend(file.tensors.iter().map(|plan| plan.tensor.name.clone()));
    }
    assert_eq!(names, plans().into_iter().map(|plan| plan.tensor.name).collect::<Vec<_>>());
    for limit in [None, Some(1 << 20)] {
        let files = split("m", fields.clone(), plans(), limit).expect("one file");
        assert_eq!((files.len(), files[0].name.as_str(), files[0].fields.len()), (1, "m.gguf", 1));
    }
}

const TOKENIZER: &str = r#"{
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"], "b a"]},
    "added_tokens": [{"id": 3, "content": "<|im_end|>", "special": true}, {"id": 5, "content": "<think>", "special": false}]
}"#;

#[test]
fn every_row_of_the_embedding_table_gets_a_token() {
    let vocab = GgufVocab::new(TOKENIZER.as_bytes(), None, 7).expect("a vocabulary");
    assert_eq!(vocab.tokens, ["a", "b", "ab", "<|im_end|>", "[PAD4]", "<think>", "[PAD6]"]);
    assert_eq!(vocab.token_types, [1, 1, 1, 3, 5, 4, 5]);
    assert_eq!(vocab.merges, ["a b", "b a"]);
    assert_eq!((vocab.eos_id, vocab.padding_id), (Some(3), None));
    let config = br#"{"eos_token": {"content": "<think>"}, "pad_token": "a"}"#;
    let vocab = GgufVocab::new(TOKENIZER.as_bytes(), Some(config), 7).expect("a vocabulary");
    assert_eq!((vocab.eos_id, vocab.padding_id), (Some(5), Some(0)));
}

#[test]
fn tokenizers_that_gguf_cannot_hold_are_refused() {
    let refused =
        |json: &str, rows: usize| GgufVocab::new(json.as_bytes(), None, rows).expect_err("an error").to_string();
    assert!(refused(TOKENIZER, 5).contains("5 rows"));
    assert!(refused(&TOKENIZER.replace("BPE", "Unigram"), 7).contains("BPE"));
    assert!(refused(&TOKENIZER.replace("\"ab\": 2", "\"ab\": 1"), 7).contains("same id"));
    assert!(refused(&TOKENIZER.replace("b a", "b a b"), 7).contains("merge"));
    assert!(refused("{}", 7).contains("model"));
}

#[test]
fn only_partial_files_of_the_same_model_are_leftovers() {
    for left in ["m-Q8_0.gguf.partial", "m-Q8_0-00002-of-00010.gguf.partial"] {
        assert!(is_leftover(left, "m-Q8_0"), "{left}");
    }
    let others = [
        "m-Q8_0.gguf",
        "m-Q8_0-00002-of-00010.gguf",
        "m-Q8_0-1-of-2.gguf.partial",
        "m-Q8_0-chat.gguf.partial",
        "mm-Q8_0.gguf.partial",
        "m-F16.gguf.partial",
        "notes.partial",
    ];
    for other in others {
        assert!(!is_leftover(other, "m-Q8_0"), "{other}");
    }
}

#[test]
fn a_commit_renames_all_files_or_none() {
    let folder = std::env::temp_dir().join(format!("secondpass-output-{}", std::process::id()));
    let prepare = || {
        let names = ["a.gguf", "b.gguf"].map(str::to_owned).to_vec();
        StagedFiles::prepare(&folder, &["a".into(), "b".into()], names, true).expect("prepared")
    };
    let listed = || {
        let mut names: Vec<_> =
            std::fs::read_dir(&folder).expect("the folder").flatten().map(|e| e.file_name()).collect();
        names.sort();
        names
    };
    let staged = prepare();
    drop(staged.create("b.gguf").expect("a file"));
    assert!(staged.commit().is_err(), "the first was not written");
    assert!(listed().is_empty(), "{:?}", listed());
    let staged = prepare();
    drop(staged.create("a.gguf").expect("a file"));
    drop(staged);
    assert!(listed().is_empty(), "{:?}", listed());
    let staged = prepare();
    for name in ["a.gguf", "b.gguf"] {
        drop(staged.create(name).expect("a file"));
    }
    staged.commit().expect("renamed");
    assert_eq!(listed(), ["a.gguf", "b.gguf"]);
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_full_disk_is_reported_as_such() {
    let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
    let message = ConvertError::write(std::path::Path::new("a.gguf"), full).to_string();
    assert!(message.contains("a.gguf could not be written: the disk is full"), "{message}");
}
