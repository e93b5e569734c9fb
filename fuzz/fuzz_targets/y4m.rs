//! Any bytes as a Y4M stream: reading never panics, seeking past chroma changes nothing, and what is read is analysed to
//! the same figures by every set of instructions and by two threads.
#![no_main]

use std::io::{Cursor, Read};

use encast_content::{Analyzer, ContentError, Instructions, Summary, Y4mReader};
use libfuzzer_sys::fuzz_target;

/// Largest frame that is analysed, samples: larger ones only cost time.
const LARGEST: usize = 1 << 16;

fn analyze<R: Read>(
    reader: Result<Y4mReader<R>, ContentError>,
    with: impl FnOnce(Analyzer) -> Analyzer,
) -> Result<Summary, ContentError> {
    let mut reader = reader?;
    if reader.header().width * reader.header().height > LARGEST {
        while reader.next_luma()?.is_some() {}
        return Err(ContentError::NoFrame);
    }
    let mut analyzer = with(reader.analyzer()?);
    reader.analyze(&mut analyzer)?;
    analyzer.finish()
}

fuzz_target!(|bytes: &[u8]| {
    let first = format!("{:?}", analyze(Y4mReader::new(bytes), |analyzer| analyzer));
    for instructions in Instructions::available() {
        let other = analyze(Y4mReader::seekable(Cursor::new(bytes)), |analyzer| analyzer.instructions(instructions));
        assert_eq!(first, format!("{other:?}"));
    }
    // Threads cost more than all the rest: for some inputs only.
    if bytes.len() % 16 == 0 {
        assert_eq!(first, format!("{:?}", analyze(Y4mReader::new(bytes), |analyzer| analyzer.threads(2))));
    }
});
