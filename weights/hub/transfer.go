package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tries is how often in a row a download may break without having brought anything.
const tries = 5

func (r *repository) blobPath(e entry) string { return filepath.Join(r.folder(r.ref), "blobs", e.sum) }
func (r *repository) partPath(e entry) string { return r.blobPath(e) + ".incomplete" }

// hasBlob tells whether the file is in the cache, whole.
func (r *repository) hasBlob(e entry) bool {
	info, err := os.Stat(r.blobPath(e))
	return err == nil && info.Size() == e.size
}

// partOf is how much of a file an earlier download left, in bytes.
func (r *repository) partOf(e entry) int64 {
	info, err := os.Stat(r.partPath(e))
	if err != nil || info.Size() > e.size {
		return 0
	}
	return info.Size()
}

// blob brings a file into the cache.
func (r *repository) blob(ctx context.Context, e entry) (err error) {
	if r.hasBlob(e) {
		return nil
	}
	unlock, err := r.lock(ctx, r.ref, e.sum)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if r.hasBlob(e) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.blobPath(e)), 0o777); err != nil {
		return err
	}
	if n := r.partOf(e); n > 0 {
		r.report("%s: %s goes on after %.1f of %.1f MB", r.ref, e.name, float64(n)/1e6, float64(e.size)/1e6)
	}
	if err := r.download(ctx, e); err != nil {
		return err
	}
	if err := e.check(ctx, r.partPath(e), nil); err != nil {
		if errors.Is(err, errDamaged) {
			err = errors.Join(fmt.Errorf("%w; what was fetched has been removed", err), os.Remove(r.partPath(e)))
		}
		return err
	}
	return os.Rename(r.partPath(e), r.blobPath(e))
}

// download fetches what is missing of a file, however often the connection breaks, as long as something comes.
func (r *repository) download(ctx context.Context, e entry) (err error) {
	address, err := r.url(e.name)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(r.partPath(e), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	for failed := 0; ; {
		before, err := file.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if before == e.size {
			return file.Sync()
		}
		err = r.attempt(ctx, address, file, before, e.size)
		after, seek := file.Seek(0, io.SeekEnd)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, broken := errors.AsType[unreachable](err); err != nil && !broken || seek != nil {
			return errors.Join(err, seek)
		}
		if after > before {
			failed = 0
		}
		if err == nil {
			continue
		}
		if failed++; failed >= tries {
			return fmt.Errorf("%d of %d bytes are there, with which the next call goes on: %w", after, e.size, err)
		}
		r.report("%s: %s broke off after %.1f of %.1f MB (%v); going on", r.ref, e.name, float64(after)/1e6, float64(e.size)/1e6, err)
		select {
		case <-time.After(r.Pause << (failed - 1)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attempt appends the bytes from an offset on, as far as the connection holds.
func (r *repository) attempt(ctx context.Context, address string, file *os.File, from, size int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(r.Stall, func() { cancel(fmt.Errorf("nothing came for %s", r.Stall)) })
	defer watch.Stop()
	request, err := r.request(ctx, http.MethodGet, address)
	if err != nil {
		return err
	}
	if from > size { // of another file
		from = 0
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	response, err := r.http.Do(request)
	if err != nil {
		return unreachable{causeOf(ctx, err)}
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusPartialContent:
		if !strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", from)) {
			return fmt.Errorf("the server was asked for bytes from %d and gives %q", from, response.Header.Get("Content-Range"))
		}
	case http.StatusOK: // all of it, asked or not
		r.total += from
		from = 0
	case http.StatusRequestedRangeNotSatisfiable:
		r.total += from
		return errors.Join(file.Truncate(0), unreachable{errors.New("the server has fewer bytes")})
	default:
		return statusError(response)
	}
	if err := file.Truncate(from); err != nil {
		return err
	}
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return err
	}
	return r.append(ctx, file, response.Body, size-from, func() { watch.Reset(r.Stall) })
}

// append copies what comes, which must not be more than is left of the file. alive is called when something came.
func (r *repository) append(ctx context.Context, file *os.File, body io.Reader, left int64, alive func()) error {
	buf := make([]byte, 1<<20)
	for {
		n, err := body.Read(buf)
		if left -= int64(n); left < 0 {
			return errors.Join(fmt.Errorf("%w: the server sends more bytes than the file has", errDamaged), file.Truncate(0))
		}
		if n > 0 {
			alive()
			if _, err := file.Write(buf[:n]); err != nil {
				return err
			}
			r.count(int64(n))
		}
		if err == io.EOF && left == 0 {
			return nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return unreachable{causeOf(ctx, err)}
		}
	}
}

// causeOf is why a context ended, if it did, or else the error.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// request is one to the hub, which alone is shown the token.
func (r *repository) request(ctx context.Context, method, address string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "videomae")
	request.Header.Set("Accept-Encoding", "identity")
	if token := r.token(); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

// redirect keeps the token from other servers, to which the hub sends for large files.
func redirect(to *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("the server sends from one address to another")
	}
	if to.URL.Host != via[0].URL.Host || to.URL.Scheme != via[0].URL.Scheme {
		to.Header.Del("Authorization")
	}
	return nil
}

// statusError is what a refusal means.
func statusError(response *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(response.Body, 300)) // the status tells enough
	said := firstOf(response.Header.Get("X-Error-Message"), strings.TrimSpace(string(text)))
	err := fmt.Errorf("the server answers %s: %s", response.Status, said)
	switch status := response.StatusCode; {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("%w (ask for access at the model's page, and set HF_TOKEN)", err)
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return unreachable{err}
	}
	return err
}
