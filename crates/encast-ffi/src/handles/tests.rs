//! Handles that live, were freed, were never made, and threads that free what others use.

use std::{
    ptr,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::*;
use crate::{last_error::encast_last_error_field, status::*, tests::last};

/// Counts the objects of a test that are alive.
struct Counted(Arc<AtomicUsize>, u64);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>, number: u64) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Counted(alive.clone(), number)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Opaque;

impl Handle for Opaque {
    type Object = Counted;
    const KIND: usize = 7;
    const NAME: &'static str = "thing";

    fn table() -> &'static Table<Counted> {
        static THINGS: Table<Counted> = Table::new();
        &THINGS
    }
}

/// Tests of one table, one at a time: they count what is in it.
static TURN: Mutex<()> = Mutex::new(());

fn make(alive: &Arc<AtomicUsize>, number: u64) -> *mut Opaque {
    let mut handle = ptr::null_mut();
    // SAFETY: a place of this test.
    unsafe { hand_out(&mut handle, "out_thing", || Ok(Counted::new(alive, number))) }.expect("a handle");
    handle
}

fn refused(result: Result<Arc<Counted>, Failure>) -> i32 {
    result.err().expect("an error").status
}

#[test]
fn freed_handles_are_told_from_live_ones() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let alive = Arc::default();
    let (first, second) = (make(&alive, 1), make(&alive, 2));
    assert_eq!((get(first).expect("live").1, get(second).expect("live").1), (1, 2));
    assert_eq!(Opaque::table().live(), 2);
    assert_eq!(free(first), ENCAST_STATUS_OK);
    assert_eq!((alive.load(Ordering::SeqCst), Opaque::table().live()), (1, 1));
    assert_eq!(refused(get(first)), ENCAST_STATUS_BAD_HANDLE);
    assert_eq!(free(first), ENCAST_STATUS_BAD_HANDLE);
    assert_eq!(last(), "thing is no live handle: it was freed, or never made by this library");
    // SAFETY: the library hands out C strings.
    assert_eq!(unsafe { std::ffi::CStr::from_ptr(encast_last_error_field()) }, c"thing");
    // The slot is used again, and the old handle stays dead.
    let third = make(&alive, 3);
    assert_ne!(third, first);
    assert_eq!(third.addr() & (MOST_SLOTS - 1), first.addr() & (MOST_SLOTS - 1));
    assert_eq!(refused(get(first)), ENCAST_STATUS_BAD_HANDLE);
    assert_eq!(get(third).expect("live").1, 3);
    assert_eq!((free(second), free(third)), (ENCAST_STATUS_OK, ENCAST_STATUS_OK));
    assert_eq!((alive.load(Ordering::SeqCst), Opaque::table().live()), (0, 0));
    assert_eq!(free(ptr::null_mut::<Opaque>()), ENCAST_STATUS_OK);
    assert_eq!(refused(get(ptr::null::<Opaque>())), ENCAST_STATUS_NULL_POINTER);
}

#[test]
fn numbers_that_are_no_handles_are_refused() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let alive = Arc::default();
    let handle = make(&alive, 1);
    let number = handle.addr();
    for bit in 0..usize::BITS {
        let other = ptr::without_provenance::<Opaque>(number ^ 1 << bit);
        assert_eq!(refused(get(other)), ENCAST_STATUS_BAD_HANDLE, "bit {bit}");
    }
    for number in [1, 8, usize::MAX, TOP, Opaque::KIND << KIND_SHIFT, (&raw const alive).addr()] {
        assert_eq!(refused(get(ptr::without_provenance::<Opaque>(number))), ENCAST_STATUS_BAD_HANDLE, "{number:#x}");
    }
    assert_eq!(free(handle), ENCAST_STATUS_OK);
}

#[test]
fn kinds_are_distinct() {
    use crate::{analyzer::EncastAnalyzer, model::EncastModel, profiles::EncastProfiles, site::EncastSite};
    let kinds = [EncastModel::KIND, EncastSite::KIND, EncastProfiles::KIND, EncastAnalyzer::KIND, Opaque::KIND];
    let distinct: std::collections::BTreeSet<usize> = kinds.into_iter().collect();
    assert!(distinct.len() == kinds.len() && kinds.iter().all(|kind| (1..8).contains(kind)), "{kinds:?}");
}

/// A slot whose generations are used up is left alone, so that no number ever comes back.
#[test]
fn a_worn_slot_is_not_used_again() {
    let table = Table::new();
    let (index, _) = table.put(1).expect("a slot");
    table.change().list[index].generation = LAST_GENERATION;
    assert!(table.take(index, LAST_GENERATION).is_some());
    assert_eq!(table.put(2).expect("a slot"), (index + 1, 1));
    assert!(table.get(index, LAST_GENERATION).is_none() && table.get(index, 1).is_none());
}

#[test]
fn nothing_is_kept_when_making_fails() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut handle = ptr::without_provenance_mut::<Opaque>(77);
    // SAFETY: a place of this test, or null.
    let (failed, nowhere) = unsafe {
        (
            hand_out(&mut handle, "out_thing", || Err(Failure::null("it"))),
            hand_out(ptr::null_mut::<*mut Opaque>(), "out_thing", || panic!("is not made")),
        )
    };
    assert_eq!(failed.expect_err("an error").text, "it is null");
    assert_eq!(nowhere.expect_err("an error").text, "out_thing is null");
    assert_eq!((handle.addr(), Opaque::table().live()), (77, 0));
}

/// Threads use and free the same handles, each more than once: every object goes away once, and none while it is used.
#[test]
fn threads_may_free_what_others_use() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let rounds = if cfg!(miri) { 8 } else { 400 };
    let alive: Arc<AtomicUsize> = Arc::default();
    for round in 0..rounds {
        let handles: Vec<usize> = (0..3).map(|number| make(&alive, round * 3 + number).addr()).collect();
        let barrier = Barrier::new(4);
        let freed = AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for turn in 0..4 {
                let (handles, barrier, freed) = (&handles, &barrier, &freed);
                threads.spawn(move || {
                    barrier.wait();
                    for (number, &address) in (0..).zip(handles) {
                        let handle = ptr::without_provenance_mut::<Opaque>(address);
                        match get(handle) {
                            Ok(object) => assert_eq!(object.1, round * 3 + number),
                            Err(failure) => assert_eq!(failure.status, ENCAST_STATUS_BAD_HANDLE),
                        }
                        if (number + turn) % 2 == 0 && free(handle) == ENCAST_STATUS_OK {
                            freed.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(freed.load(Ordering::SeqCst), 3);
        assert_eq!((alive.load(Ordering::SeqCst), Opaque::table().live()), (0, 0));
    }
}
