//! Man pages and completions: one page a subcommand that `--help` lists, and completions that know all of them.

use crate::common::{folder, run};

#[test]
fn every_listed_subcommand_has_a_page_and_is_completed() {
    let folder = folder();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    run(&["pages", folder.path().to_str().unwrap()]).done();
    let help = run(&["--help"]).done().out;
    let listed = help.split("Commands:").nth(1).unwrap().split("\n\n").next().unwrap();
    let subcommands: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(subcommands.contains(&"predict") && !subcommands.contains(&"pages"), "{subcommands:?}");
    let (main, completions) = (read("encast.1"), ["encast.bash", "_encast", "encast.fish"].map(&read));
    for subcommand in subcommands.into_iter().filter(|name| *name != "help") {
        let page = read(&format!("encast-{subcommand}.1"));
        assert!(page.contains(".SH SYNOPSIS") && page.contains(".SH OPTIONS"), "{page}");
        assert!(main.replace('\\', "").contains(&format!("encast-{subcommand}(1)")), "{main}");
        assert!(completions.iter().all(|text| text.contains(subcommand)), "{subcommand} is not completed");
    }
    assert!(!folder.path().join("encast-pages.1").exists() && !folder.path().join("encast-help.1").exists());
    assert!(read("encast-predict.1").replace('\\', "").contains("--bitrate"));
    run(&["pages", "/not/there"]).is_bad(&["/not/there"]);
}
