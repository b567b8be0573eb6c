//! Stands in for the crate `inventory` in this repository's builds, with the same interface: nothing is ever registered.
//!
//! pliron, the IR of cubecl's compiler, uses `inventory` on wasm to register every operation of every dialect, with its
//! parser, printer, verifiers and casts. The registrations run in static constructors, which the linker must keep, and with
//! them most of cubecl. secondpass only launches WGSL text, which cubecl hands to the browser as it is, so that its compiler
//! never runs and nothing looks a registration up. On other targets pliron uses `linkme`, and this crate is not used.
#![no_std]

/// Declares a type of registrations: nothing to declare.
#[macro_export]
macro_rules! collect {
    ($($type:tt)*) => {};
}

/// Registers a value: it is dropped.
#[macro_export]
macro_rules! submit {
    ($($value:tt)*) => {};
}

/// All registered values: none.
#[allow(non_camel_case_types)]
pub fn iter<T: 'static>() -> core::iter::Empty<&'static T> {
    core::iter::empty()
}
