package imagedir

import "fmt"

// Numbers returns the numbers in the names of a folder's pictures, rising.
func Numbers(path string) ([]int, error) {
	names, err := list(path)
	if err != nil {
		return nil, fmt.Errorf("folder of frames %s: %w", path, err)
	}
	numbers := make([]int, len(names))
	for i, name := range names {
		if numbers[i], err = number(name); err != nil {
			return nil, fmt.Errorf("folder of frames %s: %w", path, err)
		}
	}
	return numbers, nil
}
