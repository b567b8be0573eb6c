//! Running the command, and reading what it writes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

pub const EMBEDDER: &str = "embedding/bert-mean";
pub const RERANKER: &str = "encoder/bert";

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A folder that is removed at the end of a test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("secondpass-eval-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), content).expect("a file");
        self.text(name)
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).expect("a file")).expect("JSON")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The command in the folder of fixtures, with the three files of a collection.
pub fn command(files: [&str; 3], more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secondpass"));
    let [corpus, queries, qrels] = files;
    command.current_dir(fixtures()).args(["eval", "--corpus", corpus, "--queries", queries, "--qrels", qrels]);
    command.args(more);
    command
}

pub fn eval(files: [&str; 3], more: &[&str]) -> Output {
    command(files, more).output().expect("the command")
}

/// What a run that succeeds prints to standard error.
pub fn succeed(files: [&str; 3], more: &[&str]) -> String {
    let output = eval(files, more);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stderr)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The results of a TREC run's query, best first.
pub fn results(run: &Path, query: &str) -> Vec<(String, f64)> {
    let lines = std::fs::read_to_string(run).expect("a run");
    let columns = lines.lines().map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    let of_query = columns.filter(|columns| columns[0] == query);
    of_query.map(|columns| (columns[2].clone(), columns[4].parse().expect("a score"))).collect()
}
