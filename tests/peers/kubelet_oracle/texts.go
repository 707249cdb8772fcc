// What the real kubelet says: admission, images, probes, volumes, conditions, evictions, metrics.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
	_ "unsafe"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/flowcontrol"
	compbasemetrics "k8s.io/component-base/metrics"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/klog/v2"
	statsapi "k8s.io/kubelet/pkg/apis/stats/v1alpha1"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/credentialprovider"
	kubeletscheme "k8s.io/kubernetes/pkg/kubelet/apis/config/scheme"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	evictionapi "k8s.io/kubernetes/pkg/kubelet/eviction/api"
	"k8s.io/kubernetes/pkg/kubelet/images"
	"k8s.io/kubernetes/pkg/kubelet/images/pullmanager"
	"k8s.io/kubernetes/pkg/kubelet/lifecycle"
	"k8s.io/kubernetes/pkg/kubelet/metrics/collectors"
	"k8s.io/kubernetes/pkg/kubelet/nodestatus"
	httpprobe "k8s.io/kubernetes/pkg/probe/http"
	schedulerframework "k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/volume/configmap"
	_ "k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/secret"
	testingclock "k8s.io/utils/clock/testing"

	kubeletconfig "k8s.io/kubelet/config/v1beta1"
)

type signalObservation struct {
	capacity  *resource.Quantity
	available *resource.Quantity
	time      metav1.Time
}

type statsFunc = func(pod *v1.Pod) (statsapi.PodStats, bool)

//go:linkname evictionMessage k8s.io/kubernetes/pkg/kubelet/eviction.evictionMessage
func evictionMessage(resourceToReclaim v1.ResourceName, pod *v1.Pod, stats statsFunc, thresholds []evictionapi.Threshold, observations map[evictionapi.Signal]signalObservation) (message string, annotations map[string]string)

type pathChecker interface {
	Exists() bool
	IsFile() bool
	MakeFile() error
	IsDir() bool
	MakeDir() error
	IsBlock() bool
	IsChar() bool
	IsSocket() bool
	GetPath() string
	GetType() (string, error)
}

//go:linkname checkTypeInternal k8s.io/kubernetes/pkg/volume/hostpath.checkTypeInternal
func checkTypeInternal(ftc pathChecker, pathType *v1.HostPathType) error

type somePath struct{ path, kind string }

func (p somePath) Exists() bool    { return p.kind != "" }
func (p somePath) IsFile() bool    { return p.kind == "File" }
func (p somePath) MakeFile() error { return nil }
func (p somePath) IsDir() bool     { return p.kind == "Directory" }
func (p somePath) MakeDir() error  { return nil }
func (p somePath) IsBlock() bool   { return p.kind == "BlockDevice" }
func (p somePath) IsChar() bool    { return p.kind == "CharDevice" }
func (p somePath) IsSocket() bool  { return p.kind == "Socket" }
func (p somePath) GetPath() string { return p.path }
func (p somePath) GetType() (string, error) {
	if p.kind == "" {
		return "", errors.New("path \"" + p.path + "\" does not exist")
	}
	return p.kind, nil
}

type resigned struct{}

func (resigned) HandleAdmissionFailure(_ context.Context, _ *v1.Pod, reasons []lifecycle.PredicateFailureReason, _ lifecycle.Operation) ([]lifecycle.PredicateFailureReason, error) {
	return reasons, nil
}

type someImages struct {
	kubecontainer.ImageService
	c testCase
}

func (s someImages) PullImage(context.Context, kubecontainer.ImageSpec, []credentialprovider.TrackedAuthConfig, *runtimeapi.PodSandboxConfig) (string, *credentialprovider.TrackedAuthConfig, error) {
	if s.c.Error != "" {
		return "", nil, errors.New(s.c.Error)
	}
	return "ref", nil, nil
}

func (s someImages) GetImageRef(context.Context, kubecontainer.ImageSpec) (string, error) {
	if s.c.Text != "" {
		return "", errors.New(s.c.Text)
	}
	if s.c.Present {
		return "ref", nil
	}
	return "", nil
}

func (s someImages) GetImageSize(context.Context, kubecontainer.ImageSpec) (uint64, error) {
	return uint64(s.c.Code), nil
}

type noTimes struct{}

func (noTimes) RecordImageStartedPulling(types.UID)  {}
func (noTimes) RecordImageFinishedPulling(types.UID) {}

func ensureImage(c testCase) any {
	clock := testingclock.NewFakeClock(time.Unix(0, 0))
	backOff := flowcontrol.NewFakeBackOff(10*time.Second, 300*time.Second, clock)
	recorder := record.NewFakeRecorder(100)
	manager := images.NewImageManager(recorder, &credentialprovider.BasicDockerKeyring{}, someImages{c: c},
		&pullmanager.NoopImagePullManager{}, backOff, true, nil, 0, 0, noTimes{})
	out := []any{}
	for _, step := range c.Steps {
		clock.Step(time.Duration(step * float64(time.Second)))
		_, message, err := manager.EnsureImageExists(context.Background(), &v1.ObjectReference{}, c.Pod, c.Pod.Spec.Containers[0].Image, nil, &runtimeapi.PodSandboxConfig{Metadata: &runtimeapi.PodSandboxMetadata{}}, "", c.Policy)
		said := []string{}
		for len(recorder.Events) > 0 {
			said = append(said, <-recorder.Events)
		}
		reason := ""
		if err != nil {
			reason = err.Error()
		}
		out = append(out, map[string]any{"message": message, "reason": reason, "events": said})
	}
	return out
}

func conditions(c testCase) any {
	said := []string{}
	tell := func(_ klog.Logger, kind, event string) { said = append(said, kind+" "+event) }
	now := func() time.Time { return time.Unix(1700000000, 0).UTC() }
	of := func(name string) func() bool { return func() bool { return c.Pressure[name] } }
	problem := func(index int) func() error {
		return func() error {
			if index < len(c.Errors) && c.Errors[index] != "" {
				return errors.New(c.Errors[index])
			}
			return nil
		}
	}
	setters := []nodestatus.Setter{
		nodestatus.MemoryPressureCondition(now, of("memory"), tell),
		nodestatus.DiskPressureCondition(now, of("disk"), tell),
		nodestatus.PIDPressureCondition(now, of("pid"), tell),
		nodestatus.ReadyCondition(now, problem(0), problem(1), problem(2), func() cm.Status { return cm.Status{} }, problem(3), tell, true),
	}
	for _, set := range setters {
		if err := set(context.Background(), c.Node); err != nil {
			panic(err)
		}
	}
	return map[string]any{"conditions": c.Node.Status.Conditions, "events": said}
}

func evicted(c testCase) any {
	signals := map[v1.ResourceName]evictionapi.Signal{
		v1.ResourceMemory:           evictionapi.SignalMemoryAvailable,
		v1.ResourceEphemeralStorage: evictionapi.SignalNodeFsAvailable,
	}
	thresholds := []evictionapi.Threshold{}
	observations := map[evictionapi.Signal]signalObservation{}
	if signal, ok := signals[c.Resource]; ok && c.Limit != "" {
		limit, available := resource.MustParse(c.Limit), resource.MustParse(c.Available)
		thresholds = append(thresholds, evictionapi.Threshold{Signal: signal, Value: evictionapi.ThresholdValue{Quantity: &limit}})
		observations[signal] = signalObservation{capacity: &limit, available: &available}
	}
	stats := func(pod *v1.Pod) (statsapi.PodStats, bool) {
		found := statsapi.PodStats{}
		for _, container := range pod.Spec.Containers {
			used := c.Usage[container.Name]
			found.Containers = append(found.Containers, statsapi.ContainerStats{
				Name: container.Name, Memory: &statsapi.MemoryStats{WorkingSetBytes: &used}})
		}
		return found, true
	}
	message, annotations := evictionMessage(c.Resource, c.Pod, stats, thresholds, observations)
	return map[string]any{"message": message, "annotations": annotations}
}

type oneAnswer struct{ c testCase }

func (o oneAnswer) Do(*http.Request) (*http.Response, error) {
	if o.c.Error != "" {
		return nil, errors.New(o.c.Error)
	}
	return &http.Response{StatusCode: o.c.Code, Body: io.NopCloser(bytes.NewBufferString(o.c.Text))}, nil
}

type oneSummary struct{ summary *statsapi.Summary }

func (o oneSummary) Get(context.Context, bool) (*statsapi.Summary, error) { return o.summary, nil }
func (o oneSummary) GetCPUAndMemoryStats(context.Context) (*statsapi.Summary, error) {
	return o.summary, nil
}

func failure(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func answerTexts(c testCase) (any, bool) {
	switch c.Op {
	case "admit":
		node := func(context.Context, bool) (*v1.Node, error) { return c.Node, nil }
		update := func(*schedulerframework.NodeInfo, *lifecycle.PodAdmitAttributes) error { return nil }
		handler := lifecycle.NewPredicateAdmitHandler(node, resigned{}, update)
		return handler.Admit(context.Background(), &lifecycle.PodAdmitAttributes{Pod: c.Pod, OtherPods: c.Pods, Operation: lifecycle.AddOperation}), true
	case "ensure":
		return ensureImage(c), true
	case "nodeconditions":
		return conditions(c), true
	case "evicted":
		return evicted(c), true
	case "httpprobe":
		request, _ := http.NewRequest("GET", "http://10.0.0.1/", nil)
		result, output, err := httpprobe.DoHTTPProbe(request, oneAnswer{c})
		return []string{string(result), output, failure(err)}, true
	case "hostpath":
		return failure(checkTypeInternal(somePath{c.Text, c.ActualType}, &c.PathType)), true
	case "payload":
		mode := int32(420)
		_, err := configmap.MakePayload(c.Items, &v1.ConfigMap{Data: c.Data}, &mode, nil, c.Optional)
		data := map[string][]byte{}
		for key, value := range c.Data {
			data[key] = []byte(value)
		}
		_, other := secret.MakePayload(c.Items, &v1.Secret{Data: data}, &mode, nil, c.Optional)
		return []string{failure(err), failure(other)}, true
	case "resourcemetrics":
		registry := compbasemetrics.NewKubeRegistry()
		registry.CustomMustRegister(collectors.NewResourceMetricsCollector(oneSummary{&c.Summary}))
		answer := httptest.NewRecorder()
		compbasemetrics.HandlerFor(registry, compbasemetrics.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics/resource", nil))
		return map[string]string{"type": answer.Header().Get("Content-Type"), "text": answer.Body.String()}, true
	case "twoway":
		before, _ := json.Marshal(v1.Pod{Status: c.Old})
		after, _ := json.Marshal(v1.Pod{Status: c.New})
		patch, err := strategicpatch.CreateTwoWayMergePatch(before, after, v1.Pod{})
		if err != nil {
			panic(err)
		}
		return json.RawMessage(patch), true
	case "configz":
		internal, err := options.NewKubeletConfiguration()
		if err != nil {
			panic(err)
		}
		scheme, _, err := kubeletscheme.NewSchemeAndCodecs()
		if err != nil {
			panic(err)
		}
		versioned := kubeletconfig.KubeletConfiguration{}
		if err := scheme.Convert(internal, &versioned, nil); err != nil {
			panic(err)
		}
		raw, _ := json.Marshal(map[string]any{"kubeletconfig": versioned})
		return json.RawMessage(raw), true
	}
	return nil, false
}
