//go:build !linux || (!amd64 && !arm64)

package prepare

import "errors"

func confine() error {
	return errors.New("workers are confined on Linux on amd64 and arm64 only")
}

func confinement() Confinement { return Confinement{} }
