// Command gonames prints the Go names that JSON decoding errors show and that do not follow from
// types.json: {"<OpenAPI name>": {"<json field>": ["<embedded structs>", "<Go type>", "<element>", ...]}}.
//
// usage: gonames GROUP/VERSION... (the core group is "/v1")
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type named interface{ OpenAPIModelName() string }

var (
	marshaler = reflect.TypeFor[json.Marshaler]()
	seen      = map[reflect.Type]bool{}
	result    = map[string]map[string][]string{}
)

func bare(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// chain lists the Go types from a field down to its innermost element.
func chain(t reflect.Type) []string {
	t = bare(t)
	names := []string{t.String()}
	switch t.Kind() {
	case reflect.Struct:
		visit(t)
	case reflect.Slice, reflect.Map:
		if !custom(t) && t.Elem().Kind() != reflect.Uint8 {
			names = append(names, chain(t.Elem())...)
		}
	}
	return names
}

func custom(t reflect.Type) bool {
	return t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler)
}

func visit(t reflect.Type) {
	if seen[t] || custom(t) {
		return
	}
	seen[t] = true
	n, ok := reflect.Zero(t).Interface().(named)
	table := map[string][]string{}
	fields(t, "", table)
	if ok && len(table) > 0 {
		result[n.OpenAPIModelName()] = table
	}
}

func fields(t reflect.Type, inside string, table map[string][]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			fields(bare(f.Type), strings.TrimPrefix(inside+"."+f.Name, "."), table)
			continue
		}
		names := chain(f.Type)
		if tag == "" || tag == "-" || inside == "" && plain(bare(f.Type)) {
			continue
		}
		if _, own := table[tag]; !own {
			table[tag] = append([]string{inside}, names...)
		}
	}
}

// plain says that the name follows from the shape.
func plain(t reflect.Type) bool {
	if t.Kind() == reflect.Struct {
		return true
	}
	if t.Name() != "" {
		return t.PkgPath() == "" && t.Name() != "int"
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map:
		named := t.Kind() == reflect.Map && t.Key().PkgPath() != ""
		return !named && t.Elem().Kind() != reflect.Pointer && plain(t.Elem())
	}
	return true
}

func main() {
	for _, add := range []func(*runtime.Scheme) error{apiextensionsv1.AddToScheme, apiregistrationv1.AddToScheme} {
		if err := add(scheme.Scheme); err != nil {
			panic(err)
		}
	}
	wanted := map[string]bool{}
	for _, gv := range os.Args[1:] {
		wanted[gv] = true
	}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		if wanted[gvk.Group+"/"+gvk.Version] {
			visit(t)
		}
	}
	visit(reflect.TypeFor[metav1.Status]())
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		panic(err)
	}
}
