//! The loop's second half: tables to a model, the gates, putting it in place, doing so again and again.

mod data;
mod holdout;
mod place;
mod run;
mod status;
mod watch;

pub use self::{
    holdout::HoldOut,
    place::{Place, exit_on_signal},
    run::{Job, Report, roll_back, run},
    status::Gate as KeptGate,
    watch::{Schedule, watch},
};
