package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

// TestArenas: memory of C comes from one arena, unless the environment says how the GNU C library shall have it, in either way.
func TestArenas(t *testing.T) {
	for variable, several := range map[string]bool{
		"GLIBC_TUNABLES=": false, "GLIBC_TUNABLES=glibc.rtld.nns=4": false,
		"GLIBC_TUNABLES=glibc.malloc.arena_max=8": true, "MALLOC_ARENA_MAX=8": true,
	} {
		p := startExporter(t, []string{variable}, anyPort)
		var group sync.WaitGroup
		for range 40 { // as many threads as it takes
			group.Go(func() {
				response, err := http.Get("http://" + p.address + "/probe?resolution=640x360&bitrate_kbps=500")
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close()
			})
		}
		group.Wait()
		maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		// Each arena but the first is mapped where an address is a multiple of 64 MiB. Lower addresses are those of Go's heap
		// and, in a program that is tested for races, of what that needs.
		arenas := 0
		for line := range strings.Lines(string(maps)) {
			var begin, end uint64
			var may string
			if _, err := fmt.Sscanf(line, "%x-%x %s", &begin, &end, &may); err != nil {
				t.Fatal(err)
			}
			if begin >= 0x7e<<40 && begin%(64<<20) == 0 && may == "rw-p" {
				arenas++
			}
		}
		t.Logf("%q: %d", variable, arenas)
		if (arenas > 1) != several {
			t.Errorf("%q: %d arenas beside the first:\n%s", variable, arenas, maps)
		}
	}
}
