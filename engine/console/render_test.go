package console

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/letters"
	"postgang/engine/console/manual"
	"postgang/engine/console/money"
	"postgang/engine/console/operation"
	"postgang/engine/console/page"
	"postgang/engine/console/people"
	"postgang/engine/console/reveal"
	"postgang/engine/console/send"
	"postgang/engine/console/settings"
	"postgang/engine/console/statistics"
	"postgang/engine/console/visit"
)

// models are the model of each page.
func models() map[string]any {
	out := map[string]any{"melding": visit.Notice{}, "handling": visit.Question{}, "fremmed": strangerPage{}, "hjelp": helpPage{}, "tilgjengelighet": accessibilityPage{}}
	for _, room := range []map[string]any{letters.Models(), manual.Models(), money.Models(), operation.Models(), people.Models(), reveal.Models(), send.Models(), settings.Models(), statistics.Models()} {
		maps.Copy(out, room)
	}
	return out
}

// TestEveryPageWithNothingAndWithAll renders each page with an empty model, and with one in which every field is set.
func TestEveryPageWithNothingAndWithAll(t *testing.T) {
	t.Parallel()
	models := models()
	for _, name := range page.Names() {
		model, ok := models[name]
		if !ok {
			t.Errorf("%s: no model is known", name)
			continue
		}
		for _, full := range []bool{false, true} {
			v := reflect.New(reflect.TypeOf(model)).Elem()
			if full {
				fill(v, 0)
			}
			var b bytes.Buffer
			f := page.Frame{Title: "Tittel", LoggedIn: full, Find: full, Person: "Kari", Nav: []page.MenuGroup{{Name: "Brev", Items: []page.MenuItem{{Name: "Oversikt", Path: "/", Here: true}}}}, Page: v.Interface()}
			if err := page.Render(&b, name, f); err != nil {
				t.Errorf("%s, full %v: %v", name, full, err)
				continue
			}
			text := b.String()
			if !strings.Contains(text, "<h1>") || strings.Count(text, "<h1>") != 1 || !strings.HasSuffix(strings.TrimSpace(strings.Split(text, "{{define")[0]), "</html>") {
				t.Errorf("%s, full %v: no heading, or several, or cut off", name, full)
			}
			for _, bad := range []string{"<no value>", "%!", "ZgotmplZ", " style=", "(private)"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s, full %v: %q", name, full, bad)
				}
			}
		}
	}
	for name := range models {
		if !slices.Contains(page.Names(), name) {
			t.Errorf("%s: a model without a page", name)
		}
	}
}

// fill sets every field to something.
func fill(v reflect.Value, depth int) {
	if depth > 8 {
		return
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("tekst")
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int8:
		v.SetInt(3)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), depth+1)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	default:
	}
}

// TestEveryWordIsThere: each status, state, reason and role has words of its own.
func TestEveryWordIsThere(t *testing.T) {
	t.Parallel()
	for _, r := range allRoles {
		if page.RoleWords[r][0] == "" || page.RoleWords[r][1] == "" {
			t.Errorf("role %s has no words", r)
		}
	}
	for r := range access.Permits {
		if page.RoleWords[r][0] == "" {
			t.Errorf("role %s has no words", r)
		}
	}
}

func TestOneWayIsMarked(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/", "/konfigurasjon": "/konfigurasjon", "/konfigurasjon/konto/barnehage": "/konfigurasjon",
		"/konfigurasjon/fagsystemer": "/konfigurasjon/fagsystemer", "/jobber/x": "/jobber", "/hjelp": "",
	} {
		menu := []page.MenuGroup{
			{Items: []page.MenuItem{{Path: "/"}, {Path: "/jobber"}}},
			{Items: []page.MenuItem{{Path: "/konfigurasjon"}, {Path: "/konfigurasjon/fagsystemer"}}},
		}
		markHere(menu, path)
		var got []string
		for _, g := range menu {
			for _, it := range g.Items {
				if it.Here {
					got = append(got, it.Path)
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s marks %q, want %q", path, got, want)
		}
	}
}
