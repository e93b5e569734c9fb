//! The same code compiled for wider vectors, chosen at run time. The only module with `unsafe`.
#![allow(unsafe_code)]

use crate::{dct::Tables, plane::Sample, strip::Strip};

/// Measures strips with the widest vectors that the processor has. All give the same bits: no operation is contracted
/// and no sum reordered.
pub fn measure<T: Sample>(strips: &mut [Strip<T>], tables: &Tables) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, just checked; the function asks for nothing else.
            unsafe { measure_avx2(strips, tables) };
            return;
        }
    }
    measure_plain(strips, tables);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn measure_avx2<T: Sample>(strips: &mut [Strip<T>], tables: &Tables) {
    for strip in strips {
        strip.measure(tables);
    }
}

/// For every processor.
pub fn measure_plain<T: Sample>(strips: &mut [Strip<T>], tables: &Tables) {
    for strip in strips {
        strip.measure(tables);
    }
}
