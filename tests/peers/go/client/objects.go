package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	appsac "k8s.io/client-go/applyconfigurations/apps/v1"
	coreac "k8s.io/client-go/applyconfigurations/core/v1"
	metaac "k8s.io/client-go/applyconfigurations/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
)

func (p *peer) configMaps() typedcorev1.ConfigMapInterface {
	return p.client.CoreV1().ConfigMaps(p.namespace)
}

func (p *peer) createConfigMap(
	ctx context.Context, name string, data map[string]string,
) (*corev1.ConfigMap, error) {
	object := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"set": "peer"}},
		Data:       data,
	}
	return p.configMaps().Create(ctx, object, metav1.CreateOptions{})
}

func staleUpdateConflicts(ctx context.Context, p *peer) error {
	stale, err := p.createConfigMap(ctx, "stale", map[string]string{"a": "1"})
	if err != nil {
		return err
	}
	fresh := stale.DeepCopy()
	fresh.Data["a"] = "2"
	if _, err := p.configMaps().Update(ctx, fresh, metav1.UpdateOptions{}); err != nil {
		return err
	}
	_, err = p.configMaps().Update(ctx, stale, metav1.UpdateOptions{})
	wanted := `Operation cannot be fulfilled on configmaps "stale": the object has been modified; ` +
		`please apply your changes to the latest version and try again`
	if !apierrors.IsConflict(err) || err.Error() != wanted {
		return fmt.Errorf("got %v", err)
	}
	return nil
}

func invalidIsRefused(ctx context.Context, p *peer) error {
	bad := web(-1)
	bad.Name = "bad"
	bad.Spec.Selector.MatchLabels = map[string]string{"app": "other"}
	_, err := p.client.AppsV1().Deployments(p.namespace).Create(ctx, bad, metav1.CreateOptions{})
	if !apierrors.IsInvalid(err) {
		return fmt.Errorf("got %v", err)
	}
	causes := err.(apierrors.APIStatus).Status().Details.Causes
	if len(causes) != 2 || causes[0].Field != "spec.replicas" ||
		causes[1].Field != "spec.template.metadata.labels" {
		return fmt.Errorf("the causes are %v", causes)
	}
	return nil
}

func createdOnce(ctx context.Context, p *peer) error {
	_, err := p.createConfigMap(ctx, "stale", nil)
	if !apierrors.IsAlreadyExists(err) || err.Error() != `configmaps "stale" already exists` {
		return fmt.Errorf("got %v", err)
	}
	_, err = p.configMaps().Get(ctx, "missing", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) || err.Error() != `configmaps "missing" not found` {
		return fmt.Errorf("got %v", err)
	}
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "named-"}}
	made, err := p.configMaps().Create(ctx, object, metav1.CreateOptions{})
	if err != nil || len(made.Name) != len("named-")+5 {
		return fmt.Errorf("a name was generated as %v: %w", made, err)
	}
	return nil
}

func applies(ctx context.Context, p *peer) error {
	apply := func(manager, value string, force bool) (*corev1.ConfigMap, error) {
		data := map[string]string{"shared": value, manager: "mine"}
		config := coreac.ConfigMap("applied", p.namespace).WithData(data)
		return p.configMaps().Apply(
			ctx, config, metav1.ApplyOptions{FieldManager: manager, Force: force})
	}
	if _, err := apply("first", "1", false); err != nil {
		return err
	}
	_, err := apply("second", "2", false)
	wanted := `Apply failed with 1 conflict: conflict with "first": .data.shared`
	if !apierrors.IsConflict(err) || err.Error() != wanted {
		return fmt.Errorf("got %v", err)
	}
	if _, err := apply("second", "2", true); err != nil {
		return err
	}
	// The first manager lost the shared key; what it no longer mentions, goes.
	empty := coreac.ConfigMap("applied", p.namespace)
	got, err := p.configMaps().Apply(ctx, empty, metav1.ApplyOptions{FieldManager: "first"})
	if err != nil {
		return err
	}
	data := map[string]string{"shared": "2", "second": "mine"}
	if !equality.Semantic.DeepEqual(got.Data, data) {
		return fmt.Errorf("the data are %v", got.Data)
	}
	return nil
}

func appliesDeployment(ctx context.Context, p *peer) error {
	container := coreac.Container().WithName("web").WithImage(oldImage)
	template := coreac.PodTemplateSpec().WithLabels(map[string]string{"app": "idle"}).
		WithSpec(coreac.PodSpec().WithContainers(container))
	config := appsac.Deployment("idle", p.namespace).WithSpec(appsac.DeploymentSpec().
		WithReplicas(0).WithTemplate(template).
		WithSelector(metaac.LabelSelector().WithMatchLabels(map[string]string{"app": "idle"})))
	options := metav1.ApplyOptions{FieldManager: "peer"}
	made, err := p.client.AppsV1().Deployments(p.namespace).Apply(ctx, config, options)
	if err != nil {
		return err
	}
	extracted, err := appsac.ExtractDeployment(made, "peer")
	if err != nil {
		return err
	}
	if !equality.Semantic.DeepEqual(extracted.Spec, config.Spec) {
		return fmt.Errorf("what was applied came back as %v", extracted.Spec)
	}
	again, err := p.client.AppsV1().Deployments(p.namespace).Apply(ctx, config, options)
	if err != nil || again.Generation != made.Generation {
		return fmt.Errorf("applied again: %v, %w", again, err)
	}
	return nil
}

func patches(ctx context.Context, p *peer) error {
	if _, err := p.createConfigMap(ctx, "patched", map[string]string{"a": "1"}); err != nil {
		return err
	}
	for _, step := range []struct {
		kind types.PatchType
		body string
		data map[string]string
	}{
		{types.JSONPatchType, `[{"op":"add","path":"/data/b","value":"2"}]`,
			map[string]string{"a": "1", "b": "2"}},
		{types.MergePatchType, `{"data":{"a":null}}`, map[string]string{"b": "2"}},
		{types.StrategicMergePatchType, `{"data":{"c":"3"}}`,
			map[string]string{"b": "2", "c": "3"}},
	} {
		got, err := p.configMaps().Patch(
			ctx, "patched", step.kind, []byte(step.body), metav1.PatchOptions{})
		if err != nil {
			return err
		}
		if !equality.Semantic.DeepEqual(got.Data, step.data) {
			return fmt.Errorf("after %s the data are %v", step.kind, got.Data)
		}
	}
	sidecar := `{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"side:1"}]}}}}`
	got, err := p.client.AppsV1().Deployments(p.namespace).Patch(ctx, "idle",
		types.StrategicMergePatchType, []byte(sidecar), metav1.PatchOptions{})
	if err != nil || len(got.Spec.Template.Spec.Containers) != 2 {
		return fmt.Errorf("a container was merged as %v: %w", got, err)
	}
	return nil
}

func pages(ctx context.Context, p *peer) error {
	whole, err := p.configMaps().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	first, err := p.configMaps().List(ctx, metav1.ListOptions{Limit: 2})
	if err != nil {
		return err
	}
	rest := int64(len(whole.Items) - 2)
	if len(first.Items) != 2 || first.Continue == "" || *first.RemainingItemCount != rest {
		return fmt.Errorf("the first page is %v", first)
	}
	var names []string
	lister := pager.New(func(
		ctx context.Context, options metav1.ListOptions,
	) (runtime.Object, error) {
		return p.configMaps().List(ctx, options)
	})
	lister.PageSize = 2
	err = lister.EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		names = append(names, object.(*corev1.ConfigMap).Name)
		return nil
	})
	if err != nil {
		return err
	}
	if len(names) != len(whole.Items) {
		return fmt.Errorf("the pages hold %v, the list %d", names, len(whole.Items))
	}
	return nil
}

func selectors(ctx context.Context, p *peer) error {
	chosen, err := p.configMaps().List(ctx, metav1.ListOptions{
		LabelSelector: "set in (peer), !missing",
		FieldSelector: fields.OneTermEqualSelector("metadata.name", "patched").String(),
	})
	if err != nil || len(chosen.Items) != 1 || chosen.Items[0].Name != "patched" {
		return fmt.Errorf("got %v: %w", chosen, err)
	}
	running, err := p.client.CoreV1().Pods(p.namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "status.phase=Running,spec.nodeName!=",
	})
	if err != nil || len(running.Items) != 4 {
		return fmt.Errorf("got %d running pods: %w", len(running.Items), err)
	}
	_, err = p.configMaps().List(ctx, metav1.ListOptions{FieldSelector: "data.a=1"})
	if !apierrors.IsBadRequest(err) {
		return fmt.Errorf("an unknown field label got %v", err)
	}
	return nil
}

func watchResumes(ctx context.Context, p *peer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	made, err := p.createConfigMap(ctx, "watched", nil)
	if err != nil {
		return err
	}
	if _, err := p.configMaps().Patch(ctx, "watched", types.MergePatchType,
		[]byte(`{"data":{"a":"1"}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := p.configMaps().Delete(ctx, "watched", metav1.DeleteOptions{}); err != nil {
		return err
	}
	watcher, err := p.configMaps().Watch(ctx, metav1.ListOptions{
		ResourceVersion: made.ResourceVersion, AllowWatchBookmarks: true,
		FieldSelector: "metadata.name=watched",
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for _, wanted := range []watch.EventType{watch.Modified, watch.Deleted} {
		select {
		case event := <-watcher.ResultChan():
			object, ok := event.Object.(*corev1.ConfigMap)
			if !ok || event.Type != wanted || object.Data["a"] != "1" {
				return fmt.Errorf("instead of %s: %v", wanted, event)
			}
		case <-time.After(patience):
			return fmt.Errorf("no %s", wanted)
		}
	}
	return initialEventsEnd(ctx, p)
}

// initialEventsEnd: a streamed list ends with a bookmark that says so.
func initialEventsEnd(ctx context.Context, p *peer) error {
	yes := true
	watcher, err := p.configMaps().Watch(ctx, metav1.ListOptions{
		SendInitialEvents: &yes, AllowWatchBookmarks: true,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*corev1.ConfigMap)
		if !ok {
			return fmt.Errorf("got %v", event)
		}
		if event.Type == watch.Bookmark {
			if object.Annotations[metav1.InitialEventsAnnotationKey] != "true" {
				return fmt.Errorf("got %v", event)
			}
			return nil
		}
	}
	return fmt.Errorf("the watch ended")
}

func leads(ctx context.Context, p *peer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	firstContext, resign := context.WithCancel(ctx)
	defer resign()
	leaders := make(chan string, 4)
	for _, candidate := range []struct {
		name string
		ctx  context.Context
	}{{"first", firstContext}, {"second", ctx}} {
		elector, err := p.candidate(candidate.name, leaders)
		if err != nil {
			return err
		}
		go elector.Run(candidate.ctx)
		if candidate.name == "first" {
			if err := expectLeader(ctx, leaders, "first"); err != nil {
				return err
			}
		}
	}
	select {
	case name := <-leaders:
		return fmt.Errorf("%s leads as well", name)
	case <-time.After(700 * time.Millisecond):
	}
	resign()
	if err := expectLeader(ctx, leaders, "second"); err != nil {
		return err
	}
	lease, err := p.client.CoordinationV1().Leases(p.namespace).Get(
		ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if *lease.Spec.HolderIdentity != "second" || *lease.Spec.LeaseTransitions < 1 {
		return fmt.Errorf("the lease is %v", lease.Spec)
	}
	return nil
}

func (p *peer) candidate(
	name string, leaders chan<- string,
) (*leaderelection.LeaderElector, error) {
	return leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: p.namespace},
			Client:     p.client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		ReleaseOnCancel: true,
		LeaseDuration:   5 * time.Second,
		RenewDeadline:   3 * time.Second,
		RetryPeriod:     200 * time.Millisecond,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { leaders <- name },
			OnStoppedLeading: func() {},
		},
	})
}

func expectLeader(ctx context.Context, leaders <-chan string, wanted string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case name := <-leaders:
		if name != wanted {
			return fmt.Errorf("%s leads instead of %s", name, wanted)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s does not lead", wanted)
	}
}

func deletesCollection(ctx context.Context, p *peer) error {
	chosen := metav1.ListOptions{LabelSelector: "set=peer"}
	err := p.configMaps().DeleteCollection(ctx, metav1.DeleteOptions{}, chosen)
	if err != nil {
		return err
	}
	left, err := p.configMaps().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, object := range left.Items {
		if object.Labels["set"] == "peer" {
			return fmt.Errorf("%s is left", object.Name)
		}
	}
	return nil
}
