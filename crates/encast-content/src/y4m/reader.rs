//! Frames of a Y4M stream, one at a time; only the luma is kept.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use super::Y4mHeader;
use crate::{Analyzer, ContentError, FrameComplexity, Luma};

const MAGIC: &[u8] = b"YUV4MPEG2";
/// Longest first line, bytes.
const LONGEST_HEADER: u64 = 4096;
/// Longest line before a frame, bytes.
const LONGEST_FRAME_HEADER: u64 = 1024;
/// Bytes read ahead.
const BUFFER: usize = 1 << 18;

/// Memory for luma grows in steps of at least so many bytes, as they arrive.
const STEP: usize = 1 << 20;

/// Reads a Y4M stream. Memory: the luma of one frame (of two when threads share the analysis), and what is read ahead; it
/// grows with the bytes that arrive, not with what a header claims.
pub struct Y4mReader<R> {
    stream: Stream<R>,
    /// The luma of the latest frame.
    luma: Frame,
}

/// A stream behind its first line.
struct Stream<R> {
    input: BufReader<R>,
    header: Y4mHeader,
    /// Passes over bytes; says how many there were.
    skip: fn(&mut Stream<R>, u64) -> io::Result<u64>,
    /// Length of the stream in bytes, where bytes are passed over by seeking.
    length: u64,
    /// Bytes of a part of a frame with 16-bit samples.
    part: Vec<u8>,
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

impl Frame {
    fn empty(bit_depth: u8) -> Frame {
        if bit_depth == 8 { Frame::Eight(Vec::new()) } else { Frame::Sixteen(Vec::new()) }
    }

    fn luma(&self, stride: usize) -> Luma<'_> {
        match self {
            Frame::Eight(samples) => Luma::Eight { samples, stride },
            Frame::Sixteen(samples) => Luma::Sixteen { samples, stride },
        }
    }
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
        let stream = Stream {
            input,
            header,
            skip: Stream::skip_reading,
            length: 0,
            part: Vec::new(),
            frame: 0,
            at,
            done: false,
        };
        Ok(Y4mReader { stream, luma: Frame::empty(header.bit_depth) })
    }

    /// What the first line said.
    pub fn header(&self) -> &Y4mHeader {
        &self.stream.header
    }

    /// An analyzer for the frames of this stream.
    pub fn analyzer(&self) -> Result<Analyzer, ContentError> {
        let header = self.header();
        Analyzer::new(header.width, header.height, header.bit_depth, header.frame_rate)
    }

    /// The next frame, `None` behind the last. After an error there is no further frame.
    pub fn next_luma(&mut self) -> Result<Option<Luma<'_>>, ContentError> {
        let there = self.stream.next(&mut self.luma)?;
        Ok(there.then(|| self.luma.luma(self.stream.header.width)))
    }

    /// Analyses all frames that are left. An error names the frame. Where threads share the analysis, the next frame is
    /// read meanwhile.
    pub fn analyze(&mut self, analyzer: &mut Analyzer) -> Result<(), ContentError> {
        self.analyze_each(analyzer, |_| ())
    }

    /// As [`analyze`](Self::analyze), and gives each frame's complexity.
    pub fn analyze_each(
        &mut self,
        analyzer: &mut Analyzer,
        mut each: impl FnMut(&FrameComplexity),
    ) -> Result<(), ContentError> {
        let Y4mReader { stream, luma } = self;
        let stride = stream.header.width;
        if !analyzer.is_shared() {
            while stream.next(luma)? {
                each(&analyzer.push(&luma.luma(stride))?);
            }
            return Ok(());
        }
        let mut ahead = Frame::empty(stream.header.bit_depth);
        let mut there = stream.next(luma)?;
        while there {
            let mut next = Ok(false);
            each(&analyzer.push_beside(&luma.luma(stride), &mut || next = stream.next(&mut ahead))?);
            there = next?;
            std::mem::swap(luma, &mut ahead);
        }
        Ok(())
    }
}

impl<R: Read + Seek> Y4mReader<R> {
    /// As [`Y4mReader::new`], of something that can seek, as a file: what is not luma is not read.
    pub fn seekable(mut input: R) -> Result<Y4mReader<R>, ContentError> {
        let failed = |source| read(0, source);
        let start = input.stream_position().map_err(failed)?;
        let end = input.seek(SeekFrom::End(0)).map_err(failed)?;
        input.seek(SeekFrom::Start(start)).map_err(failed)?;
        let mut reader = Y4mReader::new(input)?;
        reader.stream.length = end.saturating_sub(start);
        reader.stream.skip = Stream::skip_seeking;
        Ok(reader)
    }
}

impl<R: Read> Stream<R> {
    /// Reads the luma of the next frame; false behind the last.
    fn next(&mut self, to: &mut Frame) -> Result<bool, ContentError> {
        if self.done {
            return Ok(false);
        }
        self.done = true;
        if !self.frame_header()? {
            return Ok(false);
        }
        let header = self.header;
        let (frame, byte) = (self.frame, self.at);
        let samples = header.width * header.height;
        let luma = samples as u64 * header.bytes_per_sample();
        let others = header.other_samples * header.bytes_per_sample();
        let got = match to {
            Frame::Eight(to) => fill(&mut self.input, to, samples),
            Frame::Sixteen(to) => fill_words(&mut self.input, &mut self.part, to, samples),
        };
        let mut got = got.map_err(|source| read(frame, source))?;
        self.at += got;
        if got == luma {
            let skipped = (self.skip)(self, others).map_err(|source| read(frame, source))?;
            got += skipped;
            self.at += skipped;
        }
        if got < luma + others {
            return Err(ContentError::Truncated { frame, byte, got, needed: luma + others });
        }
        self.frame += 1;
        self.done = false;
        Ok(true)
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

    fn skip_reading(&mut self, count: u64) -> io::Result<u64> {
        skip(&mut self.input, count)
    }
}

impl<R: Read + Seek> Stream<R> {
    fn skip_seeking(&mut self, count: u64) -> io::Result<u64> {
        let count = count.min(self.length.saturating_sub(self.at));
        self.input.seek_relative(count as i64)?;
        Ok(count)
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

/// Reads until the slice is full or the input ends; says how far it came.
fn read_full(input: &mut impl Read, to: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < to.len() {
        match input.read(&mut to[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Makes room for more samples, at most twice what there is.
fn grow<T: Clone + Default>(to: &mut Vec<T>, filled: usize, count: usize) {
    if to.len() == filled {
        let length = (2 * filled).max(STEP / size_of::<T>()).min(count);
        to.reserve_exact(length - filled);
        to.resize(length, T::default());
    }
}

/// Reads samples of one byte; returns how many bytes there were.
fn fill(input: &mut impl Read, to: &mut Vec<u8>, count: usize) -> io::Result<u64> {
    let mut filled = 0;
    while filled < count {
        grow(to, filled, count);
        let here = read_full(input, &mut to[filled..])?;
        filled += here;
        if filled < to.len() {
            break;
        }
    }
    Ok(filled as u64)
}

/// Reads samples of two bytes part by part; returns how many bytes there were.
fn fill_words(input: &mut impl Read, part: &mut Vec<u8>, to: &mut Vec<u16>, count: usize) -> io::Result<u64> {
    part.resize(BUFFER, 0);
    let (mut filled, mut bytes) = (0, 0);
    while filled < count {
        grow(to, filled, count);
        let to = &mut to[filled..];
        let part = &mut part[..BUFFER.min(2 * to.len())];
        let here = read_full(input, part)?;
        for (sample, pair) in to.iter_mut().zip(part[..here].chunks_exact(2)) {
            *sample = u16::from_le_bytes([pair[0], pair[1]]);
        }
        (filled, bytes) = (filled + here / 2, bytes + here as u64);
        if here < part.len() {
            break;
        }
    }
    Ok(bytes)
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
