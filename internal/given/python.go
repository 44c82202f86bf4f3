package given

import (
	"os"
	"os/exec"
	"testing"
)

// PythonEnv names the environment variable with the Python interpreter that tests may ask for references.
const PythonEnv = "PYTHON"

// Python is an interpreter that has the modules: the one that PythonEnv names, or python3. Without such a one the test is skipped.
func Python(t testing.TB, modules ...string) string {
	t.Helper()
	name := os.Getenv(PythonEnv)
	if name == "" {
		name = "python3"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no Python (set %s to an interpreter): %v", PythonEnv, err)
	}
	for _, module := range modules {
		if err := exec.Command(path, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('"+module+"') is None)").Run(); err != nil {
			t.Skipf("%s has no module %s (set %s to an interpreter that has it)", path, module, PythonEnv)
		}
	}
	return path
}
