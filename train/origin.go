package train

import "videomae/weights"

// OriginOf is what the weights that a run starts from say of where they come from and under which licence (weights.OriginKey), to be
// passed on; "" if they say nothing. path is a run, a checkpoint folder, a weight file or "".
func OriginOf(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	path, err := WeightFile(path)
	if err != nil {
		return "", err
	}
	file, err := weights.Open(path)
	if err != nil {
		return "", err
	}
	return file.Metadata()[weights.OriginKey], file.Close()
}

// WithOrigin adds where weights come from, if that is known, to what a weight file says of its model.
func WithOrigin(about map[string]string, origin string) map[string]string {
	if origin != "" {
		about[weights.OriginKey] = origin
	}
	return about
}
