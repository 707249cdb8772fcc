// Answers JSON cases with the real kubelet's pure functions: one case a line in, one answer a line out.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
	_ "unsafe"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/flowcontrol"
	resourcehelper "k8s.io/component-helpers/resource"
	"k8s.io/klog/v2"
	statsapi "k8s.io/kubelet/pkg/apis/stats/v1alpha1"
	podutil "k8s.io/kubernetes/pkg/api/v1/pod"
	v1qos "k8s.io/kubernetes/pkg/apis/core/v1/helper/qos"
	"k8s.io/kubernetes/pkg/kubelet"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	_ "k8s.io/kubernetes/pkg/kubelet/eviction"
	_ "k8s.io/kubernetes/pkg/kubelet/images"
	"k8s.io/kubernetes/pkg/kubelet/status"
	"k8s.io/kubernetes/pkg/util/parsers"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	testingclock "k8s.io/utils/clock/testing"
)

//go:linkname getPhase k8s.io/kubernetes/pkg/kubelet.getPhase
func getPhase(logger klog.Logger, pod *v1.Pod, info []v1.ContainerStatus, podIsTerminal, podHasInitialized bool) v1.PodPhase

//go:linkname evalCRIPullErr k8s.io/kubernetes/pkg/kubelet/images.evalCRIPullErr
func evalCRIPullErr(imgRef string, err error) (string, error)

//go:linkname mergePodStatus k8s.io/kubernetes/pkg/kubelet/status.mergePodStatus
func mergePodStatus(pod *v1.Pod, oldPodStatus, newPodStatus v1.PodStatus, couldHaveRunningContainers bool) v1.PodStatus

//go:linkname rankMemoryPressure k8s.io/kubernetes/pkg/kubelet/eviction.rankMemoryPressure
func rankMemoryPressure(pods []*v1.Pod, stats func(pod *v1.Pod) (statsapi.PodStats, bool))

//go:linkname logStatus k8s.io/kubernetes/pkg/kubelet.(*Kubelet).validateContainerLogStatus
func logStatus(kl *kubelet.Kubelet, logger klog.Logger, podName string, podStatus *v1.PodStatus, containerName string, previous bool) (kubecontainer.ContainerID, error)

type testCase struct {
	Op          string               `json:"op"`
	Text        string               `json:"text"`
	Env         map[string]string    `json:"env"`
	Pod         *v1.Pod              `json:"pod"`
	Statuses    []v1.ContainerStatus `json:"statuses"`
	Phase       v1.PodPhase          `json:"phase"`
	Conditions  []v1.PodCondition    `json:"conditions"`
	Terminal    bool                 `json:"terminal"`
	Initialized bool                 `json:"initialized"`
	ExitCode    int32                `json:"exitCode"`
	Container   *v1.Container        `json:"container"`
	Old         v1.PodStatus         `json:"old"`
	New         v1.PodStatus         `json:"new"`
	MayRun      bool                 `json:"mayRun"`
	Pods        []*v1.Pod            `json:"pods"`
	Usage       map[string]uint64    `json:"usage"`
	Previous    bool                 `json:"previous"`
	Steps       []float64            `json:"steps"`

	Node       *v1.Node          `json:"node"`
	Policy     v1.PullPolicy     `json:"policy"`
	Present    bool              `json:"present"`
	Error      string            `json:"error"`
	Limit      string            `json:"limit"`
	Available  string            `json:"available"`
	Resource   v1.ResourceName   `json:"resource"`
	Pressure   map[string]bool   `json:"pressure"`
	Errors     []string          `json:"errors"`
	Code       int               `json:"code"`
	PathType   v1.HostPathType   `json:"pathType"`
	ActualType string            `json:"actualType"`
	Items      []v1.KeyToPath    `json:"items"`
	Data       map[string]string `json:"data"`
	Optional   bool              `json:"optional"`
	Summary    statsapi.Summary  `json:"summary"`
}

func verdict(c v1.PodCondition) []string {
	return []string{string(c.Status), c.Reason, c.Message}
}

func answer(c testCase) any {
	switch c.Op {
	case "image":
		repo, tag, digest, err := parsers.ParseImageName(c.Text)
		if err != nil {
			return map[string]string{"error": err.Error()}
		}
		return []string{repo, tag, digest}
	case "conditions":
		old := c.Pod.Status
		return map[string]any{
			"containers":  verdict(status.GenerateContainersReadyCondition(c.Pod, &old, c.Statuses, c.Phase)),
			"ready":       verdict(status.GeneratePodReadyCondition(c.Pod, &old, c.Conditions, c.Statuses, c.Phase)),
			"initialized": verdict(status.GeneratePodInitializedCondition(c.Pod, &old, c.Statuses, c.Phase)),
			"phase":       getPhase(klog.Background(), c.Pod, c.Statuses, c.Terminal, c.Initialized),
		}
	case "qos":
		opts := resourcehelper.PodResourcesOptions{}
		return map[string]any{
			"qos":      v1qos.GetPodQOS(c.Pod),
			"requests": resourcehelper.PodRequests(c.Pod, opts),
			"limits":   resourcehelper.PodLimits(c.Pod, opts),
		}
	case "restart":
		return podutil.ContainerShouldRestart(*c.Container, c.Pod.Spec, c.ExitCode)
	case "expand":
		return expansion.Expand(c.Text, expansion.MappingFuncFor(c.Env))
	case "pull":
		msg, err := evalCRIPullErr("nginx", errors.New(c.Text))
		return []string{err.Error(), msg}
	case "merge":
		return mergePodStatus(c.Pod, c.Old, c.New, c.MayRun)
	case "rank":
		stats := func(pod *v1.Pod) (statsapi.PodStats, bool) {
			used := c.Usage[string(pod.UID)]
			mem := statsapi.MemoryStats{WorkingSetBytes: &used}
			return statsapi.PodStats{Memory: &mem, Containers: []statsapi.ContainerStats{{Name: "main", Memory: &mem}}}, true
		}
		rankMemoryPressure(c.Pods, stats)
		out := []types.UID{}
		for _, p := range c.Pods {
			out = append(out, p.UID)
		}
		return out
	case "log":
		id, err := logStatus(nil, klog.Background(), "web", &c.Pod.Status, "main", c.Previous)
		if err != nil {
			return map[string]string{"error": err.Error()}
		}
		return id.ID
	case "backoff":
		clock := testingclock.NewFakeClock(time.Unix(0, 0))
		b := flowcontrol.NewFakeBackOff(10*time.Second, 300*time.Second, clock)
		out := []string{}
		for _, step := range c.Steps {
			clock.Step(time.Duration(step * float64(time.Second)))
			finished := clock.Now()
			out = append(out, fmt.Sprintf("%v %v", b.IsInBackOffSince("x", finished), b.Get("x")))
			b.Next("x", finished)
		}
		return out
	}
	if found, ok := answerTexts(c); ok {
		return found
	}
	panic("unknown op " + c.Op)
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var c testCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			panic(err)
		}
		if err := out.Encode(answer(c)); err != nil {
			panic(err)
		}
	}
}
