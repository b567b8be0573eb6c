//! The vision tower: patches of an image or video in, features for the decoder out.

mod block;
mod merger;
mod position;
mod tower;

pub use tower::VisionTower;
