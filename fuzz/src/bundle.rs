//! Any bytes as a model: what loads answers sanely, tells of itself, and is the same model after it was saved.

use std::{ffi::CString, mem::offset_of, path::PathBuf};

use encast_face::{
    features::{EncastFeatures, encast_features_init},
    handles::encast_live_handles,
    model::{EncastModel, encast_free_model, encast_load_model, encast_load_model_from_memory, encast_save_model},
    predict::encast_predict,
    result::encast_result_init,
    status::{ENCAST_STATUS_BAD_HANDLE, ENCAST_STATUS_OK},
};

use crate::{calls, input::Input, memory::Structs, oracle};

const MAGIC: &[u8] = b"\x89ENCAST\n";

pub fn run(bytes: &[u8]) {
    load(bytes);
    // The checksum and the length keep the fuzzer out: what stands behind them is reached with true ones.
    if bytes.len() >= 32 && bytes.starts_with(MAGIC) {
        let mut sealed = bytes.to_vec();
        sealed[16..24].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        let checksum = crc32fast::hash(&sealed[16..]);
        sealed[12..16].copy_from_slice(&checksum.to_le_bytes());
        load(&sealed);
    }
}

fn load(bytes: &[u8]) {
    // Of exactly its size, so that a byte too many is seen.
    let bytes = bytes.to_vec().into_boxed_slice();
    let live = encast_live_handles();
    let mut model = std::ptr::null_mut();
    // SAFETY: the bytes are there, and the place is ours.
    let ok = oracle::status(unsafe { encast_load_model_from_memory(bytes.as_ptr(), bytes.len(), &mut model) });
    assert_eq!(ok, !model.is_null());
    drop(bytes);
    if !ok {
        return;
    }
    calls::metadata(model, &mut Input::new(&[]));
    let answers = answers(model);
    for extension in ["json", "encast"] {
        let path = scratch(extension);
        let name = CString::new(path.as_os_str().as_encoded_bytes()).expect("no NUL");
        let mut again = std::ptr::null_mut();
        // SAFETY: live handles, C strings and a place of ours; each handle is freed once.
        unsafe {
            assert!(oracle::status(encast_save_model(model, name.as_ptr())), "saves");
            assert!(oracle::status(encast_load_model(name.as_ptr(), &mut again)), "loads what it saved");
            assert!(answers == self::answers(again), "the same model");
            assert!(oracle::status(encast_free_model(again)), "frees");
            assert_eq!(encast_free_model(again), ENCAST_STATUS_BAD_HANDLE, "frees once");
        }
        let _ = std::fs::remove_file(path);
    }
    assert_eq!(encast_free_model(model), ENCAST_STATUS_OK);
    assert_eq!(encast_live_handles(), live, "every handle was freed");
}

/// A file of this process alone.
fn scratch(extension: &str) -> PathBuf {
    std::env::temp_dir().join(format!("encast-fuzz-{}.{extension}", std::process::id()))
}

/// What the model says to a few requests, byte by byte.
fn answers(model: *const EncastModel) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (encoder, bitrate, crf) in [(1, 4000.0, f64::NAN), (2, f64::NAN, 28.0), (0, 300.0, f64::NAN)] {
        let mut request = Structs::<EncastFeatures>::new(&mut Input::new(&[]), 1, encast_features_init);
        request.put(0, offset_of!(EncastFeatures, encoder), encoder);
        request.put(0, offset_of!(EncastFeatures, bitrate_kbps), bitrate);
        request.put(0, offset_of!(EncastFeatures, crf), crf);
        request.put(0, offset_of!(EncastFeatures, resolution_width), 1280.0);
        request.put(0, offset_of!(EncastFeatures, resolution_height), 720.0);
        let mut answer = Structs::new(&mut Input::new(&[]), 1, encast_result_init);
        // SAFETY: a live handle and structs of the size that they say.
        let status = unsafe { encast_predict(model, request.pointer(), std::ptr::null(), answer.pointer()) };
        if oracle::status(status) {
            calls::result(&answer.value(0, encast_result_init));
        }
        bytes.extend_from_slice(&status.to_le_bytes());
        bytes.extend_from_slice(&answer.bytes());
    }
    bytes
}
