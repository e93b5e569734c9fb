//! Any rows to train on: a status, or a model that answers sanely and can be saved.

use std::mem::offset_of;

use encast_face::{
    features::EncastFeatures,
    handles::encast_live_handles,
    model::encast_free_model,
    predict::encast_predict,
    result::encast_result_init,
    retrain::{EncastRetrainOptions, encast_retrain, encast_retrain_options_init},
    status::ENCAST_STATUS_OK,
    targets::{EncastTargets, encast_targets_init},
};

use crate::{calls, input::Input, memory::Structs, oracle, requests::Requests};

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let count = 1 + input.below(40);
    let mut options = Structs::<EncastRetrainOptions>::new(&mut input, 1, encast_retrain_options_init);
    if input.one_in(4) {
        options.scribble(&mut input);
    }
    // Curves and forests take longer than boosting, and threads than one.
    let kind = match input.below(32) {
        at @ 0..4 => at as i32,
        _ => 1,
    };
    options.put(0, offset_of!(EncastRetrainOptions, model_kind), kind);
    options.put(0, offset_of!(EncastRetrainOptions, threads), 1_u32);
    options.put(0, offset_of!(EncastRetrainOptions, targets), u64::from(1_u8 << input.below(8)));
    if !input.one_in(8) {
        options.put(0, offset_of!(EncastRetrainOptions, reserved), 0_u32);
    }
    let mut rows = Requests::new(&mut Input::new(&[]), count);
    let mut targets = Structs::<EncastTargets>::new(&mut input, count, encast_targets_init);
    let titles = 1 + input.below(8);
    for row in 0..count {
        let rate = 200.0 + 97.0 * row as f64 + f64::from(input.u8());
        rows.features.put(row, offset_of!(EncastFeatures, bitrate_kbps), rate);
        rows.features.put(row, offset_of!(EncastFeatures, crf), 20.0 + f64::from(input.u8() % 32));
        rows.features.put(row, offset_of!(EncastFeatures, resolution_width), 640.0);
        rows.features.put(row, offset_of!(EncastFeatures, resolution_height), 360.0);
        rows.features.put(row, offset_of!(EncastFeatures, encoder), 1 + i32::from(row % 3 == 0));
        targets.put(row, offset_of!(EncastTargets, title), b'a' + (row % titles) as u8);
        for at in 0..8 {
            let value = 1.0 + f64::from(input.u8()) / 3.0;
            let value = if at == 2 { value / 100.0 } else { value };
            targets.put(row, offset_of!(EncastTargets, vmaf) + 8 * at, value);
        }
    }
    if input.one_in(2) {
        rows.features.scribble(&mut input);
        for row in 0..count {
            rows.features.put(row, offset_of!(EncastFeatures, anchors), 0_usize);
            rows.features.put(row, offset_of!(EncastFeatures, anchor_count), 0_usize);
        }
        targets.scribble(&mut input);
    }
    let said = if input.one_in(64) { usize::MAX / 64 } else { count };
    let mut model = std::ptr::null_mut();
    // SAFETY: every struct has as many bytes as it says, and every array as many elements.
    let status =
        unsafe { encast_retrain(rows.features.pointer(), targets.pointer(), said, options.pointer(), &mut model) };
    let ok = oracle::status(status);
    assert_eq!(ok, !model.is_null());
    if !ok {
        return;
    }
    calls::metadata(model, &mut input);
    let mut answer = Structs::new(&mut input, 1, encast_result_init);
    let before = answer.bytes();
    // SAFETY: a live handle, and structs of the size that they say.
    let status = unsafe { encast_predict(model, rows.features.pointer(), std::ptr::null(), answer.pointer()) };
    match oracle::status(status) {
        true => calls::result(&answer.value(0, encast_result_init)),
        false => answer.assert_same(&before),
    }
    assert_eq!(encast_free_model(model), ENCAST_STATUS_OK);
    assert_eq!(encast_live_handles(), 0, "every handle was freed");
}
