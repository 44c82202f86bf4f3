//go:build xla

package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
)

// pluginFolders is the environment variable with the folders that PJRT plugins are looked for in.
const pluginFolders = "PJRT_PLUGIN_LIBRARY_PATH"

func xlaOpener() opener {
	return opener{
		about:   "OpenXLA by a PJRT plugin",
		names:   []string{"xla:cpu", "xla:cuda"},
		open:    openXLA,
		missing: missingPlugin,
	}
}

// openXLA keeps float32 products in float32: go-xla would have GPUs round their operands to the 10 bits of TF32, which bf16 is there for.
func openXLA(plugin string) (compute.Backend, error) {
	xla.EnableAutoInstall(false) // nothing is downloaded behind the user's back: a plugin is used where its folder is named
	return xla.New(plugin + ",tf32=false")
}

// missingPlugin tells what to do when no named folder holds the plugin of an engine.
func missingPlugin(name string) string {
	file := fmt.Sprintf("pjrt_c_api_%s_plugin.so", strings.TrimPrefix(name, "xla:"))
	for _, folder := range filepath.SplitList(os.Getenv(pluginFolders)) {
		if _, err := os.Stat(filepath.Join(folder, file)); err == nil {
			return ""
		}
	}
	return fmt.Sprintf("put a folder that holds %s in %s", file, pluginFolders)
}
