//! The one place where panics stop and errors become statuses.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::{
    last_error,
    status::{ENCAST_STATUS_OK, ENCAST_STATUS_PANIC, Failure},
};

/// Runs the body of a C function: its error, or its panic, becomes the status and the text of the last error.
///
/// Nothing is left half-changed by a panic: models are immutable behind their handles, an analyzer is taken out of its
/// handle while it works, and bodies write their outputs as their last act.
pub(crate) fn enter(body: impl FnOnce() -> Result<(), Failure>) -> i32 {
    let failure = match catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        tests::panic_if_armed();
        body()
    })) {
        Ok(Ok(())) => {
            last_error::clear();
            return ENCAST_STATUS_OK;
        }
        Ok(Err(failure)) => failure,
        Err(payload) => {
            let text = format!("internal error, please report it: {}", panic_text(payload.as_ref()));
            // Dropping a payload runs code of whoever panicked, which may panic again: that one's payload is left alone.
            if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(another);
            }
            Failure::new(ENCAST_STATUS_PANIC, text)
        }
    };
    last_error::set(&failure);
    failure.status
}

fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}

/// Lets a test make the next call on its thread panic inside the boundary.
#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local! {
        static ARMED: Cell<bool> = const { Cell::new(false) };
    }

    pub fn arm() {
        ARMED.set(true);
    }

    pub fn panic_if_armed() {
        if ARMED.take() {
            panic!("armed by a test");
        }
    }
}
