//! Y4M streams, good and bad.
#![allow(clippy::unwrap_used)]

use std::io::{Cursor, Read};

use encast_content::{ContentError, Frame, Y4mReader};
use proptest::prelude::*;

fn stream(header: &str, frames: &[(&str, usize)]) -> Vec<u8> {
    let mut bytes = format!("YUV4MPEG2 {header}\n").into_bytes();
    for (n, (line, size)) in frames.iter().enumerate() {
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend((0..*size).map(|i| if i % 2 == 0 { n as u8 + 1 } else { 0 }));
    }
    bytes
}

/// Frames read, and the error if there is one.
fn outcome(bytes: &[u8]) -> (usize, Option<String>) {
    let read = read_all(Y4mReader::new(bytes));
    // Seeking past what is not luma changes nothing, wherever the stream starts.
    assert_eq!(read, read_all(Y4mReader::seekable(Cursor::new(bytes))));
    let mut behind = Cursor::new([b"before", bytes].concat());
    behind.set_position(6);
    assert_eq!(read, read_all(Y4mReader::seekable(behind)));
    read
}

fn read_all<R: Read>(reader: Result<Y4mReader<R>, ContentError>) -> (usize, Option<String>) {
    let reader = match reader {
        Ok(reader) => reader,
        Err(error) => return (0, Some(error.to_string())),
    };
    let mut read = 0;
    for frame in reader {
        match frame {
            Ok(_) => read += 1,
            Err(error) => return (read, Some(error.to_string())),
        }
    }
    (read, None)
}

#[test]
fn every_layout_is_read() {
    // 7 × 5 samples of luma.
    for (colour, bytes) in [
        ("", 35 + 2 * 12),
        (" C420jpeg XYSCSS=420JPEG", 59),
        (" C420mpeg2", 59),
        (" C420paldv", 59),
        (" C420", 59),
        (" C420p10 XCOLORRANGE=LIMITED", 118),
        (" C420p12", 118),
        (" C422", 35 + 2 * 20),
        (" C422p10", 150),
        (" C444", 105),
        (" C444alpha", 140),
        (" C444p12", 210),
        (" C411", 35 + 2 * 10),
        (" C440", 35 + 2 * 21),
        (" Cmono", 35),
        (" Cmono10", 70),
        (" Cmono9", 70),
    ] {
        let header = format!("W7 H5 F30000:1001 Ip A1:1{colour}");
        let stream = stream(&header, &[("FRAME\n", bytes), ("FRAME Ippp XABC\n", bytes)]);
        assert_eq!(outcome(&stream), (2, None), "{colour}");
        let mut reader = Y4mReader::new(&stream[..]).unwrap();
        assert_eq!((reader.header().width, reader.header().height), (7, 5));
        assert!((reader.header().frame_rate.unwrap() - 29.97).abs() < 0.001);
        match reader.nth(1).unwrap().unwrap() {
            Frame::Eight(samples) => assert_eq!((samples.len(), samples[0]), (35, 2)),
            Frame::Sixteen(samples) => assert_eq!((samples.len(), samples[0]), (35, 2)),
        }
    }
    let unknown_rate = stream("W7 H5 F0:0", &[]);
    assert_eq!(Y4mReader::new(&unknown_rate[..]).unwrap().header().frame_rate, None);
}

#[test]
fn what_is_wrong_is_said_with_its_frame() {
    let two = stream("W4 H4 F1:1 Cmono", &[("FRAME\n", 16), ("FRAME\n", 16)]);
    let cut = |length: usize| two[..length].to_vec();
    let first = "YUV4MPEG2 W4 H4 F1:1 Cmono\n".len();
    let mut wrong_word = two.clone();
    wrong_word[first + 22] = b'X';
    let long = [&b"YUV4MPEG2 X"[..], &[b'a'; 1 << 20]].concat();
    let long_frame = [&two[..first], b"FRAME ", &[b'a'; 1 << 16]].concat();
    for (bytes, frames, text) in [
        (vec![], 0, "is empty"),
        (b"RIFF\0\0\0\0".to_vec(), 0, "is not Y4M"),
        (vec![0; 1 << 20], 0, "is not Y4M"),
        (b"YUV4MPEG2 W4 H4".to_vec(), 0, "does not end"),
        (long, 0, "at most 4096"),
        (long_frame, 0, "frame 0 (byte 27): its parameters"),
        (cut(first + 10), 0, "frame 0 (byte 33): truncated: 4 of 16 bytes"),
        (cut(first + 22 + 6), 1, "frame 1 (byte 55): truncated: 0 of 16"),
        (cut(first + 22 + 3), 1, "frame 1 (byte 49): the stream ends within the word FRAME"),
        (wrong_word, 1, "frame 1 (byte 49): does not start with FRAME"),
        (stream("H4 F1:1", &[]), 0, "no width"),
        (stream("W4 F1:1", &[]), 0, "no height"),
        (stream("W-4 H4", &[]), 0, "W-4: not a whole number"),
        (stream("W99999999999999999999 H4", &[]), 0, "not a whole number"),
        (stream("W99999 H4", &[]), 0, "width is 99999, must be 3 to 16384"),
        (stream("W4 H1", &[]), 0, "height is 1"),
        (stream("W4 H4 F25", &[]), 0, "F25: not a ratio"),
        (stream("W4 H4 It", &[]), 0, "It: interlaced"),
        (stream("W4 H4 Im", &[]), 0, "interlaced"),
        (stream("W4 H4 C420p16", &[]), 0, "bit_depth is 16, must be 8 to 12"),
        (stream("W4 H4 C999", &[]), 0, "C999: unknown"),
        (stream("W4 H4 Cé", &[]), 0, "unknown"),
        (stream("W4 H4 C420p", &[]), 0, "unknown"),
    ] {
        let (read, error) = outcome(&bytes);
        let error = error.unwrap_or_else(|| panic!("no error, but: {text}"));
        assert!(read == frames && error.contains(text), "{read} frames, {error}; due: {frames}, {text}");
    }
    // A large claim takes no memory.
    let claim = stream("W8192 H8192 C444p12", &[("FRAME\n", 10)]);
    assert!(outcome(&claim).1.unwrap().contains("truncated: 10 of 402653184 bytes"));
    let mut after = Y4mReader::new(&two[..first + 10]).unwrap();
    assert!(matches!(after.next(), Some(Err(ContentError::Truncated { .. }))));
    assert!(after.next().is_none(), "nothing behind an error");
}

#[test]
fn a_reader_feeds_an_analyzer() {
    let bytes = stream("W4 H4 F2:1 C420p10", &[("FRAME\n", 48), ("FRAME\n", 48), ("FRAME\n", 48)]);
    let mut reader = Y4mReader::new(&bytes[..]).unwrap();
    let mut analyzer = reader.analyzer().unwrap();
    reader.analyze(&mut analyzer).unwrap();
    let summary = analyzer.finish().unwrap();
    assert_eq!((summary.clip.frames, summary.clip.duration_s, summary.bit_depth), (3, Some(1.5), 10));
}

#[test]
fn reading_ahead_changes_nothing() {
    let whole = stream("W40 H70 F25:1 C422p10", &[("FRAME\n", 40 * 70 * 4); 5]);
    for length in [whole.len(), whole.len() - 1, whole.len() - 40 * 70 * 4, whole.len() - 40 * 70 * 4 - 6] {
        let analyze = |threads: usize| {
            let mut reader = Y4mReader::new(&whole[..length]).unwrap();
            let mut analyzer = reader.analyzer().unwrap().threads(threads);
            let read = reader.analyze(&mut analyzer).map_err(|error| error.to_string());
            (read, format!("{:?}", analyzer.finish()))
        };
        let (read, _) = analyze(1);
        assert_eq!(read.is_ok(), length == whole.len() || length + 40 * 70 * 4 + 6 == whole.len(), "{length}");
        assert_eq!(analyze(1), analyze(2), "{length}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), valid in any::<bool>()) {
        let start: &[u8] = if valid { b"YUV4MPEG2 W4 H4 F1:1\nFRAME\n" } else { b"YUV4MPEG2 " };
        outcome(&[start, &bytes].concat());
        outcome(&bytes);
    }
}
