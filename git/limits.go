package git

import "time"

// Limits bound what one repository or pull request may cost. A zero field
// takes its default.
type Limits struct {
	// Paths is how many paths a pull request may touch. Default 5,000.
	Paths int
	// Entries is how many files a tree may hold. Default 200,000.
	Entries int
	// Bases is how many merge bases two commits may have. Default 8.
	Bases int
	// Blob and Blobs are the bytes one blob, and all blobs together, may have
	// before git merges their contents. Defaults 10 MiB and 100 MiB.
	Blob, Blobs int64
	// File is the size of a file Show returns. Default 1 MiB.
	File int64
	// Pack is the size of one fetched pack, and of any file a child writes.
	// Default 2 GiB.
	Pack int64
	// Free is the disk space below which nothing is fetched any more.
	// Default 1 GiB.
	Free int64
	// Memory is the address space of one child. Default 1 GiB.
	Memory int64
	// Output is how much a child may print. Default 64 MiB.
	Output int64
	// CPU and Wall are the processor and wall time of one child.
	// Defaults 60 s and 120 s.
	CPU, Wall time.Duration
	// Fetch is the wall and processor time of one transfer. Default 600 s.
	Fetch time.Duration
	// Children is how many children run at once. Default 4.
	Children int
}

// withDefaults returns l with its zero fields filled in.
func (l Limits) withDefaults() Limits {
	orInt(&l.Paths, 5000)
	orInt(&l.Entries, 200_000)
	orInt(&l.Bases, 8)
	orInt(&l.Children, 4)
	orInt64(&l.Blob, 10<<20)
	orInt64(&l.Blobs, 100<<20)
	orInt64(&l.File, 1<<20)
	orInt64(&l.Pack, 2<<30)
	orInt64(&l.Free, 1<<30)
	orInt64(&l.Memory, 1<<30)
	orInt64(&l.Output, 64<<20)
	orTime(&l.CPU, 60*time.Second)
	orTime(&l.Wall, 120*time.Second)
	orTime(&l.Fetch, 600*time.Second)
	return l
}

func orInt(v *int, d int) {
	if *v <= 0 {
		*v = d
	}
}

func orInt64(v *int64, d int64) {
	if *v <= 0 {
		*v = d
	}
}

func orTime(v *time.Duration, d time.Duration) {
	if *v <= 0 {
		*v = d
	}
}

const (
	maxPath  = 4096     // bytes of a path
	maxDepth = 255      // segments of a path
	maxError = 64 << 10 // bytes kept of what a child says
	maxOpen  = 256      // files a child may have open
)
