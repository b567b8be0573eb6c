//! What is known of the adapter behind a device.

/// What only those know who opened a device.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdapterTraits {
    /// Whether it was opened with subgroups, which some of the shaders need.
    pub subgroups: bool,
    /// Whether it computes on a CPU. What is made for GPUs is then not tried, unless it is asked for.
    pub software: bool,
}
