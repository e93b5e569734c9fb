//! Calls with a model that is small enough for Miri, which sees every pointer that is not what it says.

use std::ptr;

use super::{last, read};
use crate::{
    features::{EncastFeatures, encast_features_init},
    handles::encast_live_handles,
    model::*,
    names::{encast_codec_name, encast_field_name},
    predict::{encast_predict, encast_predict_batch},
    recommend::{EncastRecommendation, encast_recommend_bitrate},
    result::{EncastResult, encast_result_init},
    status::*,
    structs::CStruct,
};

const SMALL: &[u8] = include_bytes!("../../../../fuzz/seeds/bundle/boosting.encast");

fn request() -> EncastFeatures {
    let mut features = EncastFeatures::defaults();
    // SAFETY: a struct of this test.
    assert_eq!(unsafe { encast_features_init(&mut features, size_of::<EncastFeatures>()) }, ENCAST_STATUS_OK);
    features.bitrate_kbps = 2000.0;
    (features.resolution_width, features.resolution_height) = (1280.0, 720.0);
    features
}

#[test]
fn from_memory_to_answers() {
    // Of exactly its size.
    let bytes = SMALL.to_vec().into_boxed_slice();
    let mut model = ptr::null_mut();
    // SAFETY: bytes, structs and places of this test, each as large as it says.
    unsafe {
        assert_eq!(
            encast_load_model_from_memory(bytes.as_ptr(), bytes.len(), &mut model),
            ENCAST_STATUS_OK,
            "{}",
            last()
        );
        drop(bytes);
        let mut result = EncastResult::defaults();
        assert_eq!(encast_result_init(&mut result, size_of::<EncastResult>()), ENCAST_STATUS_OK);
        assert_eq!(encast_predict(model, &request(), ptr::null(), &mut result), ENCAST_STATUS_OK, "{}", last());
        assert!(result.vmaf.lower <= result.vmaf.value && result.vmaf.value <= result.vmaf.upper);

        let (rows, mut results) = ([request(), request()], [EncastResult::defaults(); 2]);
        let status = encast_predict_batch(model, rows.as_ptr(), 2, ptr::null(), results.as_mut_ptr(), ptr::null_mut());
        assert_eq!(status, ENCAST_STATUS_OK, "{}", last());
        assert_eq!(results[1].vmaf.value.to_bits(), result.vmaf.value.to_bits());

        let mut info = EncastModelInfo::defaults();
        assert_eq!(encast_model_info(model, &mut info), ENCAST_STATUS_OK);
        assert!(info.trees > 0);
        let mut length = 0;
        let status = encast_model_metadata_json(model, ptr::null_mut(), 0, &mut length);
        assert_eq!(status, ENCAST_STATUS_BUFFER_TOO_SMALL);
        let mut buffer = vec![0x55_u8; length + 1].into_boxed_slice();
        let status = encast_model_metadata_json(model, buffer.as_mut_ptr().cast(), length + 1, &mut length);
        assert_eq!((status, buffer[length]), (ENCAST_STATUS_OK, 0));

        let mut bad = request();
        bad.bitrate_kbps = -1.0;
        assert_eq!(encast_predict(model, &bad, ptr::null(), &mut result), ENCAST_STATUS_INVALID_FIELD);
        assert!(last().contains("-1"));
        // What SMALL says in its last bytes is not what it was sealed with.
        let mut cut = ptr::null_mut();
        let status = encast_load_model_from_memory(SMALL.as_ptr(), SMALL.len() - 1, &mut cut);
        assert_eq!((status, cut), (ENCAST_STATUS_TRUNCATED, ptr::null_mut()));
        assert_eq!(encast_free_model(model), ENCAST_STATUS_OK);
        assert_eq!(encast_free_model(model), ENCAST_STATUS_BAD_HANDLE);
        assert_eq!(encast_predict(model, &request(), ptr::null(), &mut result), ENCAST_STATUS_BAD_HANDLE);
    }
    let _ = encast_live_handles();
    assert_eq!(read(encast_codec_name(1)), "h264");
    assert!(encast_field_name(u32::MAX).is_null());
}

/// Threads that ask one handle while another frees it: whole answers, or that it is dead.
#[test]
#[cfg_attr(miri, ignore = "loading takes Miri minutes: once is enough, and the tests of handles have threads")]
fn threads_and_a_free() {
    let mut model = ptr::null_mut();
    // SAFETY: bytes and a place of this test.
    let status = unsafe { encast_load_model_from_memory(SMALL.as_ptr(), SMALL.len(), &mut model) };
    assert_eq!(status, ENCAST_STATUS_OK);
    let handle = model.addr();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(move || {
                for _ in 0..200 {
                    let mut result = EncastResult::defaults();
                    let model = ptr::without_provenance::<EncastModel>(handle);
                    // SAFETY: structs of this thread; a handle is checked.
                    let status = unsafe { encast_predict(model, &request(), ptr::null(), &mut result) };
                    match status {
                        ENCAST_STATUS_OK => assert!(result.vmaf.value.is_finite()),
                        status => assert_eq!(status, ENCAST_STATUS_BAD_HANDLE, "{}", last()),
                    }
                }
            });
        }
        scope.spawn(move || assert_eq!(encast_free_model(ptr::without_provenance_mut(handle)), ENCAST_STATUS_OK));
    });
    assert_eq!(encast_free_model(model), ENCAST_STATUS_BAD_HANDLE);
}

#[test]
#[cfg_attr(miri, ignore = "a search evaluates hundreds of forecasts: minutes")]
fn search() {
    let mut model = ptr::null_mut();
    let mut answer = EncastRecommendation::defaults();
    // SAFETY: bytes, structs and a place of this test.
    unsafe {
        assert_eq!(encast_load_model_from_memory(SMALL.as_ptr(), SMALL.len(), &mut model), ENCAST_STATUS_OK);
        assert_eq!(
            encast_recommend_bitrate(model, &request(), ptr::null(), &mut answer),
            ENCAST_STATUS_OK,
            "{}",
            last()
        );
        assert_eq!(encast_free_model(model), ENCAST_STATUS_OK);
    }
}
