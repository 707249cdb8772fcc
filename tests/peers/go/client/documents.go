package main

import (
	"context"
	"errors"
	"fmt"
	"sort"

	openapi_v3 "github.com/google/gnostic-models/openapiv3"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const openAPIProtobuf = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"

// openAPIForms holds that every OpenAPI v3 document says the same in JSON and in protobuf.
func openAPIForms(_ context.Context, p *peer) error {
	paths, err := p.client.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	names := make([]string, 0, len(paths))
	for name := range paths {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		text, err := paths[name].Schema("application/json")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		message, err := paths[name].Schema(openAPIProtobuf)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := sameDocument(text, message); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func sameDocument(text, message []byte) error {
	fromText, err := openapi_v3.ParseDocument(text)
	if err != nil {
		return err
	}
	fromMessage := &openapi_v3.Document{}
	if err := proto.Unmarshal(message, fromMessage); err != nil {
		return err
	}
	for _, document := range []*openapi_v3.Document{fromText, fromMessage} {
		if err := normalise(document.ProtoReflect()); err != nil {
			return err
		}
	}
	if !proto.Equal(fromText, fromMessage) {
		return errors.New("JSON and protobuf differ")
	}
	return nil
}

// normalise writes the YAML of free values anew, for it can be written in many ways.
func normalise(message protoreflect.Message) error {
	if value, ok := message.Interface().(*openapi_v3.Any); ok {
		var tree any
		if err := yaml.Unmarshal([]byte(value.Yaml), &tree); err != nil {
			return err
		}
		text, err := yaml.Marshal(tree)
		value.Yaml = string(text)
		return err
	}
	var failure error
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.Kind() != protoreflect.MessageKind {
			return true
		}
		if !field.IsList() {
			failure = normalise(value.Message())
			return failure == nil
		}
		for i := range value.List().Len() {
			if failure = normalise(value.List().Get(i).Message()); failure != nil {
				return false
			}
		}
		return true
	})
	return failure
}
