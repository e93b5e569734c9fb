//! Logarithms of values that come again and again, as bitrates of a grid do.

/// Entries, a power of 2.
const ENTRIES: usize = 256;

/// The base-2 logarithms computed last.
pub(super) struct Log2 {
    entries: Box<[(u64, f64); ENTRIES]>,
}

impl Log2 {
    pub(super) fn new() -> Log2 {
        // 0.0 has the key that an empty entry has, and its logarithm.
        Log2 { entries: Box::new([(0, f64::NEG_INFINITY); ENTRIES]) }
    }

    /// What `value.log2()` is.
    #[inline]
    pub(super) fn of(&mut self, value: f64) -> f64 {
        let key = value.to_bits();
        let place = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - ENTRIES.ilog2())) as usize;
        let entry = &mut self.entries[place];
        if entry.0 != key {
            *entry = (key, value.log2());
        }
        entry.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_the_standard_library() {
        let mut log2 = Log2::new();
        for round in 0..2 {
            for step in 0..5000u32 {
                let value = f64::from(step) * 1.37;
                assert_eq!(log2.of(value).to_bits(), value.log2().to_bits(), "{value}, round {round}");
            }
        }
    }
}
