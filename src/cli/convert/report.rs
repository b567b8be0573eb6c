//! What was written, as a table.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::plan::FilePlan;

/// One line for each file, and one for all of them.
pub fn table(folder: &Path, files: &[FilePlan], time: Duration) -> String {
    let path = |file: &FilePlan| folder.join(&file.name).display().to_string();
    let width = files.iter().map(|file| path(file).chars().count()).max().unwrap_or(0).max("file".len());
    let mut text = format!("{:<width$}  tensors  {:>10}  types\n", "file", "size");
    let mut total = 0;
    for file in files {
        let bytes = file.layout().map_or(0, |layout| layout.file_len());
        total += bytes;
        let (path, tensors) = (path(file), file.jobs.len());
        text.push_str(&format!("{path:<width$}  {tensors:>7}  {:>10}  {}\n", size(bytes), types(file)));
    }
    text.push_str(&format!("{} in {:.1} s\n", size(total), time.as_secs_f64()));
    text
}

fn types(file: &FilePlan) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for job in &file.jobs {
        *counts.entry(job.tensor.dtype.name()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    counts.join(", ")
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}
