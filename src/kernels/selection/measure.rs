//! Selecting the styles of a device: each is timed at few, middle and many rows, and the fastest of those that get known
//! values right is kept for each.
//!
//! Times are wall clock over repeats of at least [`MIN_WINDOW_MS`]: timestamps in browsers are quantized, and one product
//! of microseconds beside a readback of milliseconds would measure the readback.

use burn::tensor::{Device, Tensor};
use burn_cubecl::CubeDevice;

use super::choice::{KernelChoice, SelectionError};
use crate::kernels::check::{KernelCase, attention_gate_cases, compare, gate_cases};
use crate::kernels::gpu::{DeviceState, state_of};
use crate::kernels::shaders::{AttentionKernel, Style, Styles};
use crate::kernels::{BLOCK, Heads, Keys, attention, matmul_q8, synchronize, upload, upload_words};

/// Rows of the products that are timed: a query alone, a document, a full submission.
const MEASURED_ROWS: [usize; 3] = [16, 160, 1024];

/// Columns and terms of the product: those of a small model.
const MEASURED_WIDTH: usize = 512;

/// Width of the heads of the attention that is timed, and its documents.
const MEASURED_HEAD: usize = 64;
const MEASURED_DOCUMENTS: usize = 4;

/// A time is only believed over at least so many milliseconds.
const MIN_WINDOW_MS: f64 = 20.0;

/// Windows of each style; the best time counts, since others use the device too.
const WINDOWS: usize = 2;

/// More repeats than this are never tried: a clock that stands still must not hang a load.
const MAX_REPEATS: usize = 1 << 14;

/// Where a single product takes longer, larger ones are not timed: what is fastest here is used for them too. Software
/// adapters would take seconds.
const SLOW_MS: f64 = 30.0;

pub async fn select(
    gpu: &CubeDevice,
    device: &Device,
    choice: &KernelChoice,
    now: &dyn Fn() -> f64,
) -> Result<Styles, SelectionError> {
    let state = state_of(gpu);
    let wanted = match choice {
        KernelChoice::Measured => None,
        KernelChoice::Safe => Some(Styles::default()),
        KernelChoice::Remembered(name) | KernelChoice::Fixed(name) => Styles::from_name(name),
    };
    if let Some(styles) = wanted
        && usable(&state, device, styles).await?
    {
        return Ok(styles);
    }
    if let KernelChoice::Fixed(name) = choice {
        return Err(SelectionError::Unusable(name.clone()));
    }
    let tried = Style::ALL.into_iter().filter(|&style| is_worth_trying(style, state.traits().software));
    let right = right_styles(&state, device, tried).await?;
    let styles = fastest(&state, device, &right, now).await?;
    state.set_styles(styles);
    Ok(styles)
}

/// What is made for GPUs loses on software adapters, where trying it would take a second; half precision moves scores by more
/// than the rest.
fn is_worth_trying(style: Style, software: bool) -> bool {
    match style {
        Style::Direct | Style::Tile | Style::Wide | Style::Quads => true,
        Style::Blocked => !software,
        Style::Half => false,
    }
}

/// Sets the styles if the device can run all three and gets known values right with each.
async fn usable(state: &DeviceState, device: &Device, styles: Styles) -> Result<bool, SelectionError> {
    if !state.can_attend(styles.attention) {
        return Ok(false);
    }
    for style in styles.each() {
        if !state.can_run(style) || !is_right(state, device, style).await? {
            return Ok(false);
        }
    }
    state.set_styles(styles);
    all_pass(&attention_gate_cases(), device).await
}

async fn right_styles(
    state: &DeviceState,
    device: &Device,
    tried: impl Iterator<Item = Style>,
) -> Result<Vec<Style>, SelectionError> {
    let mut right = Vec::new();
    for style in tried {
        if state.can_run(style) && is_right(state, device, style).await? {
            right.push(style);
        }
    }
    if right.is_empty() { Err(SelectionError::AllWrong) } else { Ok(right) }
}

/// Whether known values come out right.
async fn is_right(state: &DeviceState, device: &Device, style: Style) -> Result<bool, SelectionError> {
    state.set_styles(Styles::all(style));
    all_pass(&gate_cases(style), device).await
}

async fn all_pass(cases: &[KernelCase], device: &Device) -> Result<bool, SelectionError> {
    for case in cases {
        if !passes(case, device).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn passes(case: &KernelCase, device: &Device) -> Result<bool, SelectionError> {
    let result = case.run(device).await.map_err(SelectionError::Device)?;
    Ok(compare(case, &result, &case.exact()).ok)
}

/// The fastest of `styles` at each number of rows.
async fn fastest(
    state: &DeviceState,
    device: &Device,
    styles: &[Style],
    now: &dyn Fn() -> f64,
) -> Result<Styles, SelectionError> {
    let mut winners: Vec<Style> = Vec::new();
    let mut slow = false;
    for rows in MEASURED_ROWS {
        if slow || styles.len() == 1 {
            winners.push(winners.last().copied().unwrap_or(styles[0]));
            continue;
        }
        let mut best = (f64::INFINITY, styles[0]);
        for &style in styles {
            state.set_styles(Styles::all(style));
            let time = time_of_product(device, rows, now).await?;
            if time < best.0 {
                best = (time, style);
            }
        }
        slow = best.0 > SLOW_MS;
        winners.push(best.1);
    }
    let attention = fastest_attention(state, device, styles, now).await?.unwrap_or(winners[2].attention());
    Ok(Styles { few: winners[0], middle: winners[1], many: winners[2], attention })
}

/// The fastest attention of those that go with `styles`; none on a software adapter, where measuring it would take longer than
/// it gains.
async fn fastest_attention(
    state: &DeviceState,
    device: &Device,
    styles: &[Style],
    now: &dyn Fn() -> f64,
) -> Result<Option<AttentionKernel>, SelectionError> {
    if state.traits().software {
        return Ok(None);
    }
    let goes_with_one = |attention: &AttentionKernel| styles.iter().any(|style| style.attention() == *attention);
    let candidates: Vec<AttentionKernel> = AttentionKernel::ALL.into_iter().filter(goes_with_one).collect();
    if let [only] = *candidates {
        return Ok(Some(only));
    }
    let mut best = None;
    let mut shortest = f64::INFINITY;
    for attention in candidates {
        state.set_styles(Styles { attention, ..Styles::default() });
        let time = time_of_attention(device, now).await?;
        if time < shortest {
            (best, shortest) = (Some(attention), time);
        }
    }
    Ok(best)
}

/// Milliseconds of an attention of a few documents, each row of which sees all of its own.
async fn time_of_attention(device: &Device, now: &dyn Fn() -> f64) -> Result<f64, SelectionError> {
    let rows = MEASURED_DOCUMENTS * MEASURED_ROWS[1];
    let heads =
        Heads { queries: MEASURED_WIDTH / MEASURED_HEAD, keys: MEASURED_WIDTH / MEASURED_HEAD, linear_bias: false };
    let x = || upload(vec![1.0; rows * MEASURED_WIDTH], [rows, MEASURED_WIDTH], device);
    let (q, own) = (x(), Keys { k: x(), v: x() });
    let range = |row: usize| row / MEASURED_ROWS[1] * MEASURED_ROWS[1];
    let ranges = (0..rows).flat_map(|row| [range(row) as u32, (range(row) + MEASURED_ROWS[1]) as u32]);
    let ranges = upload_words(ranges.collect(), [rows, 2], device);
    best_time(&|| attention(q.clone(), own.clone(), None, ranges.clone(), heads), now).await
}

/// Milliseconds of one product of so many rows.
async fn time_of_product(device: &Device, rows: usize, now: &dyn Fn() -> f64) -> Result<f64, SelectionError> {
    let width = MEASURED_WIDTH;
    let x = upload(vec![1.0; rows * width], [rows, width], device);
    let quants = upload_words(vec![0x0102_0304; width * width / 4], [width, width / 4], device);
    let scales = upload(vec![1.0; width * width / BLOCK], [width, width / BLOCK], device);
    best_time(&|| matmul_q8(x.clone(), quants.clone(), scales.clone()), now).await
}

/// Milliseconds of one launch, from as many as a clock can tell.
async fn best_time(launch: &dyn Fn() -> Tensor<2>, now: &dyn Fn() -> f64) -> Result<f64, SelectionError> {
    let window = async |repeats: usize| {
        let start = now();
        let mut last = launch();
        for _ in 1..repeats {
            last = launch();
        }
        synchronize(&last).await.map_err(SelectionError::Device)?;
        Ok(now() - start)
    };
    // The first one compiles.
    window(1).await?;
    let mut repeats = 1;
    let mut time = window(repeats).await?;
    while time < MIN_WINDOW_MS && repeats < MAX_REPEATS {
        repeats *= 2;
        time = window(repeats).await?;
    }
    if time < SLOW_MS {
        for _ in 1..WINDOWS {
            time = window(repeats).await?.min(time);
        }
    }
    Ok(time / repeats as f64)
}
