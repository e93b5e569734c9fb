package encast

/*
#include "wrappers.h"
*/
import "C"

import (
	"strings"
	"unsafe"
)

// Codec is a video coding standard; 0 is unknown.
type Codec int32

// The codecs.
const (
	CodecH264 Codec = C.ENCAST_CODEC_H264
	CodecHEVC Codec = C.ENCAST_CODEC_HEVC
	CodecVP9  Codec = C.ENCAST_CODEC_VP9
	CodecAV1  Codec = C.ENCAST_CODEC_AV1
	CodecVVC  Codec = C.ENCAST_CODEC_VVC
)

// Encoder is an encoder implementation; 0 is unknown.
type Encoder int32

// The encoders.
const (
	EncoderLibx264   Encoder = C.ENCAST_ENCODER_LIBX264
	EncoderLibx265   Encoder = C.ENCAST_ENCODER_LIBX265
	EncoderLibvpxVP9 Encoder = C.ENCAST_ENCODER_LIBVPX_VP9
	EncoderLibsvtav1 Encoder = C.ENCAST_ENCODER_LIBSVTAV1
	EncoderLibaomAV1 Encoder = C.ENCAST_ENCODER_LIBAOM_AV1
	EncoderLibvvenc  Encoder = C.ENCAST_ENCODER_LIBVVENC
)

// ParseCodec returns the codec of a name such as "h264"; the error lists the known ones.
func ParseCodec(name string) (Codec, error) {
	number, err := numberOf(0, "codec", name)
	return Codec(number), err
}

// ParseEncoder returns the encoder of a name such as "libx264"; the error lists the known ones.
func ParseEncoder(name string) (Encoder, error) {
	number, err := numberOf(1, "encoder", name)
	return Encoder(number), err
}

func numberOf(encoder C.int32_t, field, name string) (C.int32_t, error) {
	if strings.IndexByte(name, 0) >= 0 {
		return 0, &Error{Status: ErrBadText, Text: field + ": holds a NUL", Field: field, Row: -1}
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	var number C.int32_t
	failure := C.encast_go_failure{row: -1}
	err := failed(C.encast_go_number_of(encoder, cName, &number, &failure), &failure)
	return number, err
}

// String returns the codec's name, such as "h264"; "" when it is unknown.
func (c Codec) String() string { return C.GoString(C.encast_codec_name(C.int32_t(c))) }

// String returns the encoder's name, such as "libx264"; "" when it is unknown.
func (e Encoder) String() string { return C.GoString(C.encast_encoder_name(C.int32_t(e))) }
