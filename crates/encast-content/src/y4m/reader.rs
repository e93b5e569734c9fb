//! Frames of a Y4M stream, one at a time; only the luma is kept.

use std::io::{self, BufRead, BufReader, Read};

use super::Y4mHeader;
use crate::{Analyzer, ContentError, Luma};

const MAGIC: &[u8] = b"YUV4MPEG2";
/// Longest first line, bytes.
const LONGEST_HEADER: u64 = 4096;
/// Longest line before a frame, bytes.
const LONGEST_FRAME_HEADER: u64 = 1024;
/// Bytes read ahead.
const BUFFER: usize = 1 << 18;

/// Reads a Y4M stream. Memory: the luma of one frame, and what is read ahead; it grows with the bytes that arrive, not
/// with what a header claims.
pub struct Y4mReader<R> {
    input: BufReader<R>,
    header: Y4mHeader,
    bytes: Vec<u8>,
    samples: Vec<u16>,
    frame: u64,
    at: u64,
    done: bool,
}

/// The luma of one frame, as [`Iterator`] gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// 8 bits per sample, row by row without gaps.
    Eight(Vec<u8>),
    /// 9 to 12 bits per sample.
    Sixteen(Vec<u16>),
}

impl<R: Read> Y4mReader<R> {
    /// Reads the header. Fails when it is not Y4M, is interlaced, or has a size or depth that can't be analysed.
    pub fn new(input: R) -> Result<Y4mReader<R>, ContentError> {
        let mut input = BufReader::with_capacity(BUFFER, input);
        let mut line = Vec::new();
        let at = read_line(&mut input, LONGEST_HEADER, &mut line).map_err(|source| read(0, source))?;
        if at == 0 {
            return Err(ContentError::Empty);
        }
        if !line.starts_with(MAGIC) {
            return Err(ContentError::NotY4m);
        }
        if line.pop() != Some(b'\n') {
            let what = format!("does not end within {} bytes, at most {LONGEST_HEADER}", line.len() + 1);
            return Err(ContentError::Header { what });
        }
        let header = Y4mHeader::parse(&line)?;
        Ok(Y4mReader { input, header, bytes: Vec::new(), samples: Vec::new(), frame: 0, at, done: false })
    }

    /// What the first line said.
    pub fn header(&self) -> &Y4mHeader {
        &self.header
    }

    /// An analyzer for the frames of this stream.
    pub fn analyzer(&self) -> Result<Analyzer, ContentError> {
        let header = &self.header;
        Analyzer::new(header.width, header.height, header.bit_depth, header.frame_rate)
    }

    /// The next frame, `None` behind the last. After an error there is no further frame.
    pub fn next_luma(&mut self) -> Result<Option<Luma<'_>>, ContentError> {
        if self.done {
            return Ok(None);
        }
        self.done = true;
        if !self.frame_header()? {
            return Ok(None);
        }
        let header = &self.header;
        let (frame, byte) = (self.frame, self.at);
        let luma = (header.width * header.height) as u64 * header.bytes_per_sample();
        let others = header.other_samples * header.bytes_per_sample();
        self.bytes.clear();
        let got = (&mut self.input).take(luma).read_to_end(&mut self.bytes).map_err(|source| read(frame, source))?;
        let rest = if got as u64 == luma { skip(&mut self.input, others) } else { Ok(0) };
        let got = got as u64 + rest.map_err(|source| read(frame, source))?;
        if got < luma + others {
            return Err(ContentError::Truncated { frame, byte, got, needed: luma + others });
        }
        self.at += got;
        self.frame += 1;
        self.done = false;
        let stride = header.width;
        if header.bit_depth == 8 {
            return Ok(Some(Luma::Eight { samples: &self.bytes, stride }));
        }
        self.samples.clear();
        self.samples.extend(self.bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])));
        Ok(Some(Luma::Sixteen { samples: &self.samples, stride }))
    }

    /// Reads the line before a frame; false at the end of the stream.
    fn frame_header(&mut self) -> Result<bool, ContentError> {
        let (frame, byte) = (self.frame, self.at);
        let mut line = Vec::new();
        let read = read_line(&mut self.input, LONGEST_FRAME_HEADER, &mut line).map_err(|source| read(frame, source))?;
        if read == 0 {
            return Ok(false);
        }
        self.at += read;
        let bad = |what| Err(ContentError::FrameHeader { frame, byte, what });
        let rest = match line.strip_prefix(b"FRAME") {
            Some(rest) => rest,
            None if b"FRAME".starts_with(&line) => return bad("the stream ends within the word FRAME"),
            None => return bad("does not start with FRAME"),
        };
        match (rest.first(), rest.last()) {
            (Some(b'\n'), _) => Ok(true),
            (Some(b' '), Some(b'\n')) => Ok(true),
            (Some(b' '), _) => bad("its parameters don't end within 1024 bytes"),
            (None, _) => bad("the stream ends behind the word FRAME"),
            _ => bad("does not start with FRAME"),
        }
    }

    /// Analyses all frames that are left. An error names the frame.
    pub fn analyze(&mut self, analyzer: &mut Analyzer) -> Result<(), ContentError> {
        while let Some(luma) = self.next_luma()? {
            analyzer.push(&luma)?;
        }
        Ok(())
    }
}

impl<R: Read> Iterator for Y4mReader<R> {
    type Item = Result<Frame, ContentError>;

    fn next(&mut self) -> Option<Result<Frame, ContentError>> {
        let frame = self.next_luma().transpose()?;
        Some(frame.map(|luma| match luma {
            Luma::Eight { samples, .. } => Frame::Eight(samples.to_vec()),
            Luma::Sixteen { samples, .. } => Frame::Sixteen(samples.to_vec()),
        }))
    }
}

fn read(frame: u64, source: io::Error) -> ContentError {
    ContentError::Read { frame, source }
}

/// Reads up to and with the end of the line, at most `longest` bytes.
fn read_line(input: &mut impl BufRead, longest: u64, line: &mut Vec<u8>) -> io::Result<u64> {
    Ok(input.take(longest).read_until(b'\n', line)? as u64)
}

/// Skips bytes; says how many there were.
fn skip(input: &mut impl BufRead, count: u64) -> io::Result<u64> {
    let mut left = count;
    while left > 0 {
        let here = match input.fill_buf() {
            Ok(bytes) => bytes.len() as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if here == 0 {
            break;
        }
        let step = here.min(left);
        input.consume(step as usize);
        left -= step;
    }
    Ok(count - left)
}
