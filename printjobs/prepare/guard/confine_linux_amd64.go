package guard

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// archCalls are allowed calls that only this processor's table has.
var archCalls = []uint32{unix.SYS_EPOLL_WAIT}
