//! Downloads in a simulation of a host, a store and a clock with faults from a seed.

mod faults;
mod hosts;
mod sim;
