//! Any sequence of calls with structs of callers of every version: a status for each, nothing written on failure, and
//! answers that are finite and in order.

use std::mem::offset_of;

use encast_face::{
    advise::{EncastAdviseOptions, EncastProposal, encast_advise, encast_advise_options_init, encast_proposal_init},
    compare::{EncastComparison, EncastDifference, encast_compare, encast_comparison_init},
    complexity::{EncastComplexity, encast_complexity_init},
    features::encast_features_set_content,
    ladder::{
        EncastLadderOptions, EncastRung, EncastSize, encast_ladder, encast_ladder_options_init, encast_rung_init,
    },
    model::{EncastModelInfo, encast_model_info, encast_model_info_init, encast_model_metadata_json},
    names::{
        encast_codec_from_name, encast_codec_name, encast_encoder_from_name, encast_encoder_name, encast_field_name,
        encast_target_name,
    },
    predict::{encast_predict, encast_predict_batch},
    recommend::{EncastRecommendation, encast_recommend_bitrate, encast_recommend_crf, encast_recommendation_init},
    result::{EncastResult, encast_result_init},
    status::{ENCAST_STATUS_BUFFER_TOO_SMALL, ENCAST_STATUS_NULL_POINTER},
};

use crate::{
    input::Input,
    memory::{Init, Structs},
    models, oracle,
    requests::{Array, Requests, options, or_null},
};

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let which = input.u8();
    // Searches take seconds with the default model under AddressSanitizer: they get a smaller one.
    let (model, quick) = (models::model(which), models::model(which % 8));
    for _ in 0..4 {
        if input.is_empty() {
            return;
        }
        match input.below(12) {
            0..=2 => predict(model, &mut input),
            3 => batch(model, &mut input),
            4 => recommend(quick, &mut input, encast_recommend_bitrate),
            5 => recommend(quick, &mut input, encast_recommend_crf),
            6 => ladder(quick, &mut input),
            7 => compare(model, &mut input),
            8 => advise(quick, &mut input),
            9 => content(&mut input),
            10 => names(&mut input),
            _ => metadata(model, &mut input),
        }
    }
}

type Model = *const encast_face::model::EncastModel;

/// Sometimes null, a handle of another kind, or one that was never made.
fn perhaps_dead(model: Model, input: &mut Input) -> Model {
    if !input.one_in(32) {
        return model;
    }
    match input.below(4) {
        0 => std::ptr::null(),
        1 => models::site().cast(),
        2 => model.wrapping_byte_add(1 + input.below(8)),
        _ => input.u64() as usize as Model,
    }
}

/// After a call: an output is as it was, or holds what passes the check.
fn output<T: Copy>(ok: bool, structs: &Structs<T>, before: &[u8], init: Init<T>, check: impl Fn(&T)) {
    if !ok {
        return structs.assert_same(before);
    }
    structs.assert_within(before);
    for row in 0..structs.count() {
        check(&structs.value(row, init));
    }
}

/// An answer to a request.
pub fn result(result: &EncastResult) {
    for estimate in [
        &result.vmaf,
        &result.psnr,
        &result.ssim,
        &result.bitrate_kbps,
        &result.encode_seconds,
        &result.cpu_seconds,
        &result.cpu_percent,
        &result.gpu_percent,
        &result.peak_memory_mb,
        &result.energy_kwh,
        &result.cost_usd,
        &result.co2_kg,
    ] {
        oracle::estimate(estimate);
    }
    oracle::within(result.confidence, 0.0, 1.0);
    oracle::within(result.predicted_vmaf, 0.0, 100.0);
    for amount in [
        result.predicted_psnr,
        result.predicted_cost_usd,
        result.predicted_co2_kg,
        result.recommended_bitrate_kbps,
        result.best_reachable_vmaf,
        result.size_mb,
        result.bandwidth_mbps,
        result.energy_cpu_kwh,
        result.energy_idle_kwh,
        result.cost_compute_usd,
        result.cost_egress_usd,
        result.co2_operational_kg,
        result.sci_g_per_minute,
    ] {
        oracle::within(amount, 0.0, f64::MAX);
    }
}

fn predict(model: Model, input: &mut Input) {
    let model = perhaps_dead(model, input);
    let (mut request, mut options) = (Requests::new(input, 1), options(input));
    let mut results = Structs::new(input, 1, encast_result_init);
    let before = results.bytes();
    // SAFETY: every struct has as many bytes as it says, and every array as many elements.
    let status = unsafe { encast_predict(model, request.features.pointer(), or_null(&mut options), results.pointer()) };
    output(oracle::status(status), &results, &before, encast_result_init, result);
}

fn batch(model: Model, input: &mut Input) {
    let count = input.below(6);
    let (mut requests, mut options) = (Requests::new(input, count.max(1)), options(input));
    let mut results = Structs::new(input, count.max(1), encast_result_init);
    let before = results.bytes();
    // More than can be in memory is refused before it is read.
    let said = if input.one_in(32) { usize::MAX / 16 } else { count };
    let mut bad_row = usize::MAX;
    let out_bad_row = if input.one_in(8) { std::ptr::null_mut() } else { &raw mut bad_row };
    let options = or_null(&mut options);
    let (from, to) = (requests.features.pointer(), results.pointer());
    // SAFETY: as in predict.
    let ok = oracle::status(unsafe { encast_predict_batch(model, from, said, options, to, out_bad_row) });
    assert!(bad_row == usize::MAX || !ok && bad_row < count, "{bad_row} of {count}");
    if count == 0 {
        return results.assert_same(&before);
    }
    output(ok, &results, &before, encast_result_init, result);
    if ok {
        let mut alone = Structs::<EncastResult>::new(&mut Input::new(&[]), 1, encast_result_init);
        // SAFETY: as in predict.
        assert!(oracle::status(unsafe { encast_predict(model, from, options, alone.pointer()) }));
        let of_batch = results.value(0, encast_result_init);
        let alone = alone.value(0, encast_result_init);
        assert!(
            alone.confidence.to_bits() == of_batch.confidence.to_bits()
                && alone.predicted_vmaf.to_bits() == of_batch.predicted_vmaf.to_bits(),
            "a batch answers as a single call does"
        );
    }
}

type Recommend = unsafe extern "C" fn(
    Model,
    *const encast_face::features::EncastFeatures,
    *const encast_face::options::EncastPredictOptions,
    *mut EncastRecommendation,
) -> i32;

fn recommend(model: Model, input: &mut Input, call: Recommend) {
    let model = perhaps_dead(model, input);
    let (mut request, mut options) = (Requests::new(input, 1), options(input));
    let mut answers = Structs::new(input, 1, encast_recommendation_init);
    let before = answers.bytes();
    // SAFETY: as in predict.
    let status = unsafe { call(model, request.features.pointer(), or_null(&mut options), answers.pointer()) };
    output(oracle::status(status), &answers, &before, encast_recommendation_init, |answer| {
        oracle::estimate(&answer.vmaf);
        oracle::estimate(&answer.needed_vmaf);
        oracle::within(answer.bitrate_kbps, 0.0, f64::MAX);
        oracle::within(answer.assured_vmaf, 0.0, 100.0);
        oracle::within(answer.crf, 0.0, 63.0);
        assert!((0..=3).contains(&answer.outcome) && (0..=4).contains(&answer.limit));
    });
}

fn sizes(input: &mut Input) -> Vec<EncastSize> {
    let usual = [(640, 360), (1280, 720), (1920, 1080), (0, 0), (u32::MAX, 16)];
    let mut sizes: Vec<EncastSize> = (0..input.below(4))
        .map(|_| usual[input.below(5)])
        .map(|(width, height)| EncastSize { width, height })
        .collect();
    sizes.shrink_to_fit();
    sizes
}

fn ladder(model: Model, input: &mut Input) {
    let model = perhaps_dead(model, input);
    let (mut request, mut options) = (Requests::new(input, 1), options(input));
    let sizes = sizes(input);
    let rates: Vec<f64> = (0..input.below(5)).map(|_| input.number()).collect();
    let mut ladder = input.one_in(2).then(|| {
        let mut ladder = Structs::new(input, 1, encast_ladder_options_init);
        ladder.scribble(input);
        let array = Array::of(input, sizes.as_ptr() as usize, sizes.len(), 65);
        ladder.put(0, offset_of!(EncastLadderOptions, sizes), array.pointer);
        ladder.put(0, offset_of!(EncastLadderOptions, size_count), array.count);
        let array = Array::of(input, rates.as_ptr() as usize, rates.len(), usize::MAX);
        ladder.put(0, offset_of!(EncastLadderOptions, bitrates_kbps), array.pointer);
        ladder.put(0, offset_of!(EncastLadderOptions, bitrate_count), array.count);
        ladder.put(0, offset_of!(EncastLadderOptions, reserved), 0_u32);
        ladder
    });
    let capacity = input.below(16);
    let mut rungs = Structs::<EncastRung>::new(input, capacity.max(1), encast_rung_init);
    let before = rungs.bytes();
    let mut count = usize::MAX;
    // SAFETY: as in predict.
    let status = unsafe {
        let (request, rungs) = (request.features.pointer(), rungs.pointer());
        encast_ladder(model, request, or_null(&mut ladder), or_null(&mut options), rungs, capacity, &mut count)
    };
    if !oracle::status(status) {
        assert!(count == usize::MAX || status == ENCAST_STATUS_BUFFER_TOO_SMALL && count > capacity);
        return rungs.assert_same(&before);
    }
    assert!(count <= capacity);
    rungs.assert_within(&before);
    let mut last = 0.0;
    for row in 0..count {
        let rung = rungs.value(row, encast_rung_init);
        oracle::estimate(&rung.vmaf);
        oracle::estimate(&rung.psnr);
        oracle::estimate(&rung.cost_usd);
        oracle::within(rung.assured_vmaf, 0.0, 100.0);
        assert!(rung.bitrate_kbps.is_nan() || rung.bitrate_kbps > last, "rungs rise");
        last = rung.bitrate_kbps;
    }
}

fn compare(model: Model, input: &mut Input) {
    let (mut a, mut b, mut options) = (Requests::new(input, 1), Requests::new(input, 1), options(input));
    let mut of_a = Structs::<EncastResult>::new(input, 1, encast_result_init);
    let mut differences = Structs::<EncastComparison>::new(input, 1, encast_comparison_init);
    let (before_a, before) = (of_a.bytes(), differences.bytes());
    // SAFETY: as in predict.
    let ok = oracle::status(unsafe {
        let (a, b, options) = (a.features.pointer(), b.features.pointer(), or_null(&mut options));
        encast_compare(model, a, b, options, of_a.pointer(), std::ptr::null_mut(), differences.pointer())
    });
    if of_a.is_null() {
        of_a.assert_same(&before_a);
    } else {
        output(ok, &of_a, &before_a, encast_result_init, result);
    }
    output(ok, &differences, &before, encast_comparison_init, |all| {
        for EncastDifference { difference, ratio } in
            [all.vmaf, all.psnr, all.bitrate_kbps, all.encode_seconds, all.cpu_seconds, all.cost_usd, all.co2_kg]
        {
            oracle::estimate(&difference);
            oracle::estimate(&ratio);
        }
    });
}

fn advise(model: Model, input: &mut Input) {
    let (mut request, mut options) = (Requests::new(input, 1), options(input));
    let encoders: Vec<i32> = (0..1 + input.below(3)).map(|_| input.below(8) as i32).collect();
    let presets = [c"medium".as_ptr(), c"8".as_ptr(), c"slow".as_ptr(), std::ptr::null(), c"\xff".as_ptr()];
    let presets: Vec<_> = (0..input.below(3)).map(|_| presets[input.below(15) % presets.len()]).collect();
    let sizes = sizes(input);
    let mut goal = Structs::new(input, 1, encast_advise_options_init);
    goal.scribble(input);
    let array = Array::of(input, encoders.as_ptr() as usize, encoders.len(), 65);
    goal.put(0, offset_of!(EncastAdviseOptions, encoders), array.pointer);
    goal.put(0, offset_of!(EncastAdviseOptions, encoder_count), array.count);
    let array = Array::of(input, presets.as_ptr() as usize, presets.len(), usize::MAX);
    goal.put(0, offset_of!(EncastAdviseOptions, presets), array.pointer);
    goal.put(0, offset_of!(EncastAdviseOptions, preset_count), array.count);
    let array = Array::of(input, sizes.as_ptr() as usize, sizes.len(), usize::MAX / 8);
    goal.put(0, offset_of!(EncastAdviseOptions, sizes), array.pointer);
    goal.put(0, offset_of!(EncastAdviseOptions, size_count), array.count);
    let capacity = input.below(16);
    let mut proposals = Structs::<EncastProposal>::new(input, capacity.max(1), encast_proposal_init);
    let before = proposals.bytes();
    let mut count = usize::MAX;
    // SAFETY: as in predict.
    let ok = oracle::status(unsafe {
        let (request, to) = (request.features.pointer(), proposals.pointer());
        encast_advise(model, request, goal.pointer(), or_null(&mut options), to, capacity, &mut count)
    });
    if !ok {
        assert_eq!(count, usize::MAX);
        return proposals.assert_same(&before);
    }
    proposals.assert_within(&before);
    for row in 0..count.min(capacity) {
        let proposal = proposals.value(row, encast_proposal_init);
        for estimate in [proposal.bitrate_kbps, proposal.vmaf, proposal.psnr, proposal.size_mb, proposal.cost_usd] {
            oracle::estimate(&estimate);
        }
        oracle::within(proposal.assured_vmaf, 0.0, 100.0);
        assert!((0..=4).contains(&proposal.outcome) && (0..=5).contains(&proposal.limit));
    }
}

fn content(input: &mut Input) {
    let mut request = Requests::new(input, 1);
    let mut complexity = Structs::<EncastComplexity>::new(input, 1, encast_complexity_init);
    complexity.scribble(input);
    let before = request.features.bytes();
    // SAFETY: as in predict.
    let status = unsafe { encast_features_set_content(request.features.pointer(), complexity.pointer()) };
    match oracle::status(status) {
        true => request.features.assert_within(&before),
        false => request.features.assert_same(&before),
    }
}

fn names(input: &mut Input) {
    let number = input.u32();
    for name in [encast_codec_name(number as i32), encast_encoder_name(number as i32)] {
        assert!(name.is_null() || !oracle::text(name).is_empty());
    }
    for name in [encast_field_name(number), encast_target_name(number)] {
        assert!(name.is_null() || !oracle::text(name).is_empty());
    }
    let mut name = input.take(24).to_vec();
    name.push(0);
    for call in [encast_codec_from_name, encast_encoder_from_name] {
        let mut number = -77;
        // SAFETY: a C string, and a place of ours.
        let ok = oracle::status(unsafe { call(name.as_ptr().cast(), &mut number) });
        assert_eq!(ok, number != -77);
        // SAFETY: as above.
        let status = unsafe { call(name.as_ptr().cast(), std::ptr::null_mut()) };
        assert!(!oracle::status(status) && (!ok || status == ENCAST_STATUS_NULL_POINTER));
    }
}

/// What a model says of itself, into a buffer of any size.
pub fn metadata(model: Model, input: &mut Input) {
    let mut info = Structs::<EncastModelInfo>::new(input, 1, encast_model_info_init);
    let before = info.bytes();
    // SAFETY: as in predict.
    let status = unsafe { encast_model_info(model, info.pointer()) };
    output(oracle::status(status), &info, &before, encast_model_info_init, |info| {
        assert!(info.version.contains(&0) && info.licence.contains(&0) && info.vmaf_model.contains(&0));
    });
    let mut length = usize::MAX;
    // SAFETY: no buffer, and a place of ours.
    let status = unsafe { encast_model_metadata_json(model, std::ptr::null_mut(), 0, &mut length) };
    assert!(status == ENCAST_STATUS_BUFFER_TOO_SMALL && !oracle::status(status));
    let capacity = (length + 3).saturating_sub(input.below(8));
    let mut buffer = vec![0xa5_u8; capacity].into_boxed_slice();
    // SAFETY: the buffer has the capacity.
    let status = unsafe { encast_model_metadata_json(model, buffer.as_mut_ptr().cast(), capacity, &mut length) };
    assert_eq!(oracle::status(status), capacity > length);
    match capacity > length {
        true => assert!(buffer[length] == 0 && std::str::from_utf8(&buffer[..length]).is_ok()),
        false => assert!(buffer.iter().all(|&byte| byte == 0xa5)),
    }
}
