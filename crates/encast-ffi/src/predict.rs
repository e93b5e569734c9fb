//! Forecasts.

use encast_core::PredictionFeatures;

use crate::{
    boundary::enter,
    features::{self, EncastFeatures},
    handles,
    model::EncastModel,
    options::{self, EncastPredictOptions},
    result::{self, EncastResult},
    status::Failure,
    structs::{Output, Rows, read, read_or_defaults},
};

/// Forecasts one encode.
///
/// model: a live handle, not null. features: set up by encast_features_init(), not null. options: set up by
/// encast_predict_options_init(), or null for the defaults. result: set up by encast_result_init(), not null; written
/// on success only. result may not overlap the inputs.
///
/// Returns ENCAST_STATUS_OK, or why there is no answer: ENCAST_STATUS_NULL_POINTER, _BAD_HANDLE, _BAD_STRUCT_SIZE,
/// _BAD_NUMBER, _BAD_TEXT, _INVALID_FIELD, _MISSING_FIELD, _UNKNOWN_NAME, _CONTRADICTION, _NOT_PREDICTED. May be
/// called from any thread, also with one model at the same time.
///
/// # Safety
/// model is a live handle; each struct has as many bytes as its struct_size says, and the array of anchors as many
/// elements as its count says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_predict(
    model: *const EncastModel,
    features: *const EncastFeatures,
    options: *const EncastPredictOptions,
    result: *mut EncastResult,
) -> i32 {
    enter(|| {
        // SAFETY: the caller's promise.
        let (model, features, options, output) = unsafe {
            (
                handles::get(model)?,
                read(features, "features")?,
                read_or_defaults(options, "options")?,
                Output::new(result, "result")?,
            )
        };
        let options = options::from_c(&options)?;
        let ask =
            |features: &PredictionFeatures| Ok(result::to_c(&encast_core::predict_with(features, &model, &options)?));
        // SAFETY: the caller's promise.
        let answer = unsafe { features::borrow(&features, ask) }?;
        // SAFETY: the caller's promise.
        unsafe { output.write(&answer) };
        Ok(())
    })
}

/// Forecasts many encodes, all or none: the answers that encast_predict() gives for each.
///
/// model: a live handle, not null. features: count structs, each set up by encast_features_init(), not null unless
/// count is 0. count: how many; 0 is allowed. options: set up by encast_predict_options_init(), or null for the
/// defaults. results: count structs, each set up by encast_result_init(), not null unless count is 0; written when all
/// rows have an answer, otherwise none is touched. The struct_size of an array's first element is its stride, and must
/// be the same in all its elements. out_bad_row: may be null; receives the index of the first bad row when a row is to
/// blame for the failure, and is not touched otherwise.
///
/// Returns as encast_predict(), or ENCAST_STATUS_BAD_COUNT, or ENCAST_STATUS_OUT_OF_MEMORY. May be called from any
/// thread, also with one model at the same time.
///
/// # Safety
/// model is a live handle; each array has count elements of as many bytes as the first one's struct_size says, and each
/// array of anchors as many as its count says; results overlaps no input; out_bad_row is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn encast_predict_batch(
    model: *const EncastModel,
    features: *const EncastFeatures,
    count: usize,
    options: *const EncastPredictOptions,
    results: *mut EncastResult,
    out_bad_row: *mut usize,
) -> i32 {
    enter(|| {
        let batch = || -> Result<(), Failure> {
            // SAFETY: the caller's promise.
            let (model, features, options, results) = unsafe {
                (
                    handles::get(model)?,
                    Rows::new(features, count, "features", "count")?,
                    read_or_defaults(options, "options")?,
                    Rows::new(results.cast_const(), count, "results", "count")?,
                )
            };
            // SAFETY: the caller's promise.
            let outputs = unsafe { results.outputs() }?;
            // SAFETY: the caller's promise.
            let rows = unsafe { features.read(Failure::at_row, |row| features::from_c(row)) }?;
            let options = options::from_c(&options)?;
            let answers = encast_core::predict_batch(&rows, &model, &options)?;
            for (output, answer) in outputs.iter().zip(&answers) {
                // SAFETY: the caller's promise.
                unsafe { output.write(&result::to_c(answer)) };
            }
            Ok(())
        };
        batch().inspect_err(|failure| {
            if let Some(row) = failure.row
                && !out_bad_row.is_null()
            {
                // SAFETY: not null, hence writable by the caller's promise.
                unsafe { out_bad_row.write(row) };
            }
        })
    })
}
