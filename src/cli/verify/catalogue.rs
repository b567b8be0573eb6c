//! The catalogue of published checkpoints, and the scores that their authors publish.

use serde::Deserialize;

/// The list that the npm package publishes as `secondpass/models`. It lies among the package's sources because their
/// compiler reads nothing outside of them; this one reads a file of any folder.
const CATALOGUE: &str = include_str!("../../../pkg/src/models.json");

/// Published checkpoints.
#[derive(Debug, Deserialize)]
pub struct Catalogue {
    /// What the scores were published for.
    pub golden_request: GoldenRequest,
    /// From small to large.
    pub models: Vec<PublishedCheckpoint>,
}

/// The query and the documents that scores were published for.
#[derive(Debug, Deserialize)]
pub struct GoldenRequest {
    /// The query.
    pub query: String,
    /// The documents.
    pub documents: Vec<String>,
}

/// A published checkpoint.
#[derive(Debug, Deserialize)]
pub struct PublishedCheckpoint {
    /// `owner/name` on Hugging Face.
    pub id: String,
    /// The published score of each document, if there are any.
    #[serde(default)]
    pub golden_scores: Vec<f64>,
    /// How far from a published score another may be, where these have few digits.
    pub golden_tolerance: Option<f64>,
}

impl PublishedCheckpoint {
    /// The name without the owner.
    pub fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }
}

impl Catalogue {
    /// The list that was compiled in.
    pub fn built_in() -> Self {
        serde_json::from_str(CATALOGUE).expect("a catalogue that the tests have read")
    }

    /// The checkpoint with this name, with or without its owner.
    pub fn named(&self, name: &str) -> Option<&PublishedCheckpoint> {
        self.models.iter().find(|model| {
            let known = [model.id.as_str(), model.name()];
            known.iter().any(|known| known.eq_ignore_ascii_case(name))
        })
    }

    /// The checkpoint that a folder of this path or URL is named after. The hub's own cache calls folders
    /// `models--owner--name`.
    pub fn at(&self, path: &str) -> Option<&PublishedCheckpoint> {
        path.rsplit(['/', '\\']).find_map(|folder| {
            let name = folder.rsplit("--").next().unwrap_or(folder);
            // A revision may follow the name.
            self.named(name.split('@').next().unwrap_or(name))
        })
    }

    /// The names of the checkpoints with published scores.
    pub fn scored(&self) -> Vec<&str> {
        let scored = self.models.iter().filter(|model| !model.golden_scores.is_empty());
        scored.map(|model| model.id.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::model::Family;

    #[test]
    fn checkpoints_are_found_by_their_names() {
        let catalogue = Catalogue::built_in();
        for model in &catalogue.models {
            let found = |model: Option<&PublishedCheckpoint>| model.map(|model| model.id.clone());
            let (id, name) = (model.id.as_str(), model.name());
            for path in [
                format!("https://huggingface.co/{id}/resolve/main"),
                format!("hf:{id}@main"),
                format!("models/{name}/"),
                format!("models\\{}", name.to_lowercase()),
                format!("hub/models--{}/snapshots/0123abcd", id.replace('/', "--")),
            ] {
                assert_eq!(found(catalogue.at(&path)).as_deref(), Some(id), "{path}");
            }
            assert_eq!(found(catalogue.named(id)).as_deref(), Some(id));
            assert_eq!(found(catalogue.named(name)).as_deref(), Some(id));
        }
        for path in ["", ".", "models/mine", "models/my-ms-marco-MiniLM-L6-v2", "cross-encoder/"] {
            assert!(catalogue.at(path).is_none(), "{path}");
        }
    }

    #[test]
    fn every_document_of_the_request_has_a_score() {
        let Catalogue { golden_request, models } = Catalogue::built_in();
        assert!(models.iter().any(|model| !model.golden_scores.is_empty()));
        for model in models {
            assert!([0, golden_request.documents.len()].contains(&model.golden_scores.len()), "{}", model.id);
        }
    }

    #[test]
    fn families_are_those_of_the_engine() {
        let value: Value = serde_json::from_str(CATALOGUE).expect("JSON");
        for model in value["models"].as_array().expect("a list") {
            let name = model["family"].as_str().expect("a name");
            assert!(Family::ALL.iter().any(|family| family.name() == name), "{name}");
        }
    }
}
