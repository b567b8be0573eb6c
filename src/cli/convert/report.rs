//! The table of written files.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use indicatif::DecimalBytes;

use super::error::ConvertError;
use super::file_plan::FilePlan;

/// One line per file, and a line with the total.
pub fn table(folder: &Path, files: &[FilePlan], time: Duration) -> Result<String, ConvertError> {
    let path = |file: &FilePlan| folder.join(&file.name).display().to_string();
    let width = files.iter().map(|file| path(file).chars().count()).max().unwrap_or(0).max("file".len());
    let mut text = format!("{:<width$}  tensors  {:>10}  types\n", "file", "size");
    let mut total = 0;
    for file in files {
        let bytes = file.layout()?.file_len();
        total += bytes;
        let (path, tensors, size) = (path(file), file.tensors.len(), DecimalBytes(bytes).to_string());
        text.push_str(&format!("{path:<width$}  {tensors:>7}  {size:>10}  {}\n", count_types(file)));
    }
    text.push_str(&format!("{} in {:.1} s\n", DecimalBytes(total), time.as_secs_f64()));
    Ok(text)
}

fn count_types(file: &FilePlan) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for plan in &file.tensors {
        *counts.entry(plan.tensor.dtype.name()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    counts.join(", ")
}
