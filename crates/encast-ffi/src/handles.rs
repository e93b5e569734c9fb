//! Handles: numbers that stand for the library's objects. What was freed, or never made, is told from what lives, so
//! that a wrong handle is an error and not a wild read.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{
    boundary::enter,
    status::{ENCAST_STATUS_BAD_HANDLE, ENCAST_STATUS_OUT_OF_MEMORY, Failure},
};

/// Low bits of a handle: the slot. 16 million live objects of a kind with 64-bit pointers, 8192 with 32.
const SLOT_BITS: u32 = if usize::BITS == 64 { 24 } else { 13 };
/// High bits of a handle: the kind. The highest is always set, which no address of a program has on 64-bit systems.
const KIND_SHIFT: u32 = usize::BITS - 4;
const TOP: usize = 1 << (usize::BITS - 1);
/// A slot that was used as often is never used again.
const LAST_GENERATION: usize = (1 << (KIND_SHIFT - SLOT_BITS)) - 1;
const MOST_SLOTS: usize = 1 << SLOT_BITS;

/// A type of the header that programs hold pointers to, and what these stand for.
pub(crate) trait Handle: Sized + 'static {
    /// What a handle stands for.
    type Object: Send + Sync;
    /// 1 to 7, another for each type: a handle of one kind is none of another.
    const KIND: usize;
    /// The name of the argument in the header.
    const NAME: &'static str;

    /// The objects of this kind.
    fn table() -> &'static Table<Self::Object>;
}

/// The live objects of one kind.
pub(crate) struct Table<T>(RwLock<Slots<T>>);

struct Slots<T> {
    list: Vec<Slot<T>>,
    /// Slots that may be used again.
    free: Vec<usize>,
}

struct Slot<T> {
    /// How often the slot was used, from 1.
    generation: usize,
    object: Option<Arc<T>>,
}

impl<T> Table<T> {
    pub const fn new() -> Self {
        Table(RwLock::new(Slots { list: Vec::new(), free: Vec::new() }))
    }

    // Nothing panics under the lock, hence a poisoned one guards whole slots, too.
    fn look(&self) -> RwLockReadGuard<'_, Slots<T>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Slots<T>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Objects that were not freed.
    pub fn live(&self) -> usize {
        let slots = self.look();
        slots.list.iter().filter(|slot| slot.object.is_some()).count()
    }

    /// Keeps an object; its slot and generation.
    fn put(&self, object: T) -> Option<(usize, usize)> {
        let object = Arc::new(object);
        let mut slots = self.change();
        if let Some(index) = slots.free.pop() {
            let slot = &mut slots.list[index];
            slot.generation += 1;
            slot.object = Some(object);
            return Some((index, slot.generation));
        }
        let index = slots.list.len();
        if index == MOST_SLOTS {
            return None;
        }
        slots.list.push(Slot { generation: 1, object: Some(object) });
        Some((index, 1))
    }

    fn get(&self, index: usize, generation: usize) -> Option<Arc<T>> {
        let slots = self.look();
        slots.list.get(index).filter(|slot| slot.generation == generation)?.object.clone()
    }

    /// Takes an object out. It lives on while calls on other threads use it.
    fn take(&self, index: usize, generation: usize) -> Option<Arc<T>> {
        let mut slots = self.change();
        let slot = slots.list.get_mut(index).filter(|slot| slot.generation == generation)?;
        let object = slot.object.take()?;
        if generation < LAST_GENERATION {
            slots.free.push(index);
        }
        Some(object)
    }
}

/// Slot and generation of a handle of this kind.
fn parts<H: Handle>(handle: *const H) -> Option<(usize, usize)> {
    let number = handle.addr();
    (number >> KIND_SHIFT == TOP >> KIND_SHIFT | H::KIND)
        .then_some((number & (MOST_SLOTS - 1), number >> SLOT_BITS & LAST_GENERATION))
}

fn dead<H: Handle>() -> Failure {
    let text = format!("{} is no live handle: it was freed, or never made by this library", H::NAME);
    Failure::new(ENCAST_STATUS_BAD_HANDLE, text).of_field(H::NAME)
}

/// What a handle stands for. It lives until the value is dropped, even if another thread frees the handle.
pub(crate) fn get<H: Handle>(handle: *const H) -> Result<Arc<H::Object>, Failure> {
    if handle.is_null() {
        return Err(Failure::null(H::NAME));
    }
    parts(handle).and_then(|(index, generation)| H::table().get(index, generation)).ok_or_else(dead::<H>)
}

/// Makes an object and hands out its handle.
///
/// # Safety
/// `out` is null, or may be written.
pub(crate) unsafe fn hand_out<H: Handle>(
    out: *mut *mut H,
    name: &'static str,
    make: impl FnOnce() -> Result<H::Object, Failure>,
) -> Result<(), Failure> {
    if out.is_null() {
        return Err(Failure::null(name));
    }
    let (index, generation) = H::table().put(make()?).ok_or_else(|| {
        let text = format!("{name}: {MOST_SLOTS} handles of this kind are in use, and none was freed");
        Failure::new(ENCAST_STATUS_OUT_OF_MEMORY, text)
    })?;
    let number = TOP | H::KIND << KIND_SHIFT | generation << SLOT_BITS | index;
    // SAFETY: not null, hence writable by our caller's promise.
    unsafe { out.write(std::ptr::without_provenance_mut(number)) };
    Ok(())
}

/// Body of a function that frees: null is nothing to do, and success leaves the text of the last error as it was.
pub(crate) fn free<H: Handle>(handle: *mut H) -> i32 {
    if handle.is_null() {
        return crate::status::ENCAST_STATUS_OK;
    }
    // Dropped here, outside the lock; a panic of it would be a leak at worst.
    let taken = parts(handle.cast_const()).and_then(|(index, generation)| H::table().take(index, generation));
    match taken {
        Some(object) => {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(object)));
            crate::status::ENCAST_STATUS_OK
        }
        None => enter(|| Err(dead::<H>())),
    }
}

/// How many handles were made and not freed yet, of all kinds, by the whole process: for tests that look for leaks,
/// which tools for memory do not see behind handles.
///
/// May be called from any thread.
#[unsafe(no_mangle)]
pub extern "C" fn encast_live_handles() -> usize {
    crate::model::EncastModel::table().live()
        + crate::site::EncastSite::table().live()
        + crate::profiles::EncastProfiles::table().live()
        + crate::analyzer::EncastAnalyzer::table().live()
        + crate::monitor::EncastMonitor::table().live()
}

#[cfg(test)]
mod tests;
