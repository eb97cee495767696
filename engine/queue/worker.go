package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"postgang/engine/step"
	"postgang/engine/store"
)

// taskWorker is River's worker for every kind of task.
type taskWorker struct {
	river.WorkerDefaults[taskArgs]
	queue *Queue
	work  Worker
}

func taskOf(j *rivertype.JobRow) (store.Task, error) {
	var a taskArgs
	if err := json.Unmarshal(j.EncodedArgs, &a); err != nil {
		return store.Task{}, fmt.Errorf("task %d cannot be read: %w", j.ID, err)
	}
	return store.Task{Kind: store.TaskKind(j.Kind), Subject: a.Subject}, nil
}

// NextRetry is when to try again after a failure.
func (w *taskWorker) NextRetry(j *river.Job[taskArgs]) time.Time {
	return time.Now().Add(w.queue.config.Retry(j.Attempt))
}

// Work does a task. It first gives the task the key of one that runs, see the package comment.
func (w *taskWorker) Work(ctx context.Context, j *river.Job[taskArgs]) error {
	t := store.Task{Kind: store.TaskKind(j.Kind), Subject: j.Args.Subject}
	if t.Kind == store.TaskPrepare {
		// It keeps the key with which it waits: nothing new can come of another one while this one is not done for good, and then there
		// is nothing left to do. There is one for each letter, so that a statement for each counts.
		return w.result(ctx, w.guarded(ctx, t))
	}
	key := runningKey(t)
	_, err := w.queue.archive.Exec(ctx, `UPDATE river_job SET unique_key = $1 WHERE id = $2 AND state = 'running'`, key, j.ID)
	if errors.Is(err, store.ErrExists) {
		// The same task runs already. This one waits for its end, since it may know of something newer.
		return river.JobSnooze(runningElsewhere)
	}
	if err != nil {
		return fmt.Errorf("begin task: %w", err)
	}
	err = w.guarded(ctx, t)
	if err == nil {
		return nil
	}
	if w.replaced(ctx, j.JobRow, key) {
		return nil
	}
	return w.result(ctx, err)
}

// result is an outcome in River's words.
func (w *taskWorker) result(ctx context.Context, err error) error {
	var later *step.LaterError
	if errors.As(err, &later) {
		return river.JobSnooze(max(later.After, 0))
	}
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		// River puts a task back unharmed when it says that its context has ended.
		return fmt.Errorf("%w: %w", err, ctx.Err())
	}
	return err
}

// replaced gives a task that is to be tried again its first key back. When a newer one waits with that key, the newer
// one is to do it all.
func (w *taskWorker) replaced(ctx context.Context, j *rivertype.JobRow, key []byte) bool {
	if len(j.UniqueKey) == 0 || bytes.Equal(j.UniqueKey, key) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer cancel()
	_, err := w.queue.archive.Exec(ctx, `UPDATE river_job SET unique_key = $1 WHERE id = $2 AND state = 'running'`, j.UniqueKey, j.ID)
	// Any other error costs at most that the task is done once too often.
	return errors.Is(err, store.ErrExists)
}

// guarded does a task, and makes a panic an error.
func (w *taskWorker) guarded(ctx context.Context, t store.Task) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		// What was panicked with may hold personal data; a runtime error and the stack do not.
		err = fmt.Errorf("%s panicked with a %T", t.Kind, v)
		if re, ok := v.(runtime.Error); ok {
			err = fmt.Errorf("%s panicked: %w", t.Kind, re)
		}
		w.queue.log.Error("task panicked", "component", "queue", "kind", string(t.Kind), "subject", t.Subject,
			"error", err, "stack", string(debug.Stack()))
	}()
	return w.work(ctx, t)
}

// riverLog is a logger for River: marked as its own, and from WARN on, since it reports every hiccup of its upkeep.
func riverLog(log *slog.Logger) *slog.Logger {
	return slog.New(atLeastWarn{log.Handler()}).With("component", "river")
}

// atLeastWarn passes WARN and above.
type atLeastWarn struct{ slog.Handler }

// Enabled says whether a level passes.
func (h atLeastWarn) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// WithAttrs keeps the bound.
func (h atLeastWarn) WithAttrs(as []slog.Attr) slog.Handler {
	return atLeastWarn{h.Handler.WithAttrs(as)}
}

// WithGroup keeps the bound.
func (h atLeastWarn) WithGroup(name string) slog.Handler {
	return atLeastWarn{h.Handler.WithGroup(name)}
}
