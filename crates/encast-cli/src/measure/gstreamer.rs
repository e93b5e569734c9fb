//! The second engine: the same encode through a pipeline of GStreamer, run by `gst-launch-1.0`.

use std::{fs, path::Path, process::Command, time::Duration};

use super::{
    encode::{ENCODE, Encoding},
    encoders::{EncoderSpec, RateControl},
    engine::Engine,
    grid::Encode,
    process::{Children, ProcessError},
    source::Source,
};

/// No trial takes longer; the first one after an installation looks at every plugin.
const TRIAL: Duration = Duration::from_secs(120);
/// Program that runs pipelines.
const PROGRAM: &str = "gst-launch-1.0";
/// How to get it, with every element that is used, on Debian and its kin.
const INSTALL: &str = "apt-get install gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
                       gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly";
/// Bits per sample that `y4mdec` reads.
pub const BIT_DEPTH: u8 = 8;

/// Checks what only this engine can't do. `at` names the entry of the grid, `drops` are the frame drops that hold for it.
pub fn check(encoder: &EncoderSpec, encode: &Encode, drops: &[f64], at: &str) -> Result<(), String> {
    if let Some(drop) = drops.iter().find(|&&drop| drop > 0.0) {
        return Err(format!(
            "{at}.frame_drop = {drop}: gstreamer has no element that drops frames by their number; must be 0 for this \
             engine"
        ));
    }
    // `quantizer` is a whole number, and wins over whatever `option-string` says.
    let refused = |crf: &&f64| !((0.0..=50.0).contains(*crf) && crf.fract() == 0.0);
    if encoder.name == "libx264"
        && let Some(crf) = encode.crf.iter().find(refused)
    {
        return Err(format!("{at}.crf = {crf}: must be a whole number from 0 to 50 for x264enc"));
    }
    Ok(())
}

/// The command of one encode, to be run in the working folder.
pub fn command(encoding: &Encoding<'_>, source: &Source) -> Command {
    pipeline(encoding, &source.file, (source.info.width, source.info.height))
}

fn pipeline(encoding: &Encoding<'_>, file: &Path, size: (usize, usize)) -> Command {
    let mut command = Command::new(PROGRAM);
    // Whoever debugs GStreamer elsewhere does not want to measure that.
    // A crash is an end, and not a wait for a debugger.
    command.env_remove("GST_DEBUG").args(["--quiet", "--no-fault"]);
    command.args(["filesrc", &format!("location={}", quoted(file)), &format!("blocksize={}", block(size))]);
    command.args(["!", "y4mdec", "!"]);
    if encoding.size != size {
        // Catmull-Rom is the cubic with B = 0 and C = 0.5; FFmpeg's bicubic has B = 0 and C = 0.6.
        command.args(["videoscale", "method=catrom", "add-borders=false"]);
        command.arg(format!("n-threads={}", encoding.threads)).arg("!");
        command.arg(format!("video/x-raw,width={},height={}", encoding.size.0, encoding.size.1)).arg("!");
    }
    command.args(encoder(encoding)).args(["!", "matroskamux", "!", "filesink", &format!("location={ENCODE}")]);
    command
}

/// The encoder and its parser. Where an element's own defaults differ from those of its library, the library's are set.
fn encoder(encoding: &Encoding<'_>) -> Vec<String> {
    let Encoding { preset, threads, gop, rate, .. } = encoding;
    let mut words: Vec<String> = Vec::new();
    if encoding.encoder.name == "libx265" {
        let pools = if *threads == 1 { "none".to_owned() } else { threads.to_string() };
        let frames = threads.min(&16);
        let rate = match rate {
            RateControl::Crf(crf) => format!("crf={crf}"),
            RateControl::Abr(kbps) | RateControl::AbrTwoPass(kbps) => format!("bitrate={kbps}"),
        };
        // The element tunes for SSIM unless told not to, and has no property for constant quality: its `qp` is a
        // constant quantizer. The list of options, 2 kB of text, would stand in the stream, where FFmpeg's encodes
        // have it in the container.
        words.extend(["x265enc", "tune=0", "log-level=info"].map(str::to_owned));
        words.push(format!(
            "option-string={rate}:pools={pools}:frame-threads={frames}:keyint={gop}:min-keyint=1:info=0:log-level=info"
        ));
    } else {
        // Without a buffer to keep to: the element otherwise caps every rate control, constant quality too, at `bitrate`.
        // And without the delimiters between pictures, which FFmpeg's encodes don't have.
        words.extend(["x264enc", "vbv-buf-capacity=0", "aud=false"].map(str::to_owned));
        words.push(format!("threads={threads}"));
        match rate {
            RateControl::Crf(crf) => words.extend(["pass=qual".to_owned(), format!("quantizer={crf}")]),
            RateControl::Abr(kbps) | RateControl::AbrTwoPass(kbps) => {
                // Called constant, but without a buffer it is the library's average bitrate.
                words.extend(["pass=cbr".to_owned(), format!("bitrate={kbps}")]);
            }
        }
    }
    words.extend([format!("speed-preset={preset}"), format!("key-int-max={gop}"), "!".to_owned()]);
    words.push(if encoding.encoder.name == "libx265" { "h265parse" } else { "h264parse" }.to_owned());
    words
}

/// Bytes to read at a time: more than the default of 4096, but less than a frame of the source. A frame that lies within
/// one block is handed on in place, at whatever address, and videoscale 1.22 crashes on it.
fn block((width, height): (usize, usize)) -> usize {
    (width * height * 3 / 4).min(1 << 18)
}

/// A path as the pipeline's language takes it.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\""))
}

/// Version of GStreamer, and of an encoder in it.
pub struct Versions {
    /// GStreamer's.
    pub engine: String,
    /// The encoder's.
    pub encoder: String,
}

/// Encodes a few frames with every element that a real encode needs. `folder` takes the files.
pub fn try_encoder(spec: &'static EncoderSpec, folder: &Path, children: &Children) -> Result<Versions, String> {
    let (width, height) = (320, 256);
    let source = folder.join("trial.y4m");
    let mut frames = format!("YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C420jpeg\n").into_bytes();
    for shade in 0..5_u8 {
        frames.extend_from_slice(b"FRAME\n");
        frames.resize(frames.len() + width * height * 3 / 2, 16 + 40 * shade);
    }
    fs::write(&source, frames).map_err(|error| format!("{}: {error}", source.display()))?;
    let encoding = Encoding {
        engine: Engine::Gstreamer,
        encoder: spec,
        preset: "ultrafast",
        rate: RateControl::Crf(30.0),
        size: (width / 2, height / 2),
        frame_drop: 0.0,
        selected: None,
        threads: 1,
        gop: 25,
    };
    let mut command = pipeline(&encoding, &source, (width, height));
    // Its first words, at this level, are its version: `--version` goes to standard output.
    command.current_dir(folder).env("GST_DEBUG", "GST_INIT:4").env("GST_DEBUG_NO_COLOR", "1");
    let tried = children.run(&mut command, TRIAL);
    let encode = folder.join(ENCODE);
    let stream = fs::read(&encode).unwrap_or_default();
    for file in [&source, &encode] {
        // Of no use any more, and the folder goes as a whole.
        let _ = fs::remove_file(file);
    }
    let finished = tried.map_err(|error| match error {
        ProcessError::Start(_, error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("{PROGRAM} is not installed: {INSTALL}")
        }
        ProcessError::Failed(_, _, said) if said.contains("no element") => format!("{said}: {INSTALL}"),
        other => other.to_string(),
    })?;
    // x265 tells its version, x264 writes it into its stream only.
    let encoder = spec.version_in(&finished.log).or_else(|| spec.version_in(&String::from_utf8_lossy(&stream)));
    let engine = finished.log.split_once("Core Library version ").map(|(_, rest)| rest);
    let engine = engine.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned();
    Ok(Versions { engine, encoder: encoder.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_pipeline() {
        assert_eq!(quoted(Path::new("/a b/\"c\"\\d!e")), r#""/a b/\"c\"\\d!e""#);
    }

    #[test]
    fn rates_are_told_as_each_element_takes_them() {
        let words = |name, rate| {
            let encoder = EncoderSpec::find(name).unwrap();
            let (engine, preset, size) = (Engine::Gstreamer, "slow", (64, 64));
            let encoding =
                Encoding { engine, encoder, preset, rate, size, frame_drop: 0.0, selected: None, threads: 2, gop: 48 };
            self::encoder(&encoding).join(" ")
        };
        assert_eq!(
            words("libx264", RateControl::Crf(23.0)),
            "x264enc vbv-buf-capacity=0 aud=false threads=2 pass=qual quantizer=23 speed-preset=slow key-int-max=48 ! h264parse"
        );
        assert!(words("libx264", RateControl::Abr(800.0)).contains(" pass=cbr bitrate=800 "));
        assert!(words("libx265", RateControl::Crf(23.5)).contains(" option-string=crf=23.5:pools=2:frame-threads=2:"));
        assert!(words("libx265", RateControl::Abr(800.0)).contains(" option-string=bitrate=800:"));
    }
}
