package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/encast/encast/go-exporter/encast"
	"github.com/encast/encast/go-exporter/internal/api"
	"github.com/encast/encast/go-exporter/internal/fixture"
)

// settings are what every good request below begins with.
const settings = `"resolution":"1280x720","bitrate_kbps":2000`

// refusals are requests of every kind that is refused, with what the answer has to say.
var refusals = []struct {
	path, body string
	status     int
	field      string // "" is none
	says       string
}{
	{"/predict", ``, 400, "", "the body is empty"},
	{"/predict", `  `, 400, "", "the body is empty"},
	{"/predict", `{`, 400, "", "unexpected EOF at byte 1"},
	{"/predict", `{"bitrate_kbps":4000,}`, 400, "", "at byte 20"},
	{"/predict", `{` + settings + `} {}`, 400, "", "something follows the end"},
	{"/predict", `{` + settings + `}x`, 400, "", "invalid character 'x'"},
	{"/predict", `"text"`, 400, "", `"text" is not an object`},
	{"/predict", `12`, 400, "", "12 is not an object"},
	{"/predict", `null`, 400, "", "null is not an object"},
	{"/predict", "{\"preset\":\"\xff\"}", 400, "preset", "invalid UTF-8"},
	{"/predict", `{"preset":"\ud800"}`, 400, "preset", "invalid surrogate pair"},
	{"/predict", "{\"preset\":\"a\tb\"}", 400, "preset", "not JSON"},
	{"/predict", strings.Repeat(`[`, 20_000), 400, "", "must be an object, not an array"},
	{"/predict", strings.Repeat(`{"anchors":`, 5_000), 400, "anchors", "must be an array, not an object"},
	{"/predict", `{` + settings + `,"bitrate":1}`, 400, "bitrate", "unknown field: known are anchors, assurance, bit_depth"},
	{"/predict", `{` + settings + `,"` + strings.Repeat("a", 5000) + `":1}`, 400, strings.Repeat("a", 40) + "…", "unknown field"},
	{"/predict", `{` + settings + `,"fps":30,"fps":30}`, 400, "fps", "given twice"},
	{"/predict", `{` + settings + `,"fps":30,"\u0066ps":30}`, 400, "fps", "given twice"},
	{"/predict", `{` + settings + `,"fps":30,"frame_rate":30}`, 400, "frame_rate", "given twice, once under another spelling"},
	{"/predict", `{` + settings + `,"width":640}`, 400, "width", "given twice"},
	{"/predict", `{` + settings + `,"fps":"30"}`, 400, "frame_rate", `"30" is not a number`},
	{"/predict", `{` + settings + `,"fps":true}`, 400, "frame_rate", "true is not a number"},
	{"/predict", `{` + settings + `,"fps":[30]}`, 400, "frame_rate", "must be a number, not an array"},
	{"/predict", `{` + settings + `,"fps":NaN}`, 400, "fps", "invalid character 'N'"},
	{"/predict", `{` + settings + `,"fps":Infinity}`, 400, "fps", "invalid character 'I'"},
	{"/predict", `{` + settings + `,"fps":1e999}`, 400, "frame_rate", "1e999 is beyond what a number holds"},
	{"/predict", `{` + settings + `,"fps":0x10}`, 400, "", "not JSON"},
	{"/predict", `{` + settings + `,"fps":030}`, 400, "", "not JSON"},
	{"/predict", `{` + settings + `,"fps":-5}`, 400, "frame_rate", "frame_rate = -5: must be"},
	{"/predict", `{` + settings + `,"fps":0}`, 400, "frame_rate", "frame_rate = 0: must be"},
	{"/predict", `{` + settings + `,"frame_drop":1.5}`, 400, "frame_drop", "frame_drop = 1.5: must be"},
	{"/predict", `{"resolution":"1280x720"}`, 400, "bitrate_kbps", "missing: give bitrate_kbps or crf"},
	{"/predict", `{"width":1280,"bitrate_kbps":100}`, 400, "resolution", "missing"},
	{"/predict", `{"resolution":null,"bitrate_kbps":100}`, 400, "resolution", "missing"},
	{"/predict", `{"resolution":"720p","bitrate_kbps":100}`, 400, "resolution", `"720p" is not of the form 1920x1080`},
	{"/predict", `{"resolution":"-1x5","bitrate_kbps":100}`, 400, "resolution", "is not of the form"},
	{"/predict", `{` + settings + `,"codec":"mpeg2"}`, 400, "codec", "unknown codec 'mpeg2': known are h264"},
	{"/predict", `{` + settings + `,"codec":"h264\u0000"}`, 400, "codec", "NUL"},
	{"/predict", `{` + settings + `,"codec":1}`, 400, "codec", "1 is not a text"},
	{"/predict", `{` + settings + `,"encoder":"xvid"}`, 400, "encoder", "unknown encoder 'xvid': known are libx264"},
	{"/predict", `{` + settings + `,"preset":"warp"}`, 400, "preset", "unknown preset 'warp'"},
	{"/predict", `{` + settings + `,"preset":"` + strings.Repeat("p", 200) + `"}`, 400, "preset", "longer than"},
	{"/predict", `{` + settings + `,"codec":"av1","encoder":"libx264"}`, 400, "encoder", "libx264"},
	{"/predict", `{` + settings + `,"machine":"nobodys"}`, 400, "machine", "nobodys"},
	{"/predict", `{` + settings + `,"machine":"nobodys","region":"eu-central-1"}`, 400, "machine", "unknown machine 'nobodys': known are"},
	{"/predict", `{` + settings + `,"machine":"c5.large","region":"nowhere"}`, 400, "region", "unknown region 'nowhere': known are"},
	{"/predict", `{` + settings + `,"region":"eu-central-1"}`, 400, "region", "needs a machine"},
	{"/predict", `{` + settings + `,"machine":"c5.large","region":"eu-central-1","months_stored":-1}`, 400, "months_stored", "months_stored = -1 must be at least 0"},
	{"/predict", `{` + settings + `,"machine":""}`, 400, "machine", "must not be empty"},
	{"/predict", `{` + settings + `,"whole_machine":1}`, 400, "whole_machine", "1 is not true or false"},
	{"/predict", `{` + settings + `,"target_vmaf":0}`, 400, "target_vmaf", "target_vmaf = 0 must be above 0"},
	{"/predict", `{` + settings + `,"target_vmaf":101}`, 400, "target_vmaf", "target_vmaf = 101"},
	{"/predict", `{` + settings + `,"level":0.999}`, 400, "level", "level = 0.999"},
	{"/predict", `{` + settings + `,"assurance":0.2}`, 400, "assurance", "assurance = 0.2"},
	{"/predict", `{` + settings + `,"min_bitrate_kbps":500,"max_bitrate_kbps":400}`, 400, "max_bitrate_kbps", "400"},
	{"/predict", `{` + settings + `,"id":""}`, 400, "id", "must not be empty"},
	{"/predict", `{` + settings + `,"id":"a\nb"}`, 400, "id", "control character"},
	{"/predict", `{` + settings + `,"id":"` + strings.Repeat("i", 129) + `"}`, 400, "id", "129 bytes long, at most 128"},
	{"/predict", `{` + settings + `,"title":"` + strings.Repeat("t", 128) + `"}`, 400, "title", "128 bytes long, at most 127"},
	{"/predict", `{` + settings + `,"config":7}`, 400, "config", "7 is not a text"},
	{"/predict", `{` + settings + `,"anchors":{}}`, 400, "anchors", "must be an array, not an object"},
	{"/predict", `{` + settings + `,"anchors":[7]}`, 400, "anchors[0]", "7 is not an object"},
	{"/predict", `{` + settings + `,"anchors":[{"bitrate_kbps":100,"vmaf":50},{"vmaf":"high"}]}`, 400, "anchors[1].vmaf", `"high" is not a number`},
	{"/predict", `{` + settings + `,"anchors":[{"bitrate_kbps":100,"speed":1}]}`, 400, "anchors[0].speed", "unknown field of an anchor"},
	{"/predict", `{` + settings + `,"anchors":[{"bitrate_kbps":100,"vmaf":500}]}`, 400, "anchors[0].vmaf", "500"},
	{"/predict", `{` + settings + `,"anchors":[` + strings.Repeat(`{"crf":30,"vmaf":50},`, 256) + `{"crf":30,"vmaf":50}]}`, 400, "anchors", "more than 256"},
	{"/predict", `[{` + settings + `},{` + settings + `,"fps":-1}]`, 400, "frame_rate", "row 1: frame_rate = -1"},
	{"/predict", `[{` + settings + `},[]]`, 400, "", "row 1: must be an object, not an array"},
	{"/predict", `[{` + settings + `},{` + settings + `},{` + settings + `},{` + settings + `}]`, 413, "", "more than 3 requests"},
	{"/predict", `{"targets":["vmaf"]}`, 400, "columns", "missing"},
	{"/predict", `{"columns":{` + settings + `}}`, 400, "targets", "missing: known are vmaf"},
	{"/predict", `{"targets":["speed"],"columns":{` + settings + `}}`, 400, "targets", `"speed" is none: known are vmaf`},
	{"/predict", `{"targets":["vmaf","vmaf"],"columns":{` + settings + `}}`, 400, "targets", "vmaf stands there twice"},
	{"/predict", `{"targets":"vmaf","columns":{` + settings + `}}`, 400, "targets", "is not an array"},
	{"/predict", `{"targets":["vmaf"],"columns":[]}`, 400, "columns", "must be an object, not an array"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720"}}`, 400, "columns.bitrate_kbps", "missing"},
	{"/predict", `{"targets":["vmaf"],"columns":{"bitrate_kbps":[1,2]}}`, 400, "columns.resolution", "missing"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[1000,"2"]}}`, 400, "columns.bitrate_kbps", `"2" is not a number`},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[1000,1e999]}}`, 400, "columns.bitrate_kbps", "row 1: columns.bitrate_kbps: 1e999"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[[1]]}}`, 400, "columns.bitrate_kbps", "is not a number"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[]}}`, 400, "columns.bitrate_kbps", "has no rows"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[1000,2000],"fps":[30]}}`, 400, "columns.frame_rate", "has 1 rows, the columns before it have 2"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":["1280x720"],"bitrate_kbps":[1000]}}`, 400, "columns.resolution", "must be a single text"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[1000,2000],"codec":["h264","mpeg2"]}}`, 400, "columns.codec", "row 1: columns.codec: unknown codec 'mpeg2'"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[1000],"id":["a"]}}`, 400, "columns.id", "can't be a column"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[1000],"level":0.5}}`, 400, "columns.level", "beside columns"},
	{"/predict", `{"targets":["vmaf"],"fps":30,"columns":{"resolution":"1280x720","bitrate_kbps":[1000]}}`, 400, "frame_rate", "must be one of the columns"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[1,2,3,4,5,6]}}`, 413, "columns", "more than 5 rows"},
	{"/predict", `{"targets":["vmaf"],"columns":{"resolution":"1280x720","bitrate_kbps":[1000,-2]}}`, 400, "bitrate_kbps", "-2"},
	{"/predict", `{` + settings + `,"preset":"` + strings.Repeat("x", 70_000) + `"}`, 413, "", "larger than 65536 bytes"},
	{"/ladder", `[]`, 400, "", "must be an object, not an array"},
	{"/ladder", `{"source_width":1920,"source_height":1080,"options":{"sizes":["big"]}}`, 400, "options.sizes", "is not of the form"},
	{"/ladder", `{"source_width":1920,"source_height":1080,"options":{"step":6}}`, 400, "options.step", "unknown option of a ladder"},
	{"/ladder", `{"source_width":1920,"source_height":1080,"options":{"step_vmaf":-1}}`, 400, "options.step_vmaf", "must be above 0"},
	{"/ladder", `{"source_width":1920,"source_height":1080,"options":{"bitrates_kbps":[` + strings.Repeat("1,", 64) + `1]}}`, 400, "options.bitrates_kbps", "more than 64"},
	{"/ladder", `{"source_width":1920,"source_height":1080,"options":{"bitrates_kbps":[null]}}`, 400, "options.bitrates_kbps", "null is not a number"},
	{"/ladder", `{"source_width":1920}`, 400, "source_width", "missing"},
	{"/probe?", ``, 400, "resolution", "missing"},
	{"/probe?resolution=1920x1080", ``, 400, "bitrate_kbps", "missing"},
	{"/probe?resolution=1920x1080&bitrate_kbps=4000&bitrate_kbps=1", ``, 400, "bitrate_kbps", "given twice"},
	{"/probe?resolution=1920x1080&bitrate_kbps=NaN", ``, 400, "bitrate_kbps", `"NaN" is not a number`},
	{"/probe?resolution=1920x1080&bitrate_kbps=inf", ``, 400, "bitrate_kbps", `"inf" is not a number`},
	{"/probe?resolution=1920x1080&bitrate_kbps=0x10", ``, 400, "bitrate_kbps", `"0x10" is not a number`},
	{"/probe?resolution=1920x1080&bitrate_kbps=1e400", ``, 400, "bitrate_kbps", "1e400 is beyond what a number holds"},
	{"/probe?resolution=1920x1080&bitrate_kbps=", ``, 400, "bitrate_kbps", `"" is not a number`},
	{"/probe?resolution=1920x1080&bitrate_kbps=4000&target=x", ``, 400, "target", "unknown field"},
	{"/probe?resolution=1920x1080&bitrate_kbps=4000&anchors=x", ``, 400, "anchors", "are no parameter"},
	{"/probe?resolution=1920x1080&bitrate_kbps=4000&whole_machine=yes", ``, 400, "whole_machine", "neither true nor false"},
	{"/probe?resolution=1920x1080&bitrate_kbps=4000&config=%00", ``, 400, "config", "control character"},
	{"/probe?resolution=1920x1080&bitrate_kbps=4000&config=%FF", ``, 400, "config", "not UTF-8"},
	{"/probe?resolution=1920x1080&bitrate_kbps=4000&config=" + strings.Repeat("a", 129), ``, 400, "config", "at most 128"},
	{"/probe?resolution=1920x1080&bitrate_kbps=4000&x=%zz", ``, 400, "", "not well-formed"},
	{"/probe?resolution=1920x1080&bitrate_kbps=-4", ``, 400, "bitrate_kbps", "bitrate_kbps = -4"},
}

var narrow = api.Bounds{BodyBytes: 64 << 10, Requests: 3, Rows: 5}

// TestRefusals: each is told with its reason and its field, and none leaves anything behind.
func TestRefusals(t *testing.T) {
	url, _ := startWith(t, "", narrow)
	goroutines, handles := runtime.NumGoroutine(), encast.LiveHandles()
	client := &http.Client{}
	for round := range 3 {
		for _, test := range refusals {
			response, err := ask(client, url, test.path, test.body)
			if err != nil {
				t.Fatalf("%s %.80s: %v", test.path, test.body, err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			var answer struct{ Status, Message, Field string }
			if err != nil || json.Unmarshal(body, &answer) != nil || response.StatusCode != test.status ||
				answer.Status != "error" || answer.Field != test.field || !strings.Contains(answer.Message, test.says) || len(body) > 4<<10 {
				t.Errorf("%s %.80s: %d %.300s (%v), want %d, field %q, %q", test.path, test.body, response.StatusCode, body, err, test.status, test.field, test.says)
			}
		}
		if round == 0 {
			handles = encast.LiveHandles() // the profiles are read by the first request that names a site
		}
	}
	client.CloseIdleConnections()
	fixture.WaitFor(t, func() bool { return runtime.NumGoroutine() <= goroutines+2 })
	if now := encast.LiveHandles(); now != handles {
		t.Errorf("%d handles, %d before", now, handles)
	}
	// It goes on answering.
	post(t, url+"/predict", "{"+settings+"}", 200)
}

func ask(client *http.Client, url, path, body string) (*http.Response, error) {
	if strings.HasPrefix(path, "/probe") {
		return client.Get(url + path)
	}
	return client.Post(url+path, "application/json", strings.NewReader(body))
}

// TestContentTypes: JSON and nothing else, nor nothing said, as a page of another site may send it.
func TestContentTypes(t *testing.T) {
	url := start(t, "")
	for given, want := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200, "application/json;charset=UTF-8": 200,
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json; charset=latin1": 415, "application/xml": 415, ";": 415,
	} {
		request, err := http.NewRequest(http.MethodPost, url+"/predict", strings.NewReader("{"+settings+"}"))
		if err != nil {
			t.Fatal(err)
		}
		if given != "" {
			request.Header.Set("Content-Type", given)
		}
		response, err := http.DefaultClient.Do(request)
		read(t, response, err, want)
	}
}

// TestBrokenConnections: bodies that never come whole, lie about their length or are chopped up harm nobody.
func TestBrokenConnections(t *testing.T) {
	url, _ := startWith(t, "", narrow)
	address := strings.TrimPrefix(url, "http://")
	body := "{" + settings + "}"
	head := "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, test := range map[string]struct {
		sends string
		want  string // how the answer begins; "" is a closed connection
	}{
		"chunked":            {head + "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body), "HTTP/1.1 200 "},
		"bad chunk":          {head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 "},
		"endless chunks":     {head + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat(" ", 0x1000)+"\r\n", 17), "HTTP/1.1 413 "},
		"claims too much":    {head + "Content-Length: 99999999\r\n\r\n{", "HTTP/1.1 413 "},
		"negative length":    {head + "Content-Length: -5\r\n\r\n", "HTTP/1.1 400 "},
		"two lengths":        {head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{    }", "HTTP/1.1 400 "},
		"header too long":    {head + "X: " + strings.Repeat("x", 2<<20), "HTTP/1.1 431 "},
		"not HTTP":           {"\x16\x03\x01\x00\x00\r\n\r\n", "HTTP/1.1 400 "},
		"path with dots":     {"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 "},
		"encoded dots":       {"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 "},
		"no such method":     {"BREW /predict HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
		"method of another":  {"GET /predict HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 "},
		"header that splits": {"GET /probe?config=a%0d%0aX:1&resolution=1x1&crf=1 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
	} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.SetDeadline(time.Now().Add(20 * time.Second))
		// An answer may come, and the connection be closed, before all is sent.
		go func() { _, _ = io.WriteString(connection, test.sends) }()
		line, err := bufio.NewReader(connection).ReadString('\n')
		if !strings.HasPrefix(line, test.want) || strings.Contains(line, " 200 ") != strings.Contains(test.want, " 200 ") {
			t.Errorf("%s: %q (%v), want %q", name, line, err, test.want)
		}
		_ = connection.Close()
	}
	// Clients that leave in the middle.
	for range 50 {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(connection, head+"Content-Length: 500\r\n\r\n{\"bitrate_kbps\":")
		_ = connection.Close()
	}
	post(t, url+"/predict", body, 200)
}
