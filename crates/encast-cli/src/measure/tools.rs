//! The programs that are needed, where they are, and their versions.

use std::{collections::BTreeMap, env, ffi::OsString, fs, path::Path, process::Command, time::Duration};

use super::{
    encoders::EncoderSpec,
    engine::Engine,
    gstreamer,
    process::{Children, ProcessError},
};

/// No trial takes longer.
const TRIAL: Duration = Duration::from_secs(60);

/// FFmpeg, and what is known of it and of the machine.
pub struct Tools {
    /// Program.
    pub ffmpeg: OsString,
    /// Its version.
    pub ffmpeg_version: String,
    /// GStreamer's version, when it was asked for.
    pub gstreamer_version: Option<String>,
    /// Versions of encoders by name; each engine brings its own.
    pub encoder_versions: BTreeMap<(Engine, &'static str), String>,
    /// Encoders that don't work here, and why.
    pub missing: BTreeMap<(Engine, &'static str), String>,
    /// The processor's name.
    pub cpu_model: String,
    /// Cores of the machine.
    pub cpu_cores: usize,
    /// Name of the machine.
    pub host: String,
}

/// The program that `--ffmpeg` or `ENCAST_FFMPEG` names, or `ffmpeg`.
pub fn ffmpeg(named: Option<&Path>) -> OsString {
    named
        .map(|path| path.as_os_str().to_owned())
        .or_else(|| env::var_os("ENCAST_FFMPEG").filter(|name| !name.is_empty()))
        .unwrap_or_else(|| "ffmpeg".into())
}

impl Tools {
    /// Looks at FFmpeg: version, and whether it can score.
    pub fn find(named: Option<&Path>, host: Option<&str>, children: &Children) -> Result<Tools, String> {
        let ffmpeg = ffmpeg(named);
        let mut command = Command::new(&ffmpeg);
        // Prints its version on standard error, too, when it has no input; the filter is there or it is an error.
        command.args(["-hide_banner", "-nostdin", "-loglevel", "verbose", "-f", "lavfi", "-i"]);
        command.args(["testsrc2=size=128x96:rate=5:duration=1,split[a][b];[a][b]libvmaf", "-f", "null", "-"]);
        let shown = ffmpeg.to_string_lossy().into_owned();
        match children.run(&mut command, TRIAL) {
            Ok(_) => {}
            Err(ProcessError::Start(_, error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(format!(
                    "{shown} is not installed: an FFmpeg with libvmaf is needed (pip install imageio-ffmpeg has one), \
                     named by --ffmpeg or ENCAST_FFMPEG"
                ));
            }
            Err(error) => {
                return Err(format!(
                    "{shown} can't score with libvmaf: {error}; an FFmpeg with libvmaf is needed (pip install \
                     imageio-ffmpeg has one), named by --ffmpeg or ENCAST_FFMPEG"
                ));
            }
        }
        Tools::of(ffmpeg, host, children).map_err(|error| error.to_string())
    }

    /// Looks at FFmpeg's version alone, where nothing is scored.
    pub fn find_to_encode(named: Option<&Path>, children: &Children) -> Result<Tools, String> {
        let ffmpeg = ffmpeg(named);
        let shown = ffmpeg.to_string_lossy().into_owned();
        Tools::of(ffmpeg, None, children).map_err(|error| match error {
            ProcessError::Start(_, error) if error.kind() == std::io::ErrorKind::NotFound => {
                format!("{shown} is not installed (apt-get install ffmpeg), or name one by --ffmpeg or ENCAST_FFMPEG")
            }
            error => error.to_string(),
        })
    }

    fn of(ffmpeg: OsString, host: Option<&str>, children: &Children) -> Result<Tools, ProcessError> {
        Ok(Tools {
            ffmpeg_version: version(&ffmpeg, children)?,
            ffmpeg,
            gstreamer_version: None,
            encoder_versions: BTreeMap::new(),
            missing: BTreeMap::new(),
            cpu_model: cpu_model(),
            cpu_cores: std::thread::available_parallelism().map_or(1, usize::from),
            host: host.map_or_else(hostname, str::to_owned),
        })
    }

    /// Version of an engine.
    pub fn version_of(&self, engine: Engine) -> String {
        match engine {
            Engine::Ffmpeg => self.ffmpeg_version.clone(),
            Engine::Gstreamer => self.gstreamer_version.clone().unwrap_or_default(),
        }
    }

    /// Version of an encoder as an engine brings it, as far as it tells.
    pub fn encoder_version(&self, engine: Engine, encoder: &'static str) -> String {
        self.encoder_versions.get(&(engine, encoder)).cloned().unwrap_or_default()
    }

    /// Tries an encoder on a few frames, and notes its version or why it does not work. `folder` takes the trial.
    pub fn try_encoder(&mut self, engine: Engine, spec: &'static EncoderSpec, folder: &Path, children: &Children) {
        let key = (engine, spec.name);
        if self.encoder_versions.contains_key(&key) || self.missing.contains_key(&key) {
            return;
        }
        let tried = match engine {
            Engine::Ffmpeg => self.try_ffmpeg(spec, folder, children),
            Engine::Gstreamer => gstreamer::try_encoder(spec, folder, children).map(|versions| {
                self.gstreamer_version = Some(versions.engine);
                versions.encoder
            }),
        };
        match tried {
            Ok(version) => self.encoder_versions.insert(key, version),
            Err(why) => self.missing.insert(key, why),
        };
    }

    fn try_ffmpeg(&self, spec: &EncoderSpec, folder: &Path, children: &Children) -> Result<String, String> {
        let (before, filters) = spec.device();
        let mut command = Command::new(&self.ffmpeg);
        command.current_dir(folder).args(["-hide_banner", "-nostdin", "-y", "-loglevel", "verbose"]).args(before);
        command.args(["-f", "lavfi", "-i", "testsrc2=size=320x256:rate=5:duration=1"]);
        command.args(["-vf", &format!("format=yuv420p{filters}"), "-c:v", spec.name]).arg("trial.mkv");
        let tried = children.run(&mut command, TRIAL);
        // Of no use any more, and there only when the trial worked.
        let _ = fs::remove_file(folder.join("trial.mkv"));
        let finished = tried.map_err(|error| error.to_string())?;
        Ok(spec.version_in(&finished.log).unwrap_or_default())
    }
}

fn version(ffmpeg: &OsString, children: &Children) -> Result<String, ProcessError> {
    let mut command = Command::new(ffmpeg);
    // The banner goes to standard error when there is work.
    command.args(["-nostdin", "-f", "lavfi", "-i", "testsrc2=duration=0.1", "-f", "null", "-"]);
    let finished = children.run(&mut command, TRIAL)?;
    let words = finished.log.lines().find_map(|line| line.strip_prefix("ffmpeg version "));
    Ok(words.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned())
}

/// The processor's name; empty when the system does not tell.
pub fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    line.and_then(|rest| rest.split_once(':')).map(|(_, name)| name.trim().to_owned()).unwrap_or_default()
}

fn hostname() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned()).unwrap_or_default()
}
