//! Time, which differs between a browser, a native program and a simulation.

use crate::bytes::LocalBoxFuture;

/// A clock with timers, and the random numbers that spread retries.
pub trait Clock {
    /// Milliseconds since some start.
    fn now(&self) -> f64;
    /// Waits.
    fn sleep(&self, ms: f64) -> LocalBoxFuture<'static, ()>;
    /// A random number from 0 to 1.
    fn random(&self) -> f64;
}
