//! Encode tables: every spelling read, every malformed one refused with file, line and field.

use std::io::Read;

use encast::*;

fn read(text: &str) -> Result<EncodeTable> {
    EncodeTable::from_reader(text.as_bytes(), "folder/t.csv")
}

const HEADER: &str = "title,resolution_width,resolution_height,bitrate_kbps,vmaf\n";

#[test]
fn columns_in_any_order_and_spelling() {
    let table = read(
        "\u{feff}psnr_db,fps,extra,title,height,width,bitrate_kbps,crf,codec,preset,vmaf_score,ti,co2_g,timestamp\n\
         40.5,29.97,x,a,1080,1920,4000,,hevc,slow,93.5,12,250,1\n\
         ,,,b,720,1280,,30,,,,,,\n",
    )
    .unwrap();
    assert_eq!(table.len(), 2);
    let (features, targets) = (&table.features[0], &table.targets[0]);
    assert_eq!((features.resolution_width, features.resolution_height), (1920.0, 1080.0));
    assert_eq!((features.frame_rate, features.ti_mean), (Some(29.97), Some(12.0)));
    assert_eq!((features.codec, features.preset.as_deref()), (Some(Codec::Hevc), Some("slow")));
    assert_eq!((targets.get(Target::Vmaf), targets.get(Target::Psnr)), (Some(93.5), Some(40.5)));
    assert_eq!(targets.get(Target::Co2Kg), Some(0.25));
    assert_eq!(targets.title, "a");
    // Empty is unknown, never 0.
    let (features, targets) = (&table.features[1], &table.targets[1]);
    assert_eq!((features.bitrate_kbps, features.crf, features.frame_rate), (None, Some(30.0), None));
    assert!(targets.is_empty());
    assert_eq!(table.lines, [2, 3]);
}

#[test]
fn malformed_tables_name_file_line_and_field() {
    let text = |csv: &str| read(csv).unwrap_err().to_string();
    assert_eq!(
        text(&format!("{HEADER}a,1920,1080,4000,90\na,19x20,1080,4000,90\n")),
        "folder/t.csv:3: resolution_width: '19x20' is not a number"
    );
    assert_eq!(text(&format!("{HEADER}a,1920,1080\n")), "folder/t.csv:2: 3 cells, but the header has 5");
    assert_eq!(
        text("title,width,height,vmaf\n"),
        "folder/t.csv:1: bitrate_kbps: the column is missing, and so is crf: one is needed"
    );
    assert_eq!(text("title,width,bitrate_kbps\n"), "folder/t.csv:1: resolution_height: the column is missing");
    assert_eq!(
        text("width,height,bitrate_kbps\n"),
        "folder/t.csv:1: title: the column is missing: every row names its source"
    );
    assert!(
        text("title,width,resolution_width,height,crf\n")
            .contains("resolution_width: stands twice: 'width' means the same")
    );
    assert!(text("").contains("column is missing"));
    let binary = [HEADER.as_bytes(), b"\xff\xfe,1,2,3,4\n"].concat();
    let error = EncodeTable::from_reader(&binary[..], "t.csv").unwrap_err().to_string();
    assert_eq!(error, "t.csv:2: title: not UTF-8");
    assert!(matches!(EncodeTable::read("/no/such.csv").unwrap_err(), Error::Io { .. }));
}

#[test]
fn unusable_rows_are_counted_by_reason() {
    let table = read(
        "title,width,height,bitrate_kbps,codec,preset,vmaf,psnr\n\
         a,1920,1080,4000,h264,medium,90,40\n\
         a,1920,1080,nan,h264,medium,90,40\n\
         a,1920,1080,-4,h264,medium,90,40\n\
         a,1920,1080,4000,mpeg2,medium,90,40\n\
         a,1920,1080,4000,h264,warp,90,40\n\
         ,1920,1080,4000,h264,medium,90,40\n\
         a,1920,1080,,h264,medium,90,40\n\
         b,1920,1080,4000,h264,medium,NaN,inf\n",
    )
    .unwrap();
    assert_eq!(table.len(), 2);
    let counts: Vec<_> = table.excluded.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let text = counts.join("\n");
    for expected in [
        "2 bitrate_kbps not a finite number",
        "1 unknown codec 'mpeg2': known are h264",
        "1 unknown preset 'warp'",
        "1 no title",
        "1 neither bitrate_kbps nor crf",
        "1 value of vmaf not finite or out of bounds",
        "1 value of psnr not finite or out of bounds",
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
    assert_eq!(table.targets[1].get(Target::Vmaf), None, "the row stays, the value goes");
}

#[test]
fn requests_are_read_row_by_row() {
    let text = "fps,width,height,bitrate_kbps,note\n30,1280,720,2000,a\n30,1280,720,2x,b\n,640,360,,c\n1,2\n";
    let mut reader = RequestReader::new(text.as_bytes(), "r.csv").unwrap();
    assert_eq!(reader.header().len(), 5);
    let mut row = csv::ByteRecord::new();
    let line = reader.read(&mut row).unwrap().unwrap();
    let request = reader.request(&row, line).unwrap();
    assert_eq!((request.frame_rate, request.bitrate_kbps), (Some(30.0), Some(2000.0)));
    let line = reader.read(&mut row).unwrap().unwrap();
    assert_eq!(reader.request(&row, line).unwrap_err().to_string(), "r.csv:3: bitrate_kbps: '2x' is not a number");
    let line = reader.read(&mut row).unwrap().unwrap();
    assert_eq!(reader.request(&row, line).unwrap().bitrate_kbps, None);
    assert_eq!(reader.read(&mut row).unwrap_err().to_string(), "r.csv:5: 2 cells, but the header has 5");
}

#[test]
fn a_file_without_line_ends_does_not_fill_the_memory() {
    let endless = HEADER.as_bytes().chain(std::io::repeat(b'7'));
    let error = EncodeTable::from_reader(endless, "t.csv").unwrap_err().to_string();
    assert_eq!(error, "t.csv:2: the row is longer than 1048576 bytes");
}

#[test]
fn provenance_hashes_the_file_as_it_is() {
    let table = read(&format!("{HEADER}a,1920,1080,4000,90\n")).unwrap();
    let provenance = &table.provenance[0];
    assert_eq!((provenance.name.as_str(), provenance.rows, provenance.titles), ("t.csv", 1, 1));
    // sha256sum of the same text.
    assert_eq!(provenance.sha256, "58d56a8be1b2ee95a67a86bdef619522c0cb68f740de0e1349625a6239d31dec");
    let mut both = table.clone();
    both.append(read(&format!("{HEADER}b,1920,1080,4000,90\n")).unwrap());
    assert_eq!((both.len(), both.titles(), both.provenance.len()), (2, 2, 2));
    assert_ne!(both.provenance[1].sha256, provenance.sha256);
}
