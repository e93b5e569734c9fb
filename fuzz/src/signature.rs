//! Any texts as public keys and as a signature: a status, and whatever is accepted is refused for other bytes.

use std::{ffi::CString, mem::offset_of};

use encast_face::{
    handles::encast_live_handles,
    load_options::{EncastLoadOptions, encast_load_model_from_memory_with, encast_load_options_init},
    model::encast_free_model,
    status::{ENCAST_STATUS_BAD_KEY, ENCAST_STATUS_BAD_SIGNATURE, ENCAST_STATUS_OK, ENCAST_STATUS_UNSIGNED},
};

use crate::{input::Input, memory::Structs, oracle};

/// What the signatures of the seeds are made of.
const SIGNED: &[u8] = include_bytes!("../../testdata/bundles/v1.encast");
/// Ends the keys; what follows is the signature.
const BETWEEN: &[u8] = b"--\n";

/// A C string in memory of exactly its bytes; what stands behind a NUL is not part of it.
fn c_string(bytes: &[u8]) -> CString {
    CString::new(bytes.split(|&byte| byte == 0).next().unwrap_or_default()).expect("no NUL")
}

pub fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut options = Structs::<EncastLoadOptions>::new(&mut input, 1, encast_load_options_init);
    let required = match input.below(8) {
        0 => 0,
        1..7 => 1,
        _ => i32::from(input.u8() as i8),
    };
    let absent = input.below(8);
    let rest = input.rest();
    let at = rest.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    let (keys, signature) = at.map_or((rest, &b""[..]), |at| (&rest[..at], &rest[at + BETWEEN.len()..]));
    let (keys, signature) = (c_string(keys), c_string(signature));
    options.put(0, offset_of!(EncastLoadOptions, require_signature), required);
    if absent != 1 {
        options.put(0, offset_of!(EncastLoadOptions, public_keys), keys.as_ptr());
    }
    if absent != 2 {
        options.put(0, offset_of!(EncastLoadOptions, signature), signature.as_ptr());
    }
    let (live, whole) = (encast_live_handles(), !options.is_null() && options.reaches_all());
    // SAFETY: bytes and texts that live, and a struct of as many bytes as it says.
    let mut load = |bytes: &[u8]| unsafe {
        let mut model = std::ptr::null_mut();
        let status = encast_load_model_from_memory_with(bytes.as_ptr(), bytes.len(), options.pointer(), &mut model);
        assert_eq!(oracle::status(status), !model.is_null());
        assert_eq!(encast_free_model(model), ENCAST_STATUS_OK);
        status
    };
    // Quick: no signature is of no bytes, and no model either. With a signature that is none at all it ends here.
    let empty = load(b"");
    assert_ne!(empty, ENCAST_STATUS_OK);
    let refused = [ENCAST_STATUS_BAD_KEY, ENCAST_STATUS_UNSIGNED];
    if refused.contains(&empty) || keys.is_empty() || signature.as_bytes().len() < 100 {
        return;
    }
    if load(SIGNED) == ENCAST_STATUS_OK && required == 1 && whole {
        let mut other = SIGNED.to_vec();
        *other.last_mut().expect("bytes") ^= 1;
        assert_eq!(load(&other), ENCAST_STATUS_BAD_SIGNATURE, "other bytes are refused");
    }
    assert_eq!(encast_live_handles(), live, "every handle was freed");
}
