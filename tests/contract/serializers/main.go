// Command serializers answers, one JSON object per line, what the real server's own packages make of
// a body: its parsers, decoders, defaults, conversions, stored form and encoders, without HTTP,
// admission and validation.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	aggregator "k8s.io/kube-aggregator/pkg/apiserver/scheme"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/controlplane"
	"sigs.k8s.io/yaml"
)

const protobufType = "application/vnd.kubernetes.protobuf"

// question: Body is text or base64 after "b64:"; versions are "group/version", core is "/v1".
type question struct {
	Op      string `json:"op"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	Body    string `json:"body"`
	Storage string `json:"storage"`
	To      string `json:"to"`
}

type answer struct {
	Error    string          `json:"error,omitempty"`
	Problems []string        `json:"problems,omitempty"`
	Object   json.RawMessage `json:"object,omitempty"`
	Protobuf []byte          `json:"protobuf,omitempty"`
	Text     string          `json:"text,omitempty"`
	Value    int64           `json:"value,omitempty"`
	Milli    int64           `json:"milli,omitempty"`
}

func version(text string) schema.GroupVersion {
	group, version, _ := strings.Cut(text, "/")
	return schema.GroupVersion{Group: group, Version: version}
}

func codecs(group string) (*runtime.Scheme, serializer.CodecFactory) {
	switch group {
	case "apiextensions.k8s.io":
		return apiextensions.Scheme, apiextensions.Codecs
	case "apiregistration.k8s.io":
		return aggregator.Scheme, aggregator.Codecs
	}
	return legacyscheme.Scheme, legacyscheme.Codecs
}

func media(factory serializer.CodecFactory, name string) runtime.SerializerInfo {
	info, ok := runtime.SerializerInfoForMediaType(factory.SupportedMediaTypes(), name)
	if !ok {
		panic("no media type " + name)
	}
	return info
}

// problems takes the strict errors off; what is left is fatal.
func problems(err error, a *answer) error {
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		for _, e := range strict.Errors() {
			a.Problems = append(a.Problems, e.Error())
		}
		return nil
	}
	return err
}

// decode reads into the versioned type, without defaults, and writes it again.
func decode(q question, body []byte, a *answer) error {
	gvk := version(q.Version).WithKind(q.Kind)
	scheme, factory := codecs(gvk.Group)
	into, err := scheme.New(gvk)
	if err != nil {
		return err
	}
	out, _, err := media(factory, runtime.ContentTypeJSON).StrictSerializer.Decode(body, &gvk, into)
	if err := problems(err, a); err != nil {
		return err
	}
	out.GetObjectKind().SetGroupVersionKind(gvk)
	if a.Object, err = json.Marshal(out); err != nil {
		return err
	}
	if raw, err := runtime.Encode(media(factory, protobufType).Serializer, out); err == nil {
		a.Protobuf = raw
	}
	return nil
}

// store does what the server does between a request and its reply.
func store(q question, body []byte, a *answer) error {
	gvk := version(q.Version).WithKind(q.Kind)
	_, factory := codecs(gvk.Group)
	plain := media(factory, runtime.ContentTypeJSON)
	internal, _, err := factory.DecoderToVersion(plain.StrictSerializer, runtime.InternalGroupVersioner).Decode(body, &gvk, nil)
	if err := problems(err, a); err != nil {
		return err
	}
	format := media(factory, protobufType).Serializer
	if gvk.Group == "apiextensions.k8s.io" {
		format = plain.Serializer
	}
	stored, err := runtime.Encode(factory.EncoderForVersion(format, version(q.Storage)), internal)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	read, err := runtime.Decode(factory.UniversalDecoder(), stored)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	a.Object, err = runtime.Encode(factory.EncoderForVersion(plain.Serializer, version(q.To)), read)
	return err
}

func parse(q question, body []byte, a *answer) (err error) {
	if q.Op == "quantity" {
		value, err := resource.ParseQuantity(q.Body)
		if err == nil {
			a.Text, a.Value, a.Milli = value.String(), value.Value(), value.MilliValue()
		}
		return err
	}
	if a.Object, err = yaml.YAMLToJSON(body); err != nil {
		return err
	}
	if _, err := yaml.YAMLToJSONStrict(body); err != nil {
		a.Problems = []string{err.Error()}
	}
	return nil
}

func handle(q question) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{Error: fmt.Sprint("panic: ", p)}
		}
	}()
	body := []byte(q.Body)
	if text, ok := strings.CutPrefix(q.Body, "b64:"); ok {
		body, _ = base64.StdEncoding.DecodeString(text)
	}
	do := map[string]func(question, []byte, *answer) error{
		"decode": decode, "store": store, "quantity": parse, "yaml": parse,
	}[q.Op]
	if err := do(q, body, &a); err != nil {
		a = answer{Error: err.Error()}
	}
	return a
}

func main() {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			panic(err)
		}
		if err := out.Encode(handle(q)); err != nil {
			panic(err)
		}
	}
}
