//! What was measured, as tables and as JSON.

use serde::Serialize;

use super::adapter::AdapterDescription;
use super::kernels::KernelFigures;
use super::models::{ModelFigures, RequestFigures};
use super::probes::Peaks;

/// Everything of one run.
#[derive(Serialize)]
pub struct GpuReport {
    pub adapter: AdapterDescription,
    /// Small sizes, which say little even about a GPU.
    pub small: bool,
    pub peaks: Option<Peaks>,
    /// What the selection chose.
    pub selected: Option<String>,
    pub kernels: Vec<KernelFigures>,
    pub models: Vec<ModelFigures>,
}

impl GpuReport {
    pub fn of(adapter: AdapterDescription, small: bool) -> Self {
        Self { adapter, small, peaks: None, selected: None, kernels: Vec::new(), models: Vec::new() }
    }

    pub fn to_json(&self) -> Result<String, String> {
        serde_json::to_string(self).map_err(|e| e.to_string())
    }

    pub fn print_adapter(&self) {
        let adapter = &self.adapter;
        println!("adapter   {} ({})", adapter.name, adapter.kind);
        println!("driver    {} {}, {}", adapter.driver, adapter.driver_info, adapter.backend);
        let [least, most] = adapter.subgroup_sizes;
        let yes = |has: bool| if has { "yes" } else { "no" };
        println!(
            "features  shader-f16 {}, subgroups {} ({least} to {most})",
            yes(adapter.shader_f16),
            yes(adapter.subgroups)
        );
        let limits = &adapter.limits;
        println!(
            "limits    {} MiB a binding, {} KiB of workgroup memory, {} invocations a workgroup",
            limits.max_storage_buffer_binding_size >> 20,
            limits.max_compute_workgroup_storage_size >> 10,
            limits.max_compute_invocations_per_workgroup
        );
        if adapter.software {
            println!("          It computes on the processor: these figures say nothing about a GPU.");
        }
        println!();
    }

    pub fn print_peaks(&self) {
        let Some(peaks) = &self.peaks else { return };
        println!("peak      multiply-add f32 {:.1} GFLOP/s", peaks.f32_gflops);
        match peaks.f16_gflops {
            Some(gflops) => println!("peak      multiply-add f16 {gflops:.1} GFLOP/s"),
            None => println!("peak      multiply-add f16: not on this adapter"),
        }
        println!("peak      copy {:.1} GB/s", peaks.copy_gbs);
        println!("least     {:.1} µs a launch\n", peaks.launch_us);
    }

    /// Products in a line for each size, with a column for each style; the rest likewise.
    pub fn print_kernels(&self) {
        let mut styles: Vec<&str> = self.kernels.iter().filter_map(|row| row.style).collect();
        styles.sort_unstable();
        styles.dedup();
        let products = |row: &&KernelFigures| row.flop_bound();
        let rest = |row: &&KernelFigures| !row.flop_bound();
        println!("GFLOP/s, and the share of what the peaks allow; the selection chose {}", self.selection());
        print_table(&styled_rows(self.kernels.iter().filter(products), &styles, |row| row.gflops));
        println!("\nGB/s, and the share of what the peaks allow");
        print_table(&styled_rows(self.kernels.iter().filter(rest), &styles, |row| row.gbs));
        println!();
    }

    fn selection(&self) -> &str {
        self.selected.as_deref().unwrap_or("nothing")
    }

    pub fn print_models(&self) {
        if self.models.is_empty() {
            return;
        }
        let mut rows = vec![
            ["model", "on", "documents", "ms a document", "one document ms", "load ms", "score difference"]
                .map(str::to_owned),
        ];
        for ModelFigures { model, gpu, cpu, largest_difference } in &self.models {
            rows.push(model_row(model, "GPU", gpu, None));
            if let Some(cpu) = cpu {
                rows.push(model_row("", "CPU", cpu, *largest_difference));
            }
        }
        print_table(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>());
        println!();
    }
}

impl KernelFigures {
    /// Arithmetic rather than memory is what a user asks about.
    fn flop_bound(&self) -> bool {
        self.gflops > 0.0
    }

    fn key(&self) -> (&str, &str, &str, &str, usize) {
        (self.kernel, self.of, self.format.unwrap_or(""), &self.size, self.rows)
    }
}

fn model_row(model: &str, on: &str, figures: &RequestFigures, difference: Option<f64>) -> [String; 7] {
    let on = figures.kernels.as_ref().map_or(on.to_owned(), |kernels| format!("{on}, {kernels}"));
    [
        model.to_owned(),
        on,
        figures.documents.to_string(),
        format!("{:.2}", figures.ms_a_document),
        format!("{:.1}", figures.one_document_ms),
        format!("{:.0}", figures.load_ms),
        difference.map_or(String::new(), |difference| format!("{difference:.1e}")),
    ]
}

fn styled_rows<'a>(
    figures: impl Iterator<Item = &'a KernelFigures>,
    styles: &[&str],
    rate: impl Fn(&KernelFigures) -> f64,
) -> Vec<Vec<String>> {
    let head = ["kernel", "of", "format", "size", "rows"].into_iter().chain(styles.iter().copied());
    let mut rows = vec![head.map(str::to_owned).collect::<Vec<_>>()];
    let mut keys = Vec::new();
    let mut all: Vec<&KernelFigures> = figures.collect();
    all.sort_by_key(|row| row.key());
    for row in &all {
        if !keys.contains(&row.key()) {
            keys.push(row.key());
        }
    }
    for key in keys {
        let of_key = || all.iter().filter(|row| row.key() == key);
        let cell = |style: &str| {
            let found = of_key().find(|row| row.style.is_none_or(|of_row| of_row == style));
            found.map_or(String::new(), |row| format!("{:.1} ({:.0} %)", rate(row), 100.0 * row.of_bound))
        };
        let (kernel, of, format, size, count) = key;
        let lead = [kernel, of, format, size].map(str::to_owned).into_iter().chain([count.to_string()]);
        rows.push(lead.chain(styles.iter().map(|style| cell(style))).collect());
    }
    rows
}

fn print_table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
