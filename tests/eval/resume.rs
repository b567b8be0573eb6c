//! Runs that are killed and go on: nothing is computed twice, and the figures are those of a run that was left alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::support::{EMBEDDER, RERANKER, Scratch, command, eval, fixtures, succeed, text};

const DOCUMENTS: usize = 800;
const QUERIES: usize = 10;
const TOP: usize = 50;
/// A key, the values of a vector of the fixture, a checksum.
const VECTOR_RECORD: usize = 16 + 48 * 4 + 4;
const SCORE_RECORD: usize = 16 + 4 + 4;
/// What a model gives for a text of ours stands first.
const PROBES: usize = 1;

const WORDS: [&str; 20] = [
    "planet", "red", "dust", "ring", "moon", "storm", "page", "question", "best", "first", "ice", "water", "sun",
    "day", "air", "thin", "large", "far", "old", "new",
];

/// Texts that all differ, of words that a seed draws.
fn texts(count: usize, words: usize, mut seed: u64) -> Vec<String> {
    let mut word = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[(seed >> 33) as usize % WORDS.len()]
    };
    (0..count).map(|n| format!("{n} {}", (0..words).map(|_| word()).collect::<Vec<_>>().join(" "))).collect()
}

fn entries(name: &str, texts: &[String]) -> String {
    texts.iter().enumerate().map(|(n, text)| format!("{{\"_id\": \"{name}{n}\", \"text\": \"{text}\"}}\n")).collect()
}

struct LongRun {
    files: Scratch,
    collection: [String; 3],
}

impl LongRun {
    fn new() -> Self {
        let files = Scratch::new();
        let judged = (0..QUERIES)
            .flat_map(|q| (0..30).map(move |n| format!("q{q}\td{}\t{}\n", (q * 31 + n * 47) % DOCUMENTS, 1 + n % 2)));
        let collection = [
            files.write("corpus.jsonl", entries("d", &texts(DOCUMENTS, 30, 1))),
            files.write("queries.jsonl", entries("q", &texts(QUERIES, 5, 2))),
            files.write("qrels.tsv", judged.collect::<String>()),
        ];
        Self { files, collection }
    }

    fn collection(&self) -> [&str; 3] {
        [&self.collection[0], &self.collection[1], &self.collection[2]]
    }

    fn args(&self, out: &str) -> Vec<String> {
        let top = TOP.to_string();
        let models = ["--embedder", EMBEDDER, "--model", RERANKER, "--top", &top, "--dtype", "f32"];
        let outputs = ["--json".to_owned(), self.files.text(out), "--state".to_owned(), self.files.text("state")];
        models.into_iter().map(str::to_owned).chain(outputs).collect()
    }

    /// The file of the state for a kind of results.
    fn log(&self, kind: &str) -> Option<PathBuf> {
        let entries = std::fs::read_dir(self.files.path("state")).ok()?;
        entries.flatten().map(|entry| entry.path()).find(|path| path.to_string_lossy().contains(&format!("{kind}-")))
    }

    /// Starts the run, and kills it as soon as it has stored some results of a kind. Gives how many.
    fn kill_in(&self, kind: &str, record: usize, enough: usize) -> usize {
        let args = self.args("killed.json");
        let mut child = command(self.collection(), &args.iter().map(String::as_str).collect::<Vec<_>>())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the command");
        loop {
            assert!(child.try_wait().expect("a state").is_none(), "it ended before it could be killed");
            if self.log(kind).is_some_and(|path| records(&path, record) >= enough) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("killed");
        assert!(!child.wait().expect("a status").success());
        records(&self.log(kind).expect("a file"), record)
    }

    fn run(&self, out: &str) -> String {
        succeed(self.collection(), &self.args(out).iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// Whole records behind the heading.
fn records(path: &Path, record: usize) -> usize {
    let bytes = std::fs::read(path).expect("a file");
    bytes.iter().position(|&byte| byte == b'\n').map_or(0, |heading| (bytes.len() - heading - 1) / record)
}

/// Half a record at the end, as a kill in the middle of a write leaves it, and a damaged byte in the one before the last.
fn damage(path: &Path, record: usize) {
    let mut bytes = std::fs::read(path).expect("a file");
    let heading = bytes.iter().position(|&byte| byte == b'\n').expect("a heading") + 1;
    let whole = heading + (bytes.len() - heading) / record * record;
    bytes.truncate(whole);
    bytes[whole - record - record / 2] ^= 1;
    bytes.extend_from_within(heading..heading + record / 2);
    std::fs::write(path, bytes).expect("written");
}

fn assert_same_figures(one: &Value, other: &Value) {
    let (one, other) = (one["stages"].as_array().expect("stages"), other["stages"].as_array().expect("stages"));
    assert_eq!(one.len(), 4);
    for (one, other) in one.iter().zip(other) {
        assert_eq!(one["name"], other["name"]);
        for (metric, interval) in one["metrics"].as_object().expect("metrics") {
            for part in ["mean", "low", "high"] {
                let (a, b) =
                    (interval[part].as_f64().expect("it"), other["metrics"][metric][part].as_f64().expect("it"));
                assert!((a - b).abs() < 1e-9, "{}, {metric}: {a} and {b}", one["name"]);
            }
        }
    }
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let run = LongRun::new();
    let vectors = run.kill_in("vectors", VECTOR_RECORD, 100);
    assert!(vectors < DOCUMENTS, "{vectors} vectors: nothing was left to do");
    damage(&run.log("vectors").expect("a file"), VECTOR_RECORD);
    let scores = run.kill_in("scores", SCORE_RECORD, 50);
    assert!(scores < QUERIES * TOP, "{scores} scores: nothing was left to do");
    damage(&run.log("scores").expect("a file"), SCORE_RECORD);
    let said = run.run("resumed.json");
    for part in [
        format!("vectors of documents: {DOCUMENTS} of {DOCUMENTS} are there"),
        format!("reranking: {} of {} are there", scores - PROBES - 1, QUERIES * TOP),
    ] {
        assert!(said.contains(&part), "{part} is not in {said}");
    }
    // The damaged records stay, unused.
    assert_eq!(records(&run.log("vectors").expect("it"), VECTOR_RECORD), DOCUMENTS + QUERIES + PROBES + 1);
    assert_eq!(records(&run.log("scores").expect("it"), SCORE_RECORD), QUERIES * TOP + PROBES + 1);

    std::fs::remove_dir_all(run.files.path("state")).expect("removed");
    let said = run.run("whole.json");
    assert!(!said.contains("are there"), "{said}");
    assert_same_figures(&run.files.json("whole.json"), &run.files.json("resumed.json"));
    let figure = &run.files.json("whole.json")["stages"][3]["metrics"]["recall@100"]["mean"];
    assert!(figure.as_f64().is_some_and(|recall| recall > 0.0), "figures of nothing would always agree");
}

const PLANETS: [&str; 3] = ["eval/planets/corpus.jsonl", "eval/planets/queries.jsonl", "eval/planets/test.tsv"];

/// A copy of the embedder's folder.
fn copy_of_embedder(files: &Scratch) -> PathBuf {
    let copy = files.path("model");
    for folder in ["", "1_Pooling", "2_Normalize"] {
        std::fs::create_dir_all(copy.join(folder)).expect("a folder");
        for entry in std::fs::read_dir(fixtures().join(EMBEDDER).join(folder)).expect("a folder").flatten() {
            if entry.path().is_file() {
                std::fs::copy(entry.path(), copy.join(folder).join(entry.file_name())).expect("copied");
            }
        }
    }
    copy
}

#[test]
fn a_state_belongs_to_a_model_its_settings_and_its_weights() {
    let files = Scratch::new();
    let (model, state) = (copy_of_embedder(&files), files.text("state"));
    let path = model.to_string_lossy().into_owned();
    let args = ["--embedder", &path, "--dtype", "f32", "--state", &state];
    assert!(!succeed(PLANETS, &args).contains("are there"));
    assert!(succeed(PLANETS, &args).contains("vectors of documents: 12 of 12 are there"));
    let said = succeed(PLANETS, &[&args[..], &["--query-prompt", "query: "]].concat());
    assert!(said.contains("the vectors of another model or of other settings are there, and stay unused"), "{said}");
    assert!(!said.contains("12 of 12"), "{said}");

    // Trained further: the same name and size, other numbers.
    let weights = model.join("model.safetensors");
    let mut bytes = std::fs::read(&weights).expect("weights");
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("8 bytes")) as usize;
    bytes[header..].chunks_exact_mut(4).for_each(|float| float[2] ^= 0x40);
    std::fs::write(&weights, bytes).expect("written");
    let said = succeed(PLANETS, &args);
    assert!(said.contains("weights are others") && !said.contains("are there from"), "{said}");
    assert!(succeed(PLANETS, &args).contains("12 of 12 are there"));
}

#[test]
fn a_state_is_used_by_one_run_at_a_time() {
    let files = Scratch::new();
    let state = files.text("state");
    let args = ["--embedder", EMBEDDER, "--state", &state];
    succeed(PLANETS, &args);
    let log = std::fs::read_dir(&state).expect("a folder").flatten().next().expect("a file").path();
    let held = std::fs::File::open(log).expect("a file");
    held.lock().expect("a lock");
    let output = eval(PLANETS, &args);
    assert!(
        !output.status.success() && text(&output.stderr).contains("is in use by another"),
        "{}",
        text(&output.stderr)
    );
    drop(held);
    succeed(PLANETS, &args);
}
