//! Threads that stay from frame to frame.

use std::sync::{Mutex, PoisonError};

use rayon_core::{ThreadPool, ThreadPoolBuilder};

/// The calling thread and the others that help it.
pub struct Workers {
    helpers: usize,
    /// None when there are no helpers, or the system gives no threads.
    pool: Option<ThreadPool>,
}

impl Workers {
    /// So many threads with the calling one.
    pub fn new(threads: usize) -> Workers {
        let helpers = threads - 1;
        let pool = (helpers > 0).then(|| ThreadPoolBuilder::new().num_threads(helpers).build().ok()).flatten();
        Workers { helpers, pool }
    }

    /// Whether anything is done beside anything else.
    pub fn are_several(&self) -> bool {
        self.pool.is_some()
    }

    /// Does each piece of work once, and `beside` on the calling thread.
    pub fn share<P: Send>(&self, pieces: Vec<P>, work: impl Fn(P) + Sync, beside: &mut dyn FnMut()) {
        let Some(pool) = &self.pool else {
            pieces.into_iter().for_each(work);
            return beside();
        };
        let queue = Mutex::new(pieces.into_iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let drain = || {
            while let Some(piece) = next() {
                work(piece);
            }
        };
        pool.in_place_scope(|scope| {
            for _ in 0..self.helpers {
                scope.spawn(|_| drain());
            }
            beside();
            drain();
        });
    }
}
