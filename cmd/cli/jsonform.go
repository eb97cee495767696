package cli

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"postgang/billing/money"
	"postgang/engine/calendar"
)

// Moment is a time in a result: people see Oslo's clocks to the minute, programs RFC 3339 with the offset.
type Moment time.Time

// When makes a time a part of a result.
func When(t time.Time) Moment { return Moment(t) }

// IsZero reports whether there is no such time.
func (m Moment) IsZero() bool { return time.Time(m).IsZero() }

// String is empty when there is no such time.
func (m Moment) String() string {
	if m.IsZero() {
		return ""
	}
	return time.Time(m).In(calendar.Oslo).Format("2006-01-02 15:04")
}

// UnmarshalJSON reads what WriteJSON writes.
func (m *Moment) UnmarshalJSON(b []byte) error { return (*time.Time)(m).UnmarshalJSON(b) }

// WriteJSON writes a result for programs. Every command's result has one form, whatever type it is made of: names in
// snake_case (of a field without a name of its own, made from Go's), times in RFC 3339 with Oslo's offset, amounts in whole
// øre with names that end in _ore, durations in seconds with names that end in _seconds, and never null for an empty list.
// encoding/json can say none of this for types that are not made for it.
func WriteJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	if err := encodeJSON(&b, reflect.ValueOf(v)); err != nil {
		return err
	}
	var out bytes.Buffer
	if indent == "" {
		out = b
	} else if err := json.Indent(&out, b.Bytes(), "", indent); err != nil {
		return err
	}
	out.WriteByte('\n')
	_, err := w.Write(out.Bytes())
	return err
}

var (
	oreType      = reflect.TypeFor[money.Ore]()
	timeType     = reflect.TypeFor[time.Time]()
	momentType   = reflect.TypeFor[Moment]()
	durationType = reflect.TypeFor[time.Duration]()
)

func encodeJSON(b *bytes.Buffer, v reflect.Value) error {
	for v.IsValid() && (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer) {
		if v.IsNil() {
			b.WriteString("null")
			return nil
		}
		v = v.Elem()
	}
	if !v.IsValid() {
		b.WriteString("null")
		return nil
	}
	switch v.Type() {
	case timeType, momentType:
		t := v.Convert(timeType).Interface().(time.Time)
		if t.IsZero() {
			b.WriteString("null")
			return nil
		}
		return appendJSON(b, t.In(calendar.Oslo).Format(time.RFC3339))
	case durationType:
		return appendJSON(b, time.Duration(v.Int()).Seconds())
	}
	if v.CanInterface() && v.Type() != oreType {
		switch v.Interface().(type) {
		case json.Marshaler, encoding.TextMarshaler:
			return appendJSON(b, v.Interface())
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		return encodeObject(b, v)
	case reflect.Map:
		return encodeMap(b, v)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			return appendJSON(b, v.Interface())
		}
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := encodeJSON(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case reflect.String:
		return appendJSON(b, v.String())
	case reflect.Bool:
		return appendJSON(b, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return appendJSON(b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return appendJSON(b, v.Uint())
	case reflect.Float32, reflect.Float64:
		return appendJSON(b, v.Float())
	}
	return fmt.Errorf("a result cannot have a %s", v.Type())
}

// appendJSON writes one value as encoding/json does, letters outside ASCII and <, > and & as they are.
func appendJSON(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // the line's end
	return nil
}

func encodeMap(b *bytes.Buffer, v reflect.Value) error {
	type entry struct {
		key   string
		value reflect.Value
	}
	var list []entry
	for it := v.MapRange(); it.Next(); {
		list = append(list, entry{fmt.Sprint(it.Key().Interface()), it.Value()})
	}
	slices.SortFunc(list, func(x, y entry) int { return strings.Compare(x.key, y.key) })
	b.WriteByte('{')
	for i, e := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := appendJSON(b, e.key); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := encodeJSON(b, e.value); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func encodeObject(b *bytes.Buffer, v reflect.Value) error {
	b.WriteByte('{')
	first := true
	if err := encodeFields(b, v, &first); err != nil {
		return err
	}
	b.WriteByte('}')
	return nil
}

// encodeFields writes the fields of a struct; those of an embedded one without a name stand among them.
func encodeFields(b *bytes.Buffer, v reflect.Value, first *bool) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, named := f.Tag.Lookup("json")
		name, opts, _ := strings.Cut(tag, ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		value := v.Field(i)
		if f.Anonymous && name == "" && value.Kind() == reflect.Struct {
			if err := encodeFields(b, value, first); err != nil {
				return err
			}
			continue
		}
		if !f.IsExported() || named && strings.Contains(opts, "omit") && absent(value) {
			continue
		}
		if name == "" {
			name = jsonName(f)
		}
		if !*first {
			b.WriteByte(',')
		}
		*first = false
		if err := appendJSON(b, name); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := encodeJSON(b, value); err != nil {
			return err
		}
	}
	return nil
}

// absent reports whether a field that may be left out is.
func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

// jsonName makes the name of a field from Go's, with the unit of its type.
func jsonName(f reflect.StructField) string {
	name := snakeCase(f.Name)
	switch {
	case f.Type == oreType && !strings.HasSuffix(name, "_ore"):
		name += "_ore"
	case f.Type == durationType && !strings.HasSuffix(name, "_seconds"):
		name += "_seconds"
	}
	return name
}

// snakeCase writes FirstSide as first_side, and TicketSHA256 as ticket_sha256.
func snakeCase(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
