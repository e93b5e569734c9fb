//! Spreads independent tasks over threads, with results in the order of the tasks.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::TreeError;

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
