// Command scheduler_oracle asks the real kube-scheduler's own code what it makes of small clusters.
//
// It reads one case as JSON from each line of its input ({"objects": [...], "pod": "namespace/name",
// "config": KubeSchedulerConfiguration or absent}) and writes one line with the answer: each node's
// verdict, the scores of the nodes that fit, the message of FailedScheduling and the victims of a
// preemption. No API server is involved.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	configscheme "k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/profile"
	clocktesting "k8s.io/utils/clock/testing"
)

type request struct {
	Objects []json.RawMessage `json:"objects"`
	Pod     string            `json:"pod"`
	Config  json.RawMessage   `json:"config,omitempty"`
	Steps   []step            `json:"steps,omitempty"`
}

// step changes something in a running scheduler's cluster, or lets seconds pass.
type step struct {
	Apply   json.RawMessage `json:"apply,omitempty"`
	Delete  json.RawMessage `json:"delete,omitempty"`
	Seconds float64         `json:"seconds,omitempty"`
}

type verdict struct {
	Code    string   `json:"code"`
	Plugin  string   `json:"plugin,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
}

type answer struct {
	Error     string                      `json:"error,omitempty"`
	PreFilter *verdict                    `json:"preFilter,omitempty"`
	Verdicts  map[string]verdict          `json:"verdicts,omitempty"`
	Scores    map[string]map[string]int64 `json:"scores,omitempty"`
	Message   string                      `json:"message,omitempty"`
	Plugins   []string                    `json:"plugins,omitempty"`
	Host      string                      `json:"host,omitempty"`
	Nominated *string                     `json:"nominated,omitempty"`
	Victims   []string                    `json:"victims,omitempty"`
	Claims    map[string]json.RawMessage  `json:"claims,omitempty"`
	Writes    []write                     `json:"writes,omitempty"`
	Told      [][]write                   `json:"told,omitempty"`
}

// write is a call of the API or an event about a pod.
type write struct {
	Verb string          `json:"verb"`
	Pod  string          `json:"pod"`
	Body json.RawMessage `json:"body,omitempty"`
}

// diary collects the events that plugins record.
type diary struct {
	mutex  sync.Mutex
	events []write
}

func (d *diary) Eventf(regarding runtime.Object, related runtime.Object, eventtype, reason, action, note string, args ...interface{}) {
	pod := regarding.(*v1.Pod)
	body, err := json.Marshal([]string{eventtype, reason, action, fmt.Sprintf(note, args...)})
	if err != nil {
		panic(err)
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.events = append(d.events, write{Verb: "event", Pod: pod.Namespace + "/" + pod.Name, Body: body})
}

func (d *diary) WithLogger(klog.Logger) events.EventRecorderLogger { return d }

type world struct {
	client  *fake.Clientset
	factory informers.SharedInformerFactory
	sched   *scheduler.Scheduler
	pods    map[string]*v1.Pod
	nodes   []string
	request request
	diary   diary
	version int
	seen    map[string]bool
}

func codeOf(status *fwk.Status) verdict {
	return verdict{Code: status.Code().String(), Plugin: status.Plugin(), Reasons: status.Reasons()}
}

func store(factory informers.SharedInformerFactory, obj runtime.Object) (cache.Store, error) {
	kind := obj.GetObjectKind().GroupVersionKind()
	plural := strings.ToLower(kind.Kind) + "s"
	switch kind.Kind {
	case "StorageClass":
		plural = "storageclasses"
	case "CSIStorageCapacity":
		plural = "csistoragecapacities"
	case "DeviceClass":
		plural = "deviceclasses"
	}
	informer, err := factory.ForResource(kind.GroupVersion().WithResource(plural))
	if err != nil {
		return nil, err
	}
	return informer.Informer().GetIndexer(), nil
}

func configured(req request) ([]scheduler.Option, error) {
	if len(req.Config) == 0 {
		return nil, nil
	}
	obj, _, err := configscheme.Codecs.UniversalDecoder().Decode(req.Config, nil, nil)
	if err != nil {
		return nil, err
	}
	cfg := obj.(*config.KubeSchedulerConfiguration)
	return []scheduler.Option{scheduler.WithProfiles(cfg.Profiles...),
		scheduler.WithPercentageOfNodesToScore(cfg.PercentageOfNodesToScore)}, nil
}

func build(ctx context.Context, req request) (*world, error) {
	w := &world{pods: map[string]*v1.Pod{}, request: req}
	w.client = fake.NewSimpleClientset()
	w.factory = scheduler.NewInformerFactory(w.client, 0, nil)
	options, err := configured(req)
	if err != nil {
		return nil, err
	}
	recorder := profile.RecorderFactory(func(string) events.EventRecorderLogger { return &w.diary })
	sched, err := scheduler.New(ctx, w.client, w.factory, nil, recorder, options...)
	if err != nil {
		return nil, err
	}
	w.sched = sched
	if hasDevices(req) {
		return w, observe(ctx, w, req)
	}
	logger := klog.FromContext(ctx)
	for _, raw := range req.Objects {
		obj, _, err := clientscheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%w in %s", err, raw)
		}
		keep, err := store(w.factory, obj)
		if err != nil {
			return nil, err
		}
		if err := keep.Add(obj); err != nil {
			return nil, err
		}
		switch typed := obj.(type) {
		case *v1.Node:
			sched.Cache.AddNode(logger, typed)
			w.nodes = append(w.nodes, typed.Name)
		case *v1.Pod:
			w.pods[typed.Namespace+"/"+typed.Name] = typed
			if err := w.client.Tracker().Add(typed); err != nil {
				return nil, err
			}
			if typed.Spec.NodeName != "" {
				if err := sched.Cache.AddPod(logger, typed); err != nil {
					return nil, err
				}
			}
		}
	}
	for name, pod := range w.pods {
		if name != req.Pod && pod.Spec.NodeName == "" && pod.Status.NominatedNodeName != "" {
			sched.SchedulingQueue.Add(ctx, pod)
		}
	}
	return w, nil
}

// play runs the scheduler itself, event handlers, queue and all, and lists what it tells after each step.
func play(req request) (result answer) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &world{request: req, seen: map[string]bool{}}
	w.client = fake.NewSimpleClientset()
	w.client.PrependReactor("create", "pods", w.bound)
	w.factory = scheduler.NewInformerFactory(w.client, 0, nil)
	ticking := clocktesting.NewFakeClock(time.Unix(1_700_000_000, 0))
	options, err := configured(req)
	if err != nil {
		return answer{Error: err.Error()}
	}
	recorder := profile.RecorderFactory(func(string) events.EventRecorderLogger { return &w.diary })
	sched, err := scheduler.New(ctx, w.client, w.factory, nil, recorder, append(options, scheduler.WithClock(ticking))...)
	if err != nil {
		return answer{Error: err.Error()}
	}
	w.sched = sched
	w.factory.Start(ctx.Done())
	w.factory.WaitForCacheSync(ctx.Done())
	if err := sched.WaitForHandlersSync(ctx); err != nil {
		return answer{Error: err.Error()}
	}
	go sched.Run(ctx)
	for !ticking.HasWaiters() {
		time.Sleep(time.Millisecond)
	}
	for _, next := range req.Steps {
		if err := w.take(next, ticking); err != nil {
			return answer{Error: err.Error()}
		}
		result.Told = append(result.Told, w.news())
	}
	return result
}

func (w *world) take(next step, ticking *clocktesting.FakeClock) error {
	for past := 0.0; past < next.Seconds; past += 0.25 {
		ticking.Step(250 * time.Millisecond)
		time.Sleep(2 * time.Millisecond)
	}
	ticking.Step(10 * time.Millisecond)
	if len(next.Apply) > 0 {
		obj, _, err := clientscheme.Codecs.UniversalDeserializer().Decode(next.Apply, nil, nil)
		if err != nil {
			return err
		}
		return w.put(obj)
	}
	if len(next.Delete) > 0 {
		obj, kind, err := clientscheme.Codecs.UniversalDeserializer().Decode(next.Delete, nil, nil)
		if err != nil {
			return err
		}
		name := obj.(metav1.Object)
		resource := kind.GroupVersion().WithResource(strings.ToLower(kind.Kind) + "s")
		delete(w.seen, kind.Kind+"/"+name.GetName())
		if err := w.client.Tracker().Delete(resource, name.GetNamespace(), name.GetName()); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// put creates or replaces; the status and the node of a pod are the scheduler's. What has gone meanwhile is not changed.
func (w *world) put(obj runtime.Object) error {
	kind := obj.GetObjectKind().GroupVersionKind()
	resource := kind.GroupVersion().WithResource(strings.ToLower(kind.Kind) + "s")
	name := obj.(metav1.Object)
	w.version++
	name.SetResourceVersion(strconv.Itoa(w.version))
	key := kind.Kind + "/" + name.GetName()
	known, err := w.client.Tracker().Get(resource, name.GetNamespace(), name.GetName())
	if err != nil {
		if w.seen[key] {
			return nil
		}
		w.seen[key] = true
		return w.client.Tracker().Add(obj)
	}
	if pod, ok := obj.(*v1.Pod); ok {
		pod.Status = known.(*v1.Pod).Status
		pod.Spec.NodeName = known.(*v1.Pod).Spec.NodeName
	}
	return w.client.Tracker().Update(resource, obj, name.GetNamespace())
}

// bound does what the API server does with a Binding.
func (w *world) bound(action clienttesting.Action) (bool, runtime.Object, error) {
	if action.GetSubresource() != "binding" {
		return false, nil, nil
	}
	binding := action.(clienttesting.CreateAction).GetObject().(*v1.Binding)
	resource := v1.SchemeGroupVersion.WithResource("pods")
	known, err := w.client.Tracker().Get(resource, binding.Namespace, binding.Name)
	if err != nil {
		return true, nil, err
	}
	pod := known.(*v1.Pod).DeepCopy()
	pod.Spec.NodeName = binding.Target.Name
	w.version++
	pod.ResourceVersion = strconv.Itoa(w.version)
	return true, binding, w.client.Tracker().Update(resource, pod, binding.Namespace)
}

// news waits until nothing more is told.
func (w *world) news() []write {
	count, quiet := -1, 0
	for quiet < 25 {
		time.Sleep(2 * time.Millisecond)
		w.diary.mutex.Lock()
		now := len(w.diary.events)
		w.diary.mutex.Unlock()
		if quiet++; now != count {
			quiet, count = 0, now
		}
	}
	w.diary.mutex.Lock()
	defer w.diary.mutex.Unlock()
	told := w.diary.events
	w.diary.events = nil
	return told
}

// hasDevices tells cases with resource claims: what is known of those is kept by event handlers, so
// that such a case has to come in by informers.
func hasDevices(req request) bool {
	for _, raw := range req.Objects {
		if strings.Contains(string(raw), `"resource.k8s.io/v1"`) {
			return true
		}
	}
	return false
}

// observe puts all objects behind the client and waits until the scheduler has seen them.
func observe(ctx context.Context, w *world, req request) error {
	for _, raw := range req.Objects {
		obj, _, err := clientscheme.Codecs.UniversalDeserializer().Decode(raw, nil, nil)
		if err != nil {
			return fmt.Errorf("%w in %s", err, raw)
		}
		if err := w.client.Tracker().Add(obj); err != nil {
			return err
		}
		switch typed := obj.(type) {
		case *v1.Node:
			w.nodes = append(w.nodes, typed.Name)
		case *v1.Pod:
			w.pods[typed.Namespace+"/"+typed.Name] = typed
		}
	}
	w.factory.Start(ctx.Done())
	w.factory.WaitForCacheSync(ctx.Done())
	return w.sched.WaitForHandlersSync(ctx)
}

// bind makes the plugins write down what they have reserved on the chosen node.
func bind(ctx context.Context, w *world, fw framework.Framework, state fwk.CycleState, pod *v1.Pod, result *answer) {
	if status := fw.RunReservePluginsReserve(ctx, state, pod, result.Host); !status.IsSuccess() {
		result.Error = status.Message()
		return
	}
	if status := fw.RunPreBindPreFlights(ctx, state, pod, result.Host); status.Code() == fwk.Error {
		result.Error = status.Message()
		return
	}
	if status := fw.RunPreBindPlugins(ctx, state, pod, result.Host); !status.IsSuccess() {
		result.Error = status.Message()
		return
	}
	claims, err := w.client.ResourceV1().ResourceClaims(pod.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		result.Error = err.Error()
		return
	}
	result.Claims = map[string]json.RawMessage{}
	for _, claim := range claims.Items {
		status, err := json.Marshal(claim.Status)
		if err != nil {
			panic(err)
		}
		result.Claims[claim.Name] = status
	}
}

func evaluate(req request) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w, err := build(ctx, req)
	if err != nil {
		return answer{Error: err.Error()}
	}
	pod, found := w.pods[req.Pod]
	if !found {
		return answer{Error: "no such pod"}
	}
	fw, served := w.sched.Profiles[pod.Spec.SchedulerName]
	if !served {
		return answer{Error: "no such profile"}
	}
	snapshot := fw.SnapshotSharedLister().(*internalcache.Snapshot)
	if err := w.sched.Cache.UpdateSnapshot(klog.FromContext(ctx), snapshot); err != nil {
		return answer{Error: err.Error()}
	}
	inspect(ctx, w, fw, pod, snapshot, &result)
	decide(ctx, w, fw, pod, &result)
	return result
}

// inspect runs the extension points one by one on all nodes.
func inspect(ctx context.Context, w *world, fw framework.Framework, pod *v1.Pod, snapshot *internalcache.Snapshot, result *answer) {
	state := framework.NewCycleState()
	only, status, _ := fw.RunPreFilterPlugins(ctx, state, pod)
	if !status.IsSuccess() {
		found := codeOf(status)
		result.PreFilter = &found
		return
	}
	result.Verdicts = map[string]verdict{}
	feasible := []fwk.NodeInfo{}
	for _, name := range w.nodes {
		if !only.AllNodes() && !only.NodeNames.Has(name) {
			continue
		}
		info, err := snapshot.NodeInfos().Get(name)
		if err != nil {
			continue
		}
		status := fw.RunFilterPluginsWithNominatedPods(ctx, state, pod, info)
		if status.IsSuccess() {
			feasible = append(feasible, info)
		} else {
			result.Verdicts[name] = codeOf(status)
		}
	}
	if len(feasible) == 0 {
		return
	}
	result.Scores = map[string]map[string]int64{}
	if status := fw.RunPreScorePlugins(ctx, state, pod, feasible); !status.IsSuccess() {
		result.Error = status.Message()
		return
	}
	scores, status := fw.RunScorePlugins(ctx, state, pod, feasible)
	if !status.IsSuccess() {
		result.Error = status.Message()
		return
	}
	for _, node := range scores {
		byPlugin := map[string]int64{"": node.TotalScore}
		for _, score := range node.Scores {
			byPlugin[score.Name] = score.Score
		}
		result.Scores[node.Name] = byPlugin
	}
}

// decide makes the scheduler decide as it would in a cluster, preemption included.
func decide(ctx context.Context, w *world, fw framework.Framework, pod *v1.Pod, result *answer) {
	state := framework.NewCycleState()
	info, _ := framework.NewPodInfo(pod)
	chosen, err := w.sched.SchedulePod(ctx, fw, state, &framework.QueuedPodInfo{PodInfo: info})
	if err == nil {
		result.Host = chosen.SuggestedHost
		if hasDevices(w.request) {
			bind(ctx, w, fw, state, pod, result)
		}
		return
	}
	unfit, ok := err.(*framework.FitError)
	if !ok {
		result.Message = err.Error()
		return
	}
	post, status := fw.RunPostFilterPlugins(ctx, state, pod, unfit.Diagnosis.NodeToStatus)
	unfit.Diagnosis.PostFilterMsg = status.Message()
	result.Message = unfit.Error()
	for plugin := range unfit.Diagnosis.UnschedulablePlugins {
		result.Plugins = append(result.Plugins, plugin)
	}
	sort.Strings(result.Plugins)
	if post == nil || post.NominatingInfo == nil {
		return
	}
	nominated := post.NominatingInfo.NominatedNodeName
	result.Nominated = &nominated
	if nominated != "" {
		result.Victims = victims(w, status.Message())
		result.Writes = writes(w, len(result.Victims))
	}
}

// writes lists what was patched and deleted in order, then the events, each of which follows its deletion.
func writes(w *world, expected int) []write {
	for wait := 0; wait < 100; wait++ {
		w.diary.mutex.Lock()
		count := len(w.diary.events)
		w.diary.mutex.Unlock()
		if count >= expected {
			break
		}
		time.Sleep(time.Millisecond)
	}
	found := []write{}
	for _, action := range w.client.Actions() {
		switch typed := action.(type) {
		case clienttesting.DeleteAction:
			found = append(found, write{Verb: "delete", Pod: typed.GetNamespace() + "/" + typed.GetName()})
		case clienttesting.PatchAction:
			found = append(found, write{Verb: "patch " + typed.GetSubresource(), Pod: typed.GetNamespace() + "/" + typed.GetName(), Body: typed.GetPatch()})
		}
	}
	w.diary.mutex.Lock()
	defer w.diary.mutex.Unlock()
	return append(found, w.diary.events...)
}

// victims waits for the deletions, which happen in the background, in their order. Those that were
// being deleted already are not deleted again.
func victims(w *world, message string) []string {
	expected := 0
	if _, err := fmt.Sscanf(message[strings.LastIndex(message, "preempting"):], "preempting %d", &expected); err != nil {
		return []string{"unreadable: " + message}
	}
	names, quiet := []string{}, 0
	for quiet < 40 {
		before := len(names)
		names = []string{}
		for _, action := range w.client.Actions() {
			if deletion, ok := action.(clienttesting.DeleteAction); ok {
				names = append(names, deletion.GetNamespace()+"/"+deletion.GetName())
			}
		}
		if len(names) >= expected {
			return names
		}
		if quiet++; len(names) != before {
			quiet = 0
		}
		time.Sleep(time.Millisecond)
	}
	return names
}

func main() {
	klog.SetLogger(klog.Logger{})
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<28)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for in.Scan() {
		var req request
		var result answer
		if err := json.Unmarshal(in.Bytes(), &req); err != nil {
			result = answer{Error: err.Error()}
		} else if len(req.Steps) > 0 {
			result = play(req)
		} else {
			result = evaluate(req)
		}
		if err := encoder.Encode(result); err != nil {
			panic(err)
		}
		out.Flush()
	}
}
