use std::cell::Cell;
use std::rc::Rc;

use pollster::block_on;

use super::copy::{CopyError, copy};
use super::output::{Output, is_leftover, write_failed};
use super::plan::{Job, Origin};
use super::size::parse;
use super::split::split;
use super::tokens::Tokens;
use crate::bytes::{Folder, LocalBoxFuture, MemoryFolder, OpenResult, Source, SourceError};
use crate::weights::gguf::{Field, GgufLayout, GgufWriter, NewTensor};
use crate::weights::{Checkpoint, DType, quantize};

/// A folder that remembers the largest read.
struct Watched {
    inner: MemoryFolder,
    largest: Rc<Cell<usize>>,
}

struct WatchedSource {
    inner: Box<dyn Source>,
    largest: Rc<Cell<usize>>,
}

impl Folder for Watched {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn open<'a>(&'a self, file: &'a str) -> LocalBoxFuture<'a, OpenResult> {
        Box::pin(async move {
            let source = self.inner.open(file).await?;
            let largest = self.largest.clone();
            Ok(source.map(|inner| Box::new(WatchedSource { inner, largest }) as Box<dyn Source>))
        })
    }
}

impl Source for WatchedSource {
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

/// A checkpoint of one tensor in F32, and the largest read of it so far.
fn checkpoint(shape: &[usize], values: &[f32]) -> (Checkpoint, Rc<Cell<usize>>) {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let header = serde_json::json!({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, bytes.len()]}});
    let header = header.to_string();
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes].concat();
    let largest = Rc::new(Cell::new(0));
    let folder = Watched { inner: MemoryFolder::default().with("model.safetensors", file), largest: largest.clone() };
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

fn copied(job: &Job, checkpoint: &Checkpoint, piece: usize) -> Result<Vec<u8>, CopyError> {
    let layout = GgufLayout::new(&[], std::slice::from_ref(&job.tensor)).expect("whole blocks");
    let len = job.tensor.data_len().expect("whole blocks") as usize;
    let header = layout.file_len() as usize - len.next_multiple_of(32);
    let mut writer = GgufWriter::start(Vec::new(), layout)?;
    block_on(copy(job, checkpoint, &mut writer, piece, &mut |_| {}))?;
    let file = writer.finish()?;
    Ok(file[header..header + len].to_vec())
}

#[test]
fn a_tensor_is_never_in_memory_whole() {
    let shape = [50, 64];
    let values = numbers(50 * 64);
    let (checkpoint, largest) = checkpoint(&shape, &values);
    for dtype in [DType::F32, DType::F16, DType::Q8_0, DType::Q4_0] {
        let job = Job { tensor: tensor(dtype, &shape), from: Origin::Tensor(("w".into(), shape.to_vec())) };
        let mut whole = Vec::new();
        assert!(quantize(dtype, &values, &mut whole));
        // Seven rows, one row although it is more than was asked for, and everything at once.
        for (piece, rows) in [(7 * 64 + 3, 7), (1, 1), (1 << 20, 50)] {
            largest.set(0);
            assert!(copied(&job, &checkpoint, piece).expect("copied") == whole, "{} {piece}", dtype.name());
            assert_eq!(largest.get(), rows * 64 * 4, "{} {piece}", dtype.name());
        }
    }
}

#[test]
fn a_frame_is_taken_out_of_the_patches() {
    let shape = [2, 3, 2, 2, 2];
    let values: Vec<f32> = (0..48).map(|i| i as f32).collect();
    let (checkpoint, _) = checkpoint(&shape, &values);
    for frame in 0..2 {
        let from = Origin::Frame(("w".into(), shape.to_vec()), frame);
        let job = Job { tensor: tensor(DType::F32, &[2, 3, 2, 2]), from };
        let bytes = copied(&job, &checkpoint, 1).expect("copied");
        let got: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let colour = |c: usize| (0..4).map(move |pixel| (c * 8 + frame * 4 + pixel) as f32);
        assert_eq!(got, (0..6).flat_map(colour).collect::<Vec<_>>());
    }
}

#[test]
fn what_a_type_cannot_hold_is_refused() {
    let refused = |value: f32, dtype: DType| {
        let mut values = numbers(32);
        values[5] = value;
        let (checkpoint, _) = checkpoint(&[1, 32], &values);
        let job = Job { tensor: tensor(dtype, &[1, 32]), from: Origin::Tensor(("w".into(), vec![1, 32])) };
        copied(&job, &checkpoint, 32).err().map(|e| e.to_string())
    };
    assert!(refused(1e5, DType::F16).expect("too large").contains("tensor w holds 100000, which F16 cannot"));
    assert_eq!(refused(1e5, DType::Q8_0), None);
    assert!(refused(1e6, DType::Q4_0).expect("too large").contains("choose another --type"));
    for dtype in [DType::F32, DType::F16, DType::Q8_0, DType::Q4_0] {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(refused(value, dtype).expect("no number").contains("damaged"));
        }
    }
}

#[test]
fn a_file_that_is_not_as_it_was_laid_out_is_an_error() {
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
fn sizes_are_as_people_write_them() {
    assert_eq!(parse("512M"), Ok(512_000_000));
    assert_eq!(parse("2g"), Ok(2_000_000_000));
    assert_eq!(parse("4096"), Ok(4096));
    for wrong in ["", "M", "0", "0G", "-1", "+1", "1.5G", "1K", "18446744073709551615G", "é"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn no_part_is_larger_than_asked_unless_a_single_tensor_is() {
    let jobs = || -> Vec<Job> {
        let name = |i: usize| format!("blk.{i}.weight");
        let tensor = |i| NewTensor { name: name(i), dtype: DType::F32, shape: vec![if i == 4 { 3000 } else { 100 }] };
        (0..9).map(|i| Job { tensor: tensor(i), from: Origin::Values(Vec::new()) }).collect()
    };
    let fields = vec![("some.key".to_owned(), Field::String("x".repeat(500)))];
    let files = split("m", fields.clone(), jobs(), Some(2000)).expect("parts");
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
        assert!(len <= 2000 || file.jobs.len() == 1, "part {at} has {len} bytes");
        names.extend(file.jobs.iter().map(|job| job.tensor.name.clone()));
    }
    assert_eq!(names, jobs().into_iter().map(|job| job.tensor.name).collect::<Vec<_>>());
    for limit in [None, Some(1 << 20)] {
        let files = split("m", fields.clone(), jobs(), limit).expect("one file");
        assert_eq!((files.len(), files[0].name.as_str(), files[0].fields.len()), (1, "m.gguf", 1));
    }
}

const TOKENIZER: &str = r#"{
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"], "b a"]},
    "added_tokens": [{"id": 3, "content": "<|im_end|>", "special": true}, {"id": 5, "content": "<think>", "special": false}]
}"#;

#[test]
fn every_row_of_the_table_gets_a_token() {
    let tokens = Tokens::new(TOKENIZER.as_bytes(), None, 7).expect("tokens");
    assert_eq!(tokens.tokens, ["a", "b", "ab", "<|im_end|>", "[PAD4]", "<think>", "[PAD6]"]);
    assert_eq!(tokens.kinds, [1, 1, 1, 3, 5, 4, 5]);
    assert_eq!(tokens.merges, ["a b", "b a"]);
    assert_eq!((tokens.eos, tokens.padding), (Some(3), None));
    let beside = br#"{"eos_token": {"content": "<think>"}, "pad_token": "a"}"#;
    let tokens = Tokens::new(TOKENIZER.as_bytes(), Some(beside), 7).expect("tokens");
    assert_eq!((tokens.eos, tokens.padding), (Some(5), Some(0)));
}

#[test]
fn tokenizers_that_a_file_cannot_keep_are_refused() {
    let refused = |json: &str, rows: usize| Tokens::new(json.as_bytes(), None, rows).err().expect("a refusal");
    assert!(refused(TOKENIZER, 5).contains("5 rows"));
    assert!(refused(&TOKENIZER.replace("BPE", "Unigram"), 7).contains("BPE"));
    assert!(refused(&TOKENIZER.replace("\"ab\": 2", "\"ab\": 1"), 7).contains("same id"));
    assert!(refused(&TOKENIZER.replace("b a", "b a b"), 7).contains("merge"));
    assert!(refused("{}", 7).contains("model"));
}

#[test]
fn leftovers_are_told_from_other_files() {
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
fn names_are_given_to_all_files_or_to_none() {
    let folder = std::env::temp_dir().join(format!("secondpass-output-{}", std::process::id()));
    let prepare = || {
        let names = ["a.gguf", "b.gguf"].map(str::to_owned).to_vec();
        Output::prepare(&folder, &["a".into(), "b".into()], names, true).expect("prepared")
    };
    let listed = || {
        let mut names: Vec<_> =
            std::fs::read_dir(&folder).expect("the folder").flatten().map(|e| e.file_name()).collect();
        names.sort();
        names
    };
    let output = prepare();
    drop(output.create("b.gguf").expect("a file"));
    assert!(output.commit().is_err(), "the first was not written");
    assert!(listed().is_empty(), "{:?}", listed());
    let output = prepare();
    drop(output.create("a.gguf").expect("a file"));
    drop(output);
    assert!(listed().is_empty(), "{:?}", listed());
    let output = prepare();
    for name in ["a.gguf", "b.gguf"] {
        drop(output.create(name).expect("a file"));
    }
    output.commit().expect("named");
    assert_eq!(listed(), ["a.gguf", "b.gguf"]);
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_full_disk_is_called_that() {
    let error = std::io::Error::from(std::io::ErrorKind::StorageFull);
    assert!(
        write_failed(std::path::Path::new("a.gguf"), &error).contains("a.gguf could not be written: the disk is full")
    );
}
