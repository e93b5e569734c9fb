//! `encast pages`: man pages and shell completions from the definitions of the arguments, for packages.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap_complete::Shell;

use crate::failure::{Failure, Outcome, Verdict};

/// Write man pages and shell completions into a folder
#[derive(clap::Args)]
pub struct Args {
    /// An existing folder for encast.1, encast-SUBCOMMAND.1, encast.bash, _encast (zsh) and encast.fish
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// `command` is the whole of `encast`, which the page of each subcommand and the completions are made of.
pub fn run(args: &Args, command: clap::Command) -> Outcome {
    write(&args.folder, command).map_err(|error| Failure::of_file(&args.folder, error))?;
    Ok(Verdict::Done)
}

fn write(folder: &Path, mut command: clap::Command) -> io::Result<()> {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "encast", folder)?;
    }
    command.build();
    page(folder, "encast", &command)?;
    for subcommand in command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help") {
        page(folder, &format!("encast-{}", subcommand.get_name()), subcommand)?;
    }
    Ok(())
}

fn page(folder: &Path, name: &str, command: &clap::Command) -> io::Result<()> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .date("")
        .source(format!("encast {}", env!("CARGO_PKG_VERSION")))
        .render(&mut text)?;
    fs::write(folder.join(format!("{name}.1")), text)
}
