package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestArenas: memory of C comes from one arena, unless the environment says how the GNU C library shall have it, in either way.
func TestArenas(t *testing.T) {
	for variable, several := range map[string]bool{
		"GLIBC_TUNABLES=": false, "GLIBC_TUNABLES=glibc.rtld.nns=4": false,
		"GLIBC_TUNABLES=glibc.malloc.arena_max=8": true, "MALLOC_ARENA_MAX=8": true,
	} {
		p := startExporter(t, []string{variable}, anyPort)
		for range 5 { // threads of the library load a model each time
			response, err := http.Post("http://"+p.address+"/reload", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
		}
		maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		// Each arena but the first begins where an address is a multiple of 64 MiB.
		arenas := 0
		for line := range strings.Lines(string(maps)) {
			var begin, end uint64
			var may string
			if _, err := fmt.Sscanf(line, "%x-%x %s", &begin, &end, &may); err != nil {
				t.Fatal(err)
			}
			if begin%(64<<20) == 0 && may == "rw-p" {
				arenas++
			}
		}
		if (arenas > 0) != several {
			t.Errorf("%q: %d arenas beside the first", variable, arenas)
		}
	}
}
