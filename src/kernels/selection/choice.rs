//! What can be asked for, and what can go wrong.

/// What the caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KernelChoice {
    /// The fastest, by measuring.
    Measured,
    /// What was the fastest at an earlier load, if it still can be used.
    Remembered(String),
    /// These and no others.
    Fixed(String),
    /// Those that every device can run.
    Safe,
}

/// Why no shaders were selected.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The device cannot use the ones that were asked for.
    #[error(
        "this device cannot use the kernels \"{0}\", or gets known values wrong with them; leave kernels away to have the fastest that it can use"
    )]
    Unusable(String),
    /// Known values come out wrong with all of them.
    #[error("the device gets known values wrong with every shader")]
    AllWrong,
    /// The device failed.
    #[error("{0}")]
    Device(String),
}
