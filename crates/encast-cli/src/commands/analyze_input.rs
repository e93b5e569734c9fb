//! Where the frames of a clip come from: Y4M as it is, anything else through ffmpeg.

use std::{
    env,
    fs::File,
    io::{self, Read},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread::{self, JoinHandle},
};

use encast_content::{ContentError, Segmentation, Summary, Y4mReader};

use crate::failure::Failure;

const MAGIC: &[u8] = b"YUV4MPEG2";
/// Of what ffmpeg says, the end is kept: bytes.
const LONGEST_COMPLAINT: usize = 4096;

/// How to analyse.
pub struct How {
    pub by: Option<Segmentation>,
    pub threads: usize,
}

/// Analyses one clip; `-` is Y4M from standard input.
pub fn analyze(path: &Path, how: &How) -> Result<Summary, Failure> {
    let bad = |error: ContentError| Failure::of_file(path, error);
    if path == Path::new("-") {
        return stream(io::stdin().lock(), how).map_err(bad);
    }
    let mut file = File::open(path).map_err(|error| Failure::of_file(path, error))?;
    let about = file.metadata().map_err(|error| Failure::of_file(path, error))?;
    if about.is_dir() {
        return Err(Failure::of_file(path, "is a folder"));
    }
    if about.is_file() && about.len() == 0 {
        return Err(Failure::of_file(path, "is empty"));
    }
    let mut start = Vec::new();
    let most = MAGIC.len() as u64;
    (&mut file).take(most).read_to_end(&mut start).map_err(|error| Failure::of_file(path, error))?;
    if start.starts_with(MAGIC) || !about.is_file() {
        return stream(start.chain(file), how).map_err(bad);
    }
    decode(path, how)
}

fn stream(input: impl Read, how: &How) -> Result<Summary, ContentError> {
    let mut reader = Y4mReader::new(input)?;
    let mut analyzer = reader.analyzer()?.threads(how.threads);
    if let Some(by) = how.by {
        analyzer = analyzer.segments(by)?;
    }
    reader.analyze(&mut analyzer)?;
    analyzer.finish()
}

/// Ends ffmpeg when the analysis ends early.
struct Decoder(Child);

impl Drop for Decoder {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn decode(path: &Path, how: &How) -> Result<Summary, Failure> {
    let program = env::var_os("ENCAST_FFMPEG").unwrap_or_else(|| "ffmpeg".into());
    // A path is never read as an option or a protocol.
    let input = std::path::absolute(path).map_err(|error| Failure::of_file(path, error))?;
    let mut source = std::ffi::OsString::from("file:");
    source.push(&input);
    let child = Command::new(&program)
        .args(["-hide_banner", "-nostdin", "-loglevel", "error", "-i"])
        .arg(&source)
        .args(["-map", "0:v:0", "-an", "-sn", "-dn", "-fps_mode", "passthrough"])
        .args(["-f", "yuv4mpegpipe", "-strict", "-1", "-"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(&program, path, &error))?;
    let mut decoder = Decoder(child);
    let (Some(frames), Some(complaints)) = (decoder.0.stdout.take(), decoder.0.stderr.take()) else {
        return Err(Failure::of_file(path, "ffmpeg has no output"));
    };
    let complaints = listen(complaints);
    let analysed = stream(frames, how);
    if matches!(&analysed, Err(error) if !matches!(error, ContentError::Empty | ContentError::Truncated { .. })) {
        // It would go on writing to nobody.
        let _ = decoder.0.kill();
    }
    let status = decoder.0.wait().map_err(|error| Failure::of_file(path, error))?;
    let said = complaints.join().unwrap_or_default();
    match analysed {
        Ok(summary) if status.success() && said.is_empty() => Ok(summary),
        Ok(_) => Err(Failure::of_file(path, format!("ffmpeg could not decode all of it: {}", last_line(&said)))),
        Err(ContentError::Empty) => {
            Err(Failure::of_file(path, format!("ffmpeg found no video in it: {}", last_line(&said))))
        }
        Err(error) if said.is_empty() => Err(Failure::of_file(path, error)),
        Err(error) => Err(Failure::of_file(path, format!("{error}; ffmpeg: {}", last_line(&said)))),
    }
}

fn not_started(program: &std::ffi::OsStr, path: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::NotFound {
        let program = program.display();
        let what = format!(
            "is not Y4M, and {program} to decode it is not installed: apt-get install ffmpeg (Debian, Ubuntu), \
             brew install ffmpeg (macOS), or name one by ENCAST_FFMPEG"
        );
        return Failure::of_file(path, what);
    }
    Failure::of_file(path, format!("{}: {error}", program.display()))
}

/// Reads what ffmpeg complains of beside its frames, so that neither waits for the other.
fn listen(mut from: ChildStderr) -> JoinHandle<String> {
    thread::spawn(move || {
        let (mut kept, mut part) = (Vec::new(), [0_u8; 4096]);
        while let Ok(count @ 1..) = from.read(&mut part) {
            kept.extend_from_slice(&part[..count]);
            let over = kept.len().saturating_sub(LONGEST_COMPLAINT);
            kept.drain(..over);
        }
        String::from_utf8_lossy(&kept).trim().to_owned()
    })
}

fn last_line(said: &str) -> &str {
    said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it did not say why")
}
