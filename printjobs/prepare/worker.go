package prepare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"postgang/printjobs/prepare/guard"
	"postgang/printjobs/prepare/read"
)

// workerArg is the only argument with which a Pool starts its executable; see
// BeWorker.
const workerArg = "prepare-worker"

// message is a worker's answer to a Request: one of them.
type message struct {
	Facts   *Facts   `json:"facts,omitempty"`
	Refusal *Refusal `json:"refusal,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// BeWorker does a worker's work, and ends the process, when a Pool has started it as one; else it returns at once. It is the
// first thing that main, and TestMain, of a program with a Pool does: a worker is fed untrusted PDFs, and gets no flags, no
// configuration and no environment.
func BeWorker() {
	if len(os.Args) != 2 || os.Args[1] != workerArg {
		return
	}
	if err := serve(os.Stdin, os.Stdout, answer); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// serve serves a Pool's requests; answer answers one. A message without anything in it is not sent: see answer.
func serve(in io.Reader, out io.Writer, answer func(ctx context.Context, req Request, handed int) message) error {
	return guard.Serve(in, out, func(ctx context.Context, job json.RawMessage, handed int) any {
		var req Request
		if json.Unmarshal(job, &req) != nil {
			return nil
		}
		if m := answer(ctx, req, handed); m != (message{}) {
			return m
		}
		return nil
	})
}

var errHandover = errors.New("other files were handed over than asked for")

// answer prepares one letter, from files that are handed over or, where that
// cannot be, from those that the request names. When the handing over fails it
// says nothing, upon which the pool replaces the worker: what belongs to which
// letter is not known any more.
func answer(ctx context.Context, req Request, handed int) message {
	facts, err := func() (f Facts, err error) {
		var out *os.File
		docs := pathInputs(req.Documents)
		if handed > 0 {
			files, err := guard.TakeOver(handed)
			defer closeAll(files)
			if err != nil || len(files) != len(docs)+1 {
				return f, errHandover
			}
			for i := range docs {
				docs[i].open, docs[i].keep = func() (*os.File, error) { return files[i], nil }, true
			}
			out = files[len(docs)]
		} else {
			if out, err = os.OpenFile(req.Output, os.O_WRONLY, 0); err != nil {
				return f, fmt.Errorf("write prepared letter: %w", read.WithoutPath(err))
			}
			defer out.Close()
		}
		l, err := assemble(ctx, req, docs)
		if err != nil {
			return f, err
		}
		err = l.writeTo(out)
		return l.facts, err
	}()
	var refusal *Refusal
	switch {
	case errors.Is(err, errHandover):
		return message{}
	case errors.As(err, &refusal):
		return message{Refusal: refusal}
	case err != nil:
		return message{Error: err.Error()}
	}
	return message{Facts: &facts}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
