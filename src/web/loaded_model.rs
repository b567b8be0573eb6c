//! A model that the worker has loaded: for one task, or for both with one trunk.

use std::cell::OnceCell;

use crate::download::FileIdentity;
use crate::engine::{Embedder, Engine, ModelInfo, SharedTrunk, WeightMemory};
use crate::model::Task;

/// A model for one task.
pub enum TaskModel {
    Reranker(Engine),
    Embedder(Embedder),
}

impl TaskModel {
    fn info(&self) -> &ModelInfo {
        match self {
            Self::Reranker(reranker) => reranker.info(),
            Self::Embedder(embedder) => embedder.info(),
        }
    }

    /// Whether its files are read again for each request.
    pub fn reads_files(&self) -> bool {
        self.info().memory == WeightMemory::Streamed
    }
}

/// A model for one task or for both.
pub struct LoadedModel {
    reranker: OnceCell<Engine>,
    embedder: OnceCell<Embedder>,
    /// The files that the trunk is from.
    versions: Vec<FileIdentity>,
}

impl LoadedModel {
    pub fn new(first: TaskModel, versions: Vec<FileIdentity>) -> Self {
        let model = Self { reranker: OnceCell::new(), embedder: OnceCell::new(), versions };
        model.set(first);
        model
    }

    pub fn reranker(&self) -> Option<&Engine> {
        self.reranker.get()
    }

    pub fn embedder(&self) -> Option<&Embedder> {
        self.embedder.get()
    }

    /// What is loaded for a task.
    pub fn info(&self, task: Task) -> Option<&ModelInfo> {
        match task {
            Task::Rerank => self.reranker().map(Engine::info),
            Task::Embed => self.embedder().map(Embedder::info),
        }
    }

    /// That of whichever task was loaded first.
    pub fn trunk(&self) -> SharedTrunk {
        let trunk = self.reranker().map(Engine::trunk).or_else(|| self.embedder().map(Embedder::trunk));
        trunk.expect("a model was loaded for a task")
    }

    /// Adds the other task, if that was read from the same versions of the files.
    pub fn add(&self, other: TaskModel, versions: &[FileIdentity]) -> bool {
        let is_same = |a: &FileIdentity| versions.iter().all(|b| a.url != b.url || a == b);
        let same = self.versions.iter().all(is_same);
        if same {
            self.set(other);
        }
        same
    }

    fn set(&self, model: TaskModel) {
        // A task that is loaded already stays as it is.
        match model {
            TaskModel::Reranker(reranker) => drop(self.reranker.set(reranker)),
            TaskModel::Embedder(embedder) => drop(self.embedder.set(embedder)),
        }
    }
}
