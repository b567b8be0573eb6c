//! The GPU of this machine, measured natively, through the same kernels and engine as in a page: what the adapter is, its
//! peaks, every kernel's share of them, and whole models. `cargo bench --bench gpu -- --help` says more.

mod adapter;
mod clock;
mod kernels;
mod models;
mod options;
mod probes;
mod report;
mod work;

use std::process::ExitCode;

use clap::Parser;

use self::adapter::OpenedAdapter;
use self::clock::Clock;
use self::options::{BenchOptions, Part};
use self::report::GpuReport;

fn main() -> ExitCode {
    match run(&BenchOptions::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gpu: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &BenchOptions) -> Result<(), String> {
    let opened = adapter::open()?;
    let OpenedAdapter { device, setup, description } = &opened;
    let small = options.small || description.software;
    let clock = Clock::new(small);
    let mut report = GpuReport::of(description.clone(), small);
    report.print_adapter();
    // Without peaks there is nothing to take a share of.
    if options.wants(Part::Peaks) || options.wants(Part::Kernels) {
        let peaks = report.peaks.insert(probes::measure(setup, device, &clock, small)?).clone();
        report.print_peaks();
        if options.wants(Part::Kernels) {
            let works = work::all(device, small, options.rows.as_deref());
            report.kernels = kernels::measure(device, &works, &peaks, &clock)?;
            report.selected = Some(kernels::selected(device)?);
            report.print_kernels();
        }
    }
    if options.wants(Part::Models) {
        for path in &options.models {
            report.models.push(models::measure(path, device, options)?);
        }
        report.print_models();
    }
    if let Some(path) = &options.json {
        std::fs::write(path, report.to_json()?).map_err(|e| format!("{} cannot be written: {e}", path.display()))?;
        eprintln!("Wrote {}", path.display());
    }
    Ok(())
}
