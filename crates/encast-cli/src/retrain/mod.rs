//! The loop's second half: tables to a model, the gates, putting it in place, doing so again and again.

mod data;
mod exchange;
mod holdout;
mod place;
mod reload;
mod run;
mod status;
mod temporary;
mod watch;

pub use self::{
    holdout::HoldOut,
    place::{COLLECTED_SUFFIX, Place, STATUS_SUFFIX, exit_on_signal},
    reload::Reload,
    run::{Job, Report, once, roll_back},
    status::Gate as KeptGate,
    temporary::with,
    watch::{Schedule, watch},
};
