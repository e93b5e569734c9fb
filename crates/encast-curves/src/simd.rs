//! The evaluation of curves, compiled for the vectors of the processor at hand. The only module with `unsafe`.
#![allow(unsafe_code)]

use crate::serve::Evaluation;

/// Evaluates with AVX-512 or AVX2 where the processor has it. No multiplication is fused with an addition, so that all give
/// the same bits.
pub(crate) fn with_vectors(evaluation: Evaluation<'_>) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the processor was just asked.
            return unsafe { with_avx512(evaluation) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor was just asked.
            return unsafe { with_avx2(evaluation) };
        }
    }
    evaluation.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2")]
fn with_avx512(evaluation: Evaluation<'_>) {
    evaluation.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(evaluation: Evaluation<'_>) {
    evaluation.run();
}
