// Command gotypes prints what Go's reflection knows about the API types, as one JSON object:
// {"<OpenAPI name>": {"go": ..., "gvks": [...], "marshals": bool, "fields": [[json name, facts], ...]}}.
//
// usage: gotypes GROUP/VERSION... (the core group is "/v1")
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

type fact struct {
	Type   any    `json:"t"`
	Go     string `json:"go"`
	Ptr    bool   `json:"ptr,omitempty"`
	Omit   string `json:"omit,omitempty"`
	Inline bool   `json:"inline,omitempty"`
	Patch  string `json:"pm,omitempty"`
	Key    string `json:"pk,omitempty"`
}

type field struct {
	name string
	fact fact
}

func (f field) MarshalJSON() ([]byte, error) { return json.Marshal([]any{f.name, f.fact}) }

type model struct {
	Go       string      `json:"go"`
	GVKs     [][3]string `json:"gvks,omitempty"`
	Marshals bool        `json:"marshals,omitempty"`
	Fields   []field     `json:"fields"`
}

type named interface{ OpenAPIModelName() string }

var (
	marshaler = reflect.TypeFor[json.Marshaler]()
	models    = map[string]*model{}
)

// unregistered types that clients and servers exchange all the same.
var extras = []any{
	metav1.Status{}, metav1.APIGroupList{}, metav1.APIGroup{}, metav1.APIResourceList{}, metav1.APIVersions{},
	metav1.Table{}, metav1.TableOptions{}, metav1.PartialObjectMetadata{}, metav1.PartialObjectMetadataList{},
	metav1.List{}, metav1.RootPaths{}, metav1.WatchEvent{}, metav1.LabelSelector{}, metav1.Condition{},
	metav1.CreateOptions{}, metav1.UpdateOptions{}, metav1.PatchOptions{}, metav1.DeleteOptions{},
	metav1.GetOptions{}, metav1.ListOptions{}, metav1.ApplyOptions{}, version.Info{}, runtime.Unknown{},
}

func name(t reflect.Type) string {
	if n, ok := reflect.Zero(t).Interface().(named); ok {
		return n.OpenAPIModelName()
	}
	path := strings.Split(t.PkgPath(), "/")
	host := strings.Split(path[0], ".")
	for i, j := 0, len(host)-1; i < j; i, j = i+1, j-1 {
		host[i], host[j] = host[j], host[i]
	}
	path[0] = strings.Join(host, ".")
	return strings.Join(path, ".") + "." + t.Name()
}

func describe(t reflect.Type) any {
	switch t.Kind() {
	case reflect.Pointer:
		return describe(t.Elem())
	case reflect.Struct:
		visit(t)
		return map[string]any{"ref": name(t)}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return map[string]any{"list": describe(t.Elem())}
	case reflect.Map:
		return map[string]any{"map": describe(t.Elem())}
	case reflect.Int32:
		return "int32"
	case reflect.Int, reflect.Int64:
		return "int64"
	case reflect.Interface:
		return "any"
	case reflect.String, reflect.Bool, reflect.Float64:
		return t.Kind().String()
	}
	panic(fmt.Sprintf("unexpected kind %s of %s", t.Kind(), t))
}

func visit(t reflect.Type) *model {
	key := name(t)
	if m, ok := models[key]; ok {
		return m
	}
	m := &model{Go: t.Name(), Fields: []field{}}
	models[key] = m
	m.Marshals = t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler)
	if !m.Marshals {
		m.Fields = fields(t, false)
	}
	return m
}

// fields flattens embedded structs in place; a name of an outer struct wins.
func fields(t reflect.Type, inline bool) []field {
	var all []field
	own := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, hasTag := f.Tag.Lookup("json")
		parts := strings.Split(tag, ",")
		if parts[0] == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous && parts[0] == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				all = append(all, fields(inner, true)...)
				continue
			}
		}
		jsonName := parts[0]
		if jsonName == "" {
			jsonName = f.Name
		}
		if !hasTag {
			continue
		}
		x := fact{Type: describe(f.Type), Go: f.Name, Ptr: f.Type.Kind() == reflect.Pointer, Inline: inline,
			Patch: f.Tag.Get("patchStrategy"), Key: f.Tag.Get("patchMergeKey")}
		for _, option := range parts[1:] {
			switch option {
			case "omitempty":
				x.Omit = "empty"
			case "omitzero":
				x.Omit = strings.TrimPrefix(x.Omit+"+zero", "+")
			case "", "inline":
			default:
				panic("unexpected json option " + option + " of " + f.Name)
			}
		}
		own[jsonName] = true
		all = append(all, field{jsonName, x})
	}
	var result []field
	for _, f := range all {
		if f.fact.Inline && !inline && own[f.name] {
			continue
		}
		result = append(result, f)
	}
	return result
}

func main() {
	for _, add := range []func(*runtime.Scheme) error{
		apiextensionsv1.AddToScheme, apiregistrationv1.AddToScheme, metricsv1beta1.AddToScheme, admissionv1.AddToScheme,
	} {
		if err := add(scheme.Scheme); err != nil {
			panic(err)
		}
	}
	wanted := map[string]bool{}
	for _, gv := range os.Args[1:] {
		wanted[gv] = true
	}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		if !wanted[gvk.Group+"/"+gvk.Version] {
			continue
		}
		m := visit(t)
		m.GVKs = append(m.GVKs, [3]string{gvk.Group, gvk.Version, gvk.Kind})
	}
	for _, extra := range extras {
		visit(reflect.TypeOf(extra))
	}
	for _, m := range models {
		sort.Slice(m.GVKs, func(i, j int) bool { return strings.Join(m.GVKs[i][:], "/") < strings.Join(m.GVKs[j][:], "/") })
	}
	if err := json.NewEncoder(os.Stdout).Encode(models); err != nil {
		panic(err)
	}
}
