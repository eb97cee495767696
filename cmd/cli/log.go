package cli

import (
	"io"
	"log/slog"
)

// Logger logs for people on a terminal; serve logs JSON lines.
func (o *Options) Logger() *slog.Logger {
	if !o.Verbose {
		return slog.New(slog.NewTextHandler(o.Err, &slog.HandlerOptions{Level: slog.LevelError, ReplaceAttr: inSeconds}))
	}
	return slog.New(slog.NewTextHandler(o.Err, &slog.HandlerOptions{ReplaceAttr: inSeconds}))
}

// JSONLogger logs for programs: one JSON object a line.
func JSONLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{ReplaceAttr: inSeconds}))
}

// inSeconds logs durations in seconds, under a name that says so; slog writes nanoseconds.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.Float64(a.Key+"_seconds", a.Value.Duration().Seconds())
}
