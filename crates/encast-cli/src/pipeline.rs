//! Reads, works on all cores, writes in order: so many pieces at a time and no more, however long the input is.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use crate::failure::Failure;

/// Runs the three stages until `read` gives `None`; the first failure, in the order of the pieces, ends all.
///
/// `read` and `write` run on one thread each, `write` on this one. Each of the `threads` that work makes its own worker
/// by `worker`. No more than three pieces a thread are on their way.
pub fn run<P: Send, R: Send, W: FnMut(P) -> Result<R, Failure>>(
    threads: usize,
    mut read: impl FnMut() -> Result<Option<P>, Failure> + Send,
    worker: impl Fn() -> Result<W, Failure> + Sync,
    mut write: impl FnMut(R) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let on_the_way = 3 * threads;
    let (to_work, pieces) = sync_channel::<(usize, P)>(threads);
    let (done, results) = sync_channel::<(usize, Result<R, Failure>)>(on_the_way);
    // One token a piece on its way: without them a slow piece would let those behind it pile up before the writer.
    let (give, take) = sync_channel::<()>(on_the_way);
    for _ in 0..on_the_way {
        // There is room for all of them.
        let _ = give.try_send(());
    }
    // Held by the workers alone: when they are gone, the reader ends.
    let pieces = Arc::new(Mutex::new(pieces));
    thread::scope(|scope| {
        let ended = done.clone();
        scope.spawn(move || {
            let mut count = 0;
            while take.recv().is_ok() {
                match read() {
                    Ok(Some(piece)) => match to_work.send((count, piece)) {
                        Ok(()) => count += 1,
                        Err(_) => break,
                    },
                    Ok(None) => break,
                    Err(failure) => {
                        // Told when all before it is written. Nobody listens where that failed.
                        let _ = ended.send((count, Err(failure)));
                        break;
                    }
                }
            }
        });
        for _ in 0..threads {
            let done = done.clone();
            let (pieces, worker) = (Arc::clone(&pieces), &worker);
            scope.spawn(move || work(&pieces, worker, &done));
        }
        drop((done, pieces));
        in_order(results, give, &mut write)
    })
}

fn work<P, R, W: FnMut(P) -> Result<R, Failure>>(
    pieces: &Mutex<Receiver<(usize, P)>>,
    worker: &impl Fn() -> Result<W, Failure>,
    done: &SyncSender<(usize, Result<R, Failure>)>,
) {
    let mut worker = worker();
    loop {
        let piece = pieces.lock().ok().and_then(|pieces| pieces.recv().ok());
        let Some((at, piece)) = piece else { return };
        let result = match &mut worker {
            Ok(work) => work(piece),
            Err(Failure::Bad(message)) => Err(Failure::Bad(message.clone())),
            Err(Failure::ReaderGone) => Err(Failure::ReaderGone),
        };
        if done.send((at, result)).is_err() {
            return;
        }
    }
}

/// Writes what comes, in the order of the pieces. What it takes with it when it ends lets the other threads end, too.
fn in_order<R>(
    results: Receiver<(usize, Result<R, Failure>)>,
    give: SyncSender<()>,
    write: &mut impl FnMut(R) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut next, mut early) = (0, BTreeMap::new());
    for (at, result) in results {
        early.insert(at, result);
        while let Some(result) = early.remove(&next) {
            write(result?)?;
            next += 1;
            // The reader may have come to the end.
            let _ = give.try_send(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    /// Squares the numbers up to `end`, of which some take long.
    fn squares(threads: usize, end: usize, fails_at: Option<usize>) -> (Vec<usize>, Result<(), Failure>, usize) {
        let (on_the_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut at = 0;
        let read = || {
            at += 1;
            most.fetch_max(on_the_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            Ok((at <= end).then_some(at - 1))
        };
        let worker = || {
            Ok(|number: usize| {
                if number.is_multiple_of(17) {
                    thread::sleep(Duration::from_millis(5));
                }
                if Some(number) == fails_at { Err(Failure::Bad(format!("at {number}"))) } else { Ok(number * number) }
            })
        };
        let mut written = Vec::new();
        let outcome = run(threads, read, worker, |square| {
            on_the_way.fetch_sub(1, Ordering::SeqCst);
            written.push(square);
            Ok(())
        });
        (written, outcome, most.load(Ordering::SeqCst))
    }

    #[test]
    fn order_is_kept_and_few_pieces_are_on_their_way() {
        for threads in [1, 2, 5] {
            let (written, outcome, most) = squares(threads, 200, None);
            outcome.unwrap();
            assert_eq!(written, (0..200).map(|number| number * number).collect::<Vec<_>>());
            assert!(most <= 3 * threads + 1, "{most} with {threads} threads");
        }
    }

    #[test]
    fn the_first_failure_ends_it_after_all_before_it() {
        let (written, outcome, _) = squares(3, 200, Some(60));
        assert!(matches!(outcome, Err(Failure::Bad(message)) if message == "at 60"));
        assert_eq!(written, (0..60).map(|number| number * number).collect::<Vec<_>>());
        let mut left = 3;
        let read = || {
            left -= 1;
            if left == 0 { Err(Failure::Bad("reading".to_owned())) } else { Ok(Some(left)) }
        };
        let mut written = Vec::new();
        let outcome = run(
            2,
            read,
            || Ok(Ok),
            |number| {
                written.push(number);
                Ok(())
            },
        );
        assert!(matches!(outcome, Err(Failure::Bad(message)) if message == "reading"));
        assert_eq!(written, [2, 1]);
    }

    #[test]
    fn a_writer_that_fails_ends_it() {
        let outcome = run(2, || Ok(Some(1)), || Ok(Ok), |_| Err(Failure::ReaderGone));
        assert!(matches!(outcome, Err(Failure::ReaderGone)));
    }
}
