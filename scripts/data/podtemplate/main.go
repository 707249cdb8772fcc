// Command podtemplate prints the Go types below PodTemplateSpec as one JSON object: a struct as
// [[Go field, JSON name, Go type], ...], any other named type as the type it is made of. With -dump
// it reads a template as JSON from standard input and prints the text that controllers hash.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/dump"
)

var seen = map[string]any{}

// plain is what a named type that is no struct is made of.
func plain(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "[]" + t.Elem().String()
	case reflect.Map:
		return "map[" + t.Key().String() + "]" + t.Elem().String()
	}
	return t.Kind().String()
}

func visit(t reflect.Type) {
	if _, ok := seen[t.String()]; ok || t.PkgPath() == "time" {
		return
	}
	if t.Kind() == reflect.Struct && t.PkgPath() != "k8s.io/apimachinery/pkg/api/resource" {
		fields := [][]string{}
		seen[t.String()] = nil
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, []string{f.Name, name, f.Type.String()})
			visit(f.Type)
		}
		seen[t.String()] = fields
		return
	}
	if t.PkgPath() != "" && t.Kind() != reflect.Struct {
		seen[t.String()] = plain(t)
	}
	switch t.Kind() {
	case reflect.Map, reflect.Slice, reflect.Pointer:
		visit(t.Elem())
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-dump" {
		var template corev1.PodTemplateSpec
		if err := json.NewDecoder(os.Stdin).Decode(&template); err != nil {
			panic(err)
		}
		fmt.Print(dump.ForHash(template))
		return
	}
	visit(reflect.TypeOf(corev1.PodTemplateSpec{}))
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		panic(err)
	}
}
