//! Which of several shaders multiplies: what is fastest on one device is not on the next, so it is measured.

use std::sync::atomic::{AtomicU8, Ordering};

use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::{BLOCK, matmul_q8};

/// A way to multiply matrices on a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// 4 × 4 results for an invocation, nothing shared: the safe choice.
    Direct,
    /// A workgroup shares what it reads.
    Tile,
    /// 8 × 8 results for an invocation, nothing shared.
    Wide,
}

/// The style that is used: of the process, which has one GPU.
static CURRENT: AtomicU8 = AtomicU8::new(0);

/// Rows, columns and terms of the product that is measured: a small document's, in a small model.
const MEASURED: [usize; 3] = [128, 512, 512];

/// How often each style is measured; the best time counts.
const ROUNDS: usize = 2;

impl Style {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Tile, Self::Wide];

    /// The name in `info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Tile => "tile",
            Self::Wide => "wide",
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

    /// Rows and columns of the results of a workgroup.
    pub(super) const fn tile(self) -> usize {
        match self {
            Self::Direct => 32,
            Self::Tile | Self::Wide => 64,
        }
    }

    pub(super) const fn workgroup(self) -> (u32, u32) {
        match self {
            Self::Direct | Self::Wide => (8, 8),
            Self::Tile => (16, 16),
        }
    }

    /// Measures each style on `device`, and uses the fastest. `now` tells milliseconds.
    pub async fn choose(device: &Device, now: &dyn Fn() -> f64) -> Result<Self, String> {
        let [m, n, k] = MEASURED;
        let x = Tensor::<2>::ones([m, k], device);
        let quants = TensorData::new(vec![0x0102_0304u32; n * k / 4], [n, k / 4]);
        let quants = Tensor::<2, Int>::from_data(quants, (device, DType::U32));
        let scales = Tensor::<2>::ones([n, k / BLOCK], device);
        let mut best = (f64::INFINITY, Self::Direct);
        for style in Self::ALL {
            style.apply();
            // The first round compiles.
            for round in 0..=ROUNDS {
                let start = now();
                let y = matmul_q8(x.clone(), quants.clone(), scales.clone());
                y.narrow(0, 0, 1).into_data_async().await.map_err(|e| format!("{e:?}"))?;
                let ms = now() - start;
                if round > 0 && ms < best.0 {
                    best = (ms, style);
                }
            }
        }
        best.1.apply();
        Ok(best.1)
    }
}
