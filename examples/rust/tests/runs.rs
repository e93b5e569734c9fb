//! The example runs to its end and says what it promises.
#![allow(clippy::unwrap_used)]

use std::process::Command;

#[test]
fn the_example_runs() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_encast-example")).arg(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["vmaf", "cost_usd", "confidence", "VMAF 90 ", "trained my-model-1"] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert!(folder.path().join("my-model.encast").exists());
}
