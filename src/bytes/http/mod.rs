//! HTTP as far as files need it, without any client: what the answer to a range request means, and when to try again.

mod clock;
mod response;
mod retry;

pub use clock::Clock;
pub use response::ResponseHead;
pub(crate) use response::{
    EVERYTHING, FileVersion, ProbeOutcome, RequestFault, check_range, is_busy, probe, range_end,
};
pub(crate) use retry::Retries;
pub use retry::RetryPolicy;
