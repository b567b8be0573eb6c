//! What belongs to one GPU: the styles that were chosen for it, and the buffers of sizes that its launches read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::ir::{ElemType, FloatKind};
use burn_cubecl::cubecl::server::Handle;

use crate::kernels::adapter::AdapterTraits;
use crate::kernels::shaders::{AttentionKernel, Style, Styles};

/// Buffers of sizes that are kept: a pass needs some dozens, and the next pass needs the same.
const MAX_DIMS_BUFFERS: usize = 4096;

static DEVICES: Mutex<Vec<(CubeDevice, Arc<DeviceState>)>> = Mutex::new(Vec::new());

/// The state of a device.
pub struct DeviceState {
    styles: Mutex<Styles>,
    traits: Mutex<AdapterTraits>,
    half: bool,
    dims: Mutex<HashMap<Vec<u32>, Handle>>,
}

/// The state of `device`, made at its first use.
pub fn state_of(device: &CubeDevice) -> Arc<DeviceState> {
    let mut devices = lock(&DEVICES);
    if let Some((_, state)) = devices.iter().find(|(known, _)| known == device) {
        return state.clone();
    }
    let state = Arc::new(DeviceState::new(device));
    devices.push((device.clone(), state.clone()));
    state
}

impl DeviceState {
    /// What the device itself tells: a native one whether it is software, a browser's only its features.
    fn new(device: &CubeDevice) -> Self {
        let client = device.client();
        let properties = client.properties();
        let traits = AdapterTraits { software: properties.identity.physical.is_none(), ..AdapterTraits::default() };
        let half = properties.supports_type(ElemType::Float(FloatKind::F16));
        Self { traits: traits.into(), half, styles: Mutex::default(), dims: Mutex::default() }
    }

    /// The styles that launches use.
    pub fn styles(&self) -> Styles {
        *lock(&self.styles)
    }

    /// Uses these from now on.
    pub fn set_styles(&self, styles: Styles) {
        *lock(&self.styles) = styles;
    }

    /// What is known of the adapter.
    pub fn traits(&self) -> AdapterTraits {
        *lock(&self.traits)
    }

    /// Tells more of the adapter.
    pub fn set_traits(&self, traits: AdapterTraits) {
        *lock(&self.traits) = traits;
    }

    /// Whether the device has the features that a style needs.
    pub fn can_run(&self, style: Style) -> bool {
        match style {
            Style::Quads => self.traits().subgroups,
            Style::Half => self.half,
            Style::Direct | Style::Tile | Style::Wide | Style::Blocked => true,
        }
    }

    /// The same of attention.
    pub fn can_attend(&self, style: AttentionKernel) -> bool {
        style != AttentionKernel::Quads || self.traits().subgroups
    }

    /// The sizes in a buffer. Writing a buffer ends the submission that is being collected, so that a pass would consist of
    /// as many submissions as of launches; so they are written once and kept.
    pub fn dims_buffer(&self, client: &Client, dims: &[u32]) -> Handle {
        let mut kept = lock(&self.dims);
        if let Some(handle) = kept.get(dims) {
            return handle.clone();
        }
        if kept.len() >= MAX_DIMS_BUFFERS {
            kept.clear();
        }
        let handle = client.create_from_slice(bytemuck::cast_slice(dims));
        kept.insert(dims.to_vec(), handle.clone());
        handle
    }
}

/// What a panic of another thread left is still valid: every change is a single assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
