package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/pelletier/go-toml/v2"
)

// shape holds a document against the settings that there are: every unknown name and every value of the wrong kind is a
// problem, and is taken out, so that the rest can be read and told of too. The TOML library stops at the first one, and words
// it in Go's types. It returns the document with whole numbers where a setting has decimals, and days, as TOML may write them, as
// text.
func (c *checker) shape(doc map[string]any, typ reflect.Type, path string) map[string]any {
	fields := settings(typ)
	out := map[string]any{}
	for _, name := range sortedKeys(doc) {
		at := join(path, name)
		field, ok := fields[name]
		if !ok {
			for known, t := range fields {
				if strings.EqualFold(known, name) {
					field, ok = t, true // the TOML library takes no notice of case either
				}
			}
		}
		if !ok {
			c.unknown(at, name, fields)
			continue
		}
		if v, ok := c.value(doc[name], field, at); ok {
			out[name] = v
		}
	}
	return out
}

// unknown tells of a name that is no setting, and of the one that was likely meant.
func (c *checker) unknown(at, name string, fields map[string]reflect.Type) {
	best, far := "", 3
	for _, known := range sortedKeys(fields) {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), known); d < far && d < len(known) {
			best, far = known, d
		}
	}
	if best != "" {
		c.add(at, "unknown setting; did you mean %q?", best)
		return
	}
	c.add(at, "unknown setting; there are: %s", strings.Join(sortedKeys(fields), ", "))
}

// settings are the names of a table's settings, with their types; those of embedded structs stand among them.
func settings(typ reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			for k, t := range settings(f.Type) {
				out[k] = t
			}
		case name != "":
			out[name] = f.Type
		}
	}
	return out
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// value checks one value against the type of its setting; false: it is taken out, and a problem tells why.
func (c *checker) value(v any, typ reflect.Type, at string) (any, bool) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	wrong := func() (any, bool) {
		c.add(at, "must be %s, and is %s", wanted(typ), found(v))
		return nil, false
	}
	if day, ok := v.(toml.LocalDate); ok && typ.Kind() == reflect.String {
		return day.String(), true
	}
	if reflect.PointerTo(typ).Implements(textType) {
		text, ok := v.(string)
		if !ok {
			return wrong()
		}
		if err := reflect.New(typ).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			c.add(at, "%v", err)
			return nil, false
		}
		return v, true
	}
	switch typ.Kind() {
	case reflect.Struct, reflect.Map:
		table, ok := v.(map[string]any)
		if !ok {
			return wrong()
		}
		if typ.Kind() == reflect.Struct {
			return c.shape(table, typ, at), true
		}
		out := map[string]any{}
		for _, k := range sortedKeys(table) {
			if v, ok := c.value(table[k], typ.Elem(), join(at, k)); ok {
				out[k] = v
			}
		}
		return out, true
	case reflect.Slice:
		return c.list(v, typ, at, wrong)
	case reflect.String:
		if _, ok := v.(string); !ok {
			return wrong()
		}
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			return wrong()
		}
	case reflect.Float64:
		switch n := v.(type) {
		case float64:
		case int64:
			return float64(n), true
		default:
			return wrong()
		}
	case reflect.Int, reflect.Int64:
		if _, ok := v.(int64); !ok {
			return wrong()
		}
	}
	return v, true
}

func (c *checker) list(v any, typ reflect.Type, at string, wrong func() (any, bool)) (any, bool) {
	list, ok := v.([]any)
	if !ok {
		return wrong()
	}
	out := []any{}
	for i, e := range list {
		of := at
		if elem := typ.Elem(); elem.Kind() == reflect.Struct || elem.Kind() == reflect.Pointer {
			of = fmt.Sprintf("%s[%d]", at, i)
		}
		if e, ok := c.value(e, typ.Elem(), of); ok {
			out = append(out, e)
		}
	}
	return out, true
}

// wanted words what a setting takes, with an example.
func wanted(typ reflect.Type) string {
	switch {
	case typ == reflect.TypeFor[Duration]():
		return `a duration in quotes, such as "2s" or "15m"`
	case reflect.PointerTo(typ).Implements(textType):
		return `text in quotes, such as "12,50"`
	}
	switch typ.Kind() {
	case reflect.Struct, reflect.Map:
		return "a table"
	case reflect.Slice:
		if slices.Contains([]reflect.Kind{reflect.Struct, reflect.Map}, typ.Elem().Kind()) {
			return "a list of tables"
		}
		return "a list, such as [" + example(typ.Elem()) + "]"
	case reflect.String:
		return "text in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number, such as 12.5"
	case reflect.Int, reflect.Int64:
		return "a whole number without quotes, such as 12"
	}
	return "something else"
}

func example(typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Int, reflect.Int64:
		return "1, 2"
	case reflect.Float64:
		return "1.5, 2.0"
	}
	return `"…", "…"`
}

// found words what stands there. Text is not repeated: it may be a secret in the wrong place.
func found(v any) string {
	switch v := v.(type) {
	case string:
		return "text in quotes"
	case bool:
		return fmt.Sprintf("%t", v)
	case int64:
		return fmt.Sprintf("the whole number %d", v)
	case float64:
		return fmt.Sprintf("the number %v", v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case time.Time, toml.LocalDate, toml.LocalTime, toml.LocalDateTime:
		return "a time"
	}
	return "something else"
}
