//! A text model in several files, as llama.cpp's gguf-split cuts it.

use super::metadata::{Fields, part};
use super::plan::{FilePlan, Job};
use crate::weights::gguf::{GgufLayout, part_name};

/// As many as our own reader takes.
const MAX_PARTS: usize = 1024;

/// The files of a model: one, or as many as it takes for each to have at most `limit` bytes, unless a single tensor
/// has more.
pub fn split(stem: &str, fields: Fields, jobs: Vec<Job>, limit: Option<u64>) -> Result<Vec<FilePlan>, String> {
    let total = jobs.len();
    let parts = match limit {
        Some(limit) => cut(&fields, jobs, limit),
        None => vec![jobs],
    };
    let count = parts.len();
    if count == 1 {
        let single = |jobs| FilePlan { name: format!("{stem}.gguf"), fields, jobs };
        return Ok(parts.into_iter().next().map(single).into_iter().collect());
    }
    if count > MAX_PARTS {
        return Err(format!(
            "--split-max-size would make {count} files; at most {MAX_PARTS} are read. Give a larger one"
        ));
    }
    // The first part has all that is said of the model.
    let mut all = Some(fields);
    let numbered = |(number, jobs): (usize, Vec<Job>)| {
        let mut fields = all.take().unwrap_or_default();
        fields.extend(part(number, count, total));
        FilePlan { name: part_name(stem, number + 1, count), fields, jobs }
    };
    Ok(parts.into_iter().enumerate().map(numbered).collect())
}

fn cut(fields: &Fields, jobs: Vec<Job>, limit: u64) -> Vec<Vec<Job>> {
    let empty = |fields: &Fields| GgufLayout::new(fields, &[]).map_or(0, |layout| layout.file_len());
    // Their values do not change their length; the header is filled up once, after them and the tensors' names.
    let own = empty(&part(0, 0, 0));
    let mut used = empty(fields) + own;
    let mut parts = vec![Vec::new()];
    for job in jobs {
        let len = job.tensor.len_in_file().unwrap_or(u64::MAX);
        let present = parts.len() - 1;
        if !parts[present].is_empty() && used.saturating_add(len) > limit {
            parts.push(vec![job]);
            used = own.saturating_add(len);
        } else {
            used = used.saturating_add(len);
            parts[present].push(job);
        }
    }
    parts
}
