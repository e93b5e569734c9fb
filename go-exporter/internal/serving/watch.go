package serving

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Watch reloads when a file changes: when it is another one, of another size or of another time. It looks at intervals,
// as what tells of changes at once does not work on every file system, and ends with the context. What can't be loaded is
// tried again only when it changes once more. It is called after Start; Files has to be called before.
func (r *Reloader) Watch(ctx context.Context, interval time.Duration) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if r.changed() {
				r.logger.Debug("A file has changed: reloading")
				// How it went is logged and counted.
				_, _ = r.Reload()
			}
		}
	}
}

// Files names the files that Watch looks at, beside those that the configuration names; empty names are left out. It is called before Start.
func (r *Reloader) Files(paths ...string) {
	for _, path := range paths {
		if path != "" {
			r.named = append(r.named, path)
		}
	}
	r.watched = slices.Clone(r.named)
}

// follow makes Watch look at the files of the configuration, too, and tells whether these are others than before.
func (r *Reloader) follow(files []string) bool {
	watched := slices.Concat(r.named, files)
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Equal(watched, r.watched) {
		return false
	}
	r.watched = watched
	return true
}

// look keeps what the files are before they are read: should they change meanwhile, that is seen at the next look.
func (r *Reloader) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = identities(r.watched)
}

func (r *Reloader) changed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	infos := identities(r.watched)
	if len(infos) != len(r.seen) {
		return true
	}
	for i, info := range infos {
		if !same(info, r.seen[i]) {
			return true
		}
	}
	return false
}

// identities follows symbolic links: a mounted configuration is replaced by pointing a link to another folder.
func identities(paths []string) []fs.FileInfo {
	infos := make([]fs.FileInfo, len(paths))
	for i, path := range paths {
		if info, err := os.Stat(path); err == nil {
			infos[i] = info
		}
	}
	return infos
}

func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
