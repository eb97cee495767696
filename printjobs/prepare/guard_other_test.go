//go:build !linux

package prepare

func reachOutByCalls() []string { return nil }

const (
	filesPerPacket = 200
	outputSlack    = 0
)
