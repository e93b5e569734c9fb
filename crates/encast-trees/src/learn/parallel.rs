//! Threads: independent tasks with results in order, and a crew that stays for the many small steps of one fit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::TreeError;

/// Threads that stay for as long as one fit takes.
pub(crate) struct Crew {
    /// None: all is done by the caller alone.
    pool: Option<rayon_core::ThreadPool>,
    threads: usize,
}

impl Crew {
    /// A crew of so many threads (0 = one for each core); when the system refuses them, the caller works alone.
    pub(crate) fn new(threads: usize) -> Self {
        let build = |threads| rayon_core::ThreadPoolBuilder::new().num_threads(threads).build().ok();
        let pool = Some(resolve(threads)).filter(|&threads| threads > 1).and_then(build);
        Self { threads: pool.as_ref().map_or(1, rayon_core::ThreadPool::current_num_threads), pool }
    }

    /// No one but the caller.
    pub(crate) const ALONE: Self = Self { pool: None, threads: 1 };

    /// The number of threads.
    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work` as one of the crew, so that the steps in it find the others at once.
    pub(crate) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Runs both, side by side when there are threads and `worth` is said.
    pub(crate) fn both<A: Send, B: Send>(
        &self,
        worth: bool,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match &self.pool {
            Some(pool) if worth => pool.install(|| rayon_core::join(a, b)),
            _ => (a(), b()),
        }
    }

    /// Runs `task` for every item, on whichever thread is free; what it does must not depend on that.
    pub(crate) fn each<T: Send>(&self, items: impl ExactSizeIterator<Item = T> + Send, task: impl Fn(T) + Sync) {
        self.each_with(items, || (), |(), item| task(item), |()| ());
    }

    /// The same with a state for each thread that takes part, which is handed to `done` in the end.
    pub(crate) fn each_with<S, T: Send>(
        &self,
        items: impl ExactSizeIterator<Item = T> + Send,
        state: impl Fn() -> S + Sync,
        task: impl Fn(&mut S, T) + Sync,
        done: impl Fn(S) + Sync,
    ) {
        let helpers = self.threads.min(items.len()).saturating_sub(1);
        let items = Mutex::new(items);
        let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        let work = || {
            // A thread that comes too late makes no state.
            let Some(first) = next() else { return };
            let mut own = state();
            task(&mut own, first);
            while let Some(item) = next() {
                task(&mut own, item);
            }
            done(own);
        };
        match &self.pool {
            Some(pool) if helpers > 0 => pool.scope(|scope| {
                (0..helpers).for_each(|_| scope.spawn(|_| work()));
                work();
            }),
            _ => work(),
        }
    }
}

/// Runs `task` for `0..count` on up to `threads` threads (0 = one for each core) and returns the results in order.
///
/// Each thread makes one `state` and hands it to all its tasks; results must not depend on it.
pub(crate) fn run<S, T: Send>(
    threads: usize,
    count: usize,
    state: impl Fn() -> S + Sync,
    task: impl Fn(&mut S, usize) -> Result<T, TreeError> + Sync,
) -> Result<Vec<T>, TreeError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                return done;
            }
            done.push((i, task(&mut state, i)));
        }
    };
    let extra = resolve(threads).min(count).saturating_sub(1);
    let mut all = std::thread::scope(|scope| {
        // A thread that the system refuses is not missed: the others take over its share.
        let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
        let helpers: Vec<_> = (0..extra).filter_map(spawn).collect();
        let mut all = work();
        for helper in helpers {
            all.extend(helper.join().map_err(|_| TreeError::Worker)?);
        }
        Ok(all)
    })?;
    all.sort_unstable_by_key(|&(i, _)| i);
    all.into_iter().map(|(_, result)| result).collect()
}

/// The number of threads that `threads` stands for.
pub(crate) fn resolve(threads: usize) -> usize {
    match threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        given => given,
    }
}
