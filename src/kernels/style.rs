//! Which of several shaders multiplies: what is fastest on one device is not on the next, so it is measured. What is fast and
//! wrong on some driver is found out by known values, and left.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::{BLOCK, matmul_q8, selfcheck};

/// A way to compute on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// 4 × 4 results of a product for an invocation, nothing shared: the safe choice.
    Direct,
    /// A workgroup shares what it reads.
    Tile,
    /// 8 × 8 results for an invocation, nothing shared.
    Wide,
    /// Four invocations hand each other what they have read, which takes the feature `subgroups`.
    Quads,
}

/// The style that is used: of the process, which has one GPU.
static CURRENT: AtomicU8 = AtomicU8::new(0);

/// Whether the device was opened with subgroups.
static SUBGROUPS: AtomicBool = AtomicBool::new(false);

/// Rows, columns and terms of the product that is measured: a small document's, in a small model.
const MEASURED: [usize; 3] = [128, 512, 512];

/// How often each style is measured; the best time counts.
const ROUNDS: usize = 2;

impl Style {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Direct, Self::Tile, Self::Wide, Self::Quads];

    /// The name in `info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Tile => "tile",
            Self::Wide => "wide",
            Self::Quads => "quads",
        }
    }

    /// The style of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.name() == name)
    }

    /// The one that is used.
    pub fn current() -> Self {
        Self::ALL[usize::from(CURRENT.load(Ordering::Relaxed)) % Self::ALL.len()]
    }

    /// Uses this one from now on.
    pub fn apply(self) {
        CURRENT.store(self as u8, Ordering::Relaxed);
    }

    /// Says whether the device was opened with subgroups, which the styles that need them are then used on.
    pub fn offer_subgroups(there: bool) {
        SUBGROUPS.store(there, Ordering::Relaxed);
    }

    /// Whether the device can run it at all.
    pub fn available(self) -> bool {
        self != Self::Quads || SUBGROUPS.load(Ordering::Relaxed)
    }

    /// Those that the device can run.
    pub fn offered() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|style| style.available())
    }

    /// Rows and columns of the results of a workgroup.
    pub(super) const fn tile(self) -> usize {
        match self {
            Self::Direct => 32,
            Self::Tile | Self::Wide | Self::Quads => 64,
        }
    }

    pub(super) const fn workgroup(self) -> (u32, u32) {
        match self {
            Self::Direct | Self::Wide => (8, 8),
            Self::Tile => (16, 16),
            Self::Quads => (64, 1),
        }
    }

    /// Measures each style on `device`, and uses the fastest that is right. `now` tells milliseconds.
    pub async fn choose(device: &Device, now: &dyn Fn() -> f64) -> Result<Self, String> {
        let mut times = Vec::new();
        for style in Self::offered() {
            times.push((style.measure(device, now).await?, style));
        }
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, style) in times {
            if style.check(device).await? {
                return Ok(style);
            }
        }
        Err("it gets known values wrong with every one of our shaders".into())
    }

    /// Uses this style from now on, and tells whether it gets known values right.
    pub async fn check(self, device: &Device) -> Result<bool, String> {
        self.apply();
        for case in selfcheck::known() {
            if !selfcheck::compare(&case, &case.run(device).await?, &case.exact()).ok {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Milliseconds of one product.
    async fn measure(self, device: &Device, now: &dyn Fn() -> f64) -> Result<f64, String> {
        let [m, n, k] = MEASURED;
        let x = Tensor::<2>::ones([m, k], device);
        let quants = TensorData::new(vec![0x0102_0304u32; n * k / 4], [n, k / 4]);
        let quants = Tensor::<2, Int>::from_data(quants, (device, DType::U32));
        let scales = Tensor::<2>::ones([n, k / BLOCK], device);
        let mut best = f64::INFINITY;
        self.apply();
        // The first round compiles.
        for round in 0..=ROUNDS {
            let start = now();
            let y = matmul_q8(x.clone(), quants.clone(), scales.clone());
            y.narrow(0, 0, 1).into_data_async().await.map_err(|e| format!("{e:?}"))?;
            if round > 0 {
                best = best.min(now() - start);
            }
        }
        Ok(best)
    }
}
