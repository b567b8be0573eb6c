//! Downloads against a host, a storage and a clock that do whatever a seed makes them do.

mod faults;
mod hosts;
mod sim;
