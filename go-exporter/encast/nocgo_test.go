package encast_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestWithoutCgo: who builds without cgo is told what to do, and nothing else.
func TestWithoutCgo(t *testing.T) {
	build := exec.Command("go", "build", ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	if err == nil {
		t.Fatal("it was built")
	}
	const due = "undefined: encast_needs_cgo_set_CGO_ENABLED_to_1_and_install_a_C_compiler"
	if lines := strings.Split(strings.TrimSpace(string(output)), "\n"); len(lines) != 2 || !strings.HasSuffix(lines[1], due) {
		t.Errorf("%s", output)
	}
}
