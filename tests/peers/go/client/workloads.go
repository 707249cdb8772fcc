package main

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"
)

const (
	oldImage = "registry.example/web:1"
	newImage = "registry.example/web:2"
)

var webLabels = map[string]string{"app": "web"}

func informersSync(ctx context.Context, p *peer) error {
	for kind, informer := range p.informers() {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			DeleteFunc: func(obj interface{}) {
				if tombstone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
					obj = tombstone.Obj
				}
				if object, err := meta.Accessor(obj); err == nil {
					p.deleted.note(kind, object.GetName())
				}
			},
		})
		if err != nil {
			return err
		}
	}
	p.factory.Start(ctx.Done())
	for kind, synced := range p.factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v did not sync", kind)
		}
	}
	streamed := 0
	for _, e := range p.traffic.all() {
		if strings.Contains(e.query, "sendInitialEvents=true") && e.code == 200 {
			streamed++
		}
	}
	if streamed != len(p.informers()) {
		return fmt.Errorf("%d of %d informers streamed: %v",
			streamed, len(p.informers()), p.traffic.all())
	}
	return nil
}

func web(replicas int32) *appsv1.Deployment {
	container := corev1.Container{
		Name:  "web",
		Image: oldImage,
		Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: webLabels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: webLabels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: webLabels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{container}},
			},
		},
	}
}

func deploymentBecomesAvailable(ctx context.Context, p *peer) error {
	made, err := p.client.AppsV1().Deployments(p.namespace).Create(
		ctx, web(2), metav1.CreateOptions{FieldManager: "peer"})
	if err != nil {
		return err
	}
	if made.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyAlways || made.Generation != 1 {
		return fmt.Errorf("the server did not default: %v", made)
	}
	return rolledOut(ctx, p, 2, oldImage)
}

// rolledOut waits until all the informers show the deployment of an image in full.
func rolledOut(ctx context.Context, p *peer, replicas int32, image string) error {
	return eventually(ctx, func() error {
		deployment, err := p.factory.Apps().V1().Deployments().Lister().
			Deployments(p.namespace).Get("web")
		if err != nil {
			return err
		}
		status := deployment.Status
		if status.ObservedGeneration < deployment.Generation || status.Replicas != replicas ||
			status.UpdatedReplicas != replicas || status.AvailableReplicas != replicas {
			return fmt.Errorf("the deployment's status is %v", status)
		}
		for _, kind := range []appsv1.DeploymentConditionType{"Available", "Progressing"} {
			if !hasCondition(status.Conditions, kind) {
				return fmt.Errorf("not %s: %v", kind, status.Conditions)
			}
		}
		if err := replicaSetsMatch(p, replicas, image); err != nil {
			return err
		}
		return podsMatch(p, replicas, image)
	})
}

func hasCondition(all []appsv1.DeploymentCondition, kind appsv1.DeploymentConditionType) bool {
	for _, condition := range all {
		if condition.Type == kind {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func replicaSetsMatch(p *peer, replicas int32, image string) error {
	sets, err := p.factory.Apps().V1().ReplicaSets().Lister().
		ReplicaSets(p.namespace).List(labels.SelectorFromSet(webLabels))
	if err != nil {
		return err
	}
	for _, set := range sets {
		wanted := int32(0)
		if set.Spec.Template.Spec.Containers[0].Image == image {
			wanted = replicas
		}
		if set.Status.Replicas != wanted || *set.Spec.Replicas != wanted {
			return fmt.Errorf("%s has %d of %d replicas", set.Name, set.Status.Replicas, wanted)
		}
	}
	return nil
}

func podsMatch(p *peer, replicas int32, image string) error {
	pods, err := p.factory.Core().V1().Pods().Lister().
		Pods(p.namespace).List(labels.SelectorFromSet(webLabels))
	if err != nil {
		return err
	}
	if len(pods) != int(replicas) {
		return fmt.Errorf("%d pods instead of %d", len(pods), replicas)
	}
	for _, pod := range pods {
		if pod.Spec.Containers[0].Image != image || pod.Status.Phase != corev1.PodRunning ||
			pod.Spec.NodeName == "" || pod.Status.PodIP == "" {
			return fmt.Errorf("%s on %s: %v", pod.Name, pod.Spec.NodeName, pod.Status)
		}
		owner := metav1.GetControllerOf(pod)
		if owner == nil || owner.Kind != "ReplicaSet" {
			return fmt.Errorf("%s belongs to %v", pod.Name, owner)
		}
	}
	return nil
}

func serviceGetsEndpoints(ctx context.Context, p *peer) error {
	port := corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080)}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: corev1.ServiceSpec{
			Selector: webLabels,
			Ports:    []corev1.ServicePort{port},
		},
	}
	made, err := p.client.CoreV1().Services(p.namespace).Create(
		ctx, service, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if made.Spec.ClusterIP == "" || made.Spec.Type != corev1.ServiceTypeClusterIP {
		return fmt.Errorf("the service came back as %v", made.Spec)
	}
	return eventually(ctx, func() error {
		_, err := p.factory.Core().V1().Services().Lister().Services(p.namespace).Get("web")
		if err != nil {
			return err
		}
		slices, err := p.client.DiscoveryV1().EndpointSlices(p.namespace).List(
			ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=web"})
		if err != nil {
			return err
		}
		if len(slices.Items) != 1 || len(slices.Items[0].Endpoints) != 2 {
			return fmt.Errorf("the slices are %v", slices.Items)
		}
		return nil
	})
}

func eventsTell(ctx context.Context, p *peer) error {
	return eventually(ctx, func() error {
		events, err := p.factory.Core().V1().Events().Lister().
			Events(p.namespace).List(labels.Everything())
		if err != nil {
			return err
		}
		reasons := map[string]bool{}
		for _, event := range events {
			reasons[event.InvolvedObject.Kind+" "+event.Reason] = true
		}
		for _, reason := range []string{"Deployment ScalingReplicaSet",
			"ReplicaSet SuccessfulCreate", "Pod Scheduled", "Pod Started"} {
			if !reasons[reason] {
				return fmt.Errorf("no event says %s: %v", reason, reasons)
			}
		}
		return nil
	})
}

func scales(ctx context.Context, p *peer) error {
	deployments := p.client.AppsV1().Deployments(p.namespace)
	scale, err := deployments.GetScale(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if scale.Spec.Replicas != 2 || scale.Status.Selector != "app=web" {
		return fmt.Errorf("the scale is %v", scale)
	}
	scale.Spec.Replicas = 4
	_, err = deployments.UpdateScale(ctx, "web", scale, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	return rolledOut(ctx, p, 4, oldImage)
}

func rollsOut(ctx context.Context, p *peer) error {
	deployments := p.client.AppsV1().Deployments(p.namespace)
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		deployment, err := deployments.Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return err
		}
		deployment.Spec.Template.Spec.Containers[0].Image = newImage
		_, err = deployments.Update(ctx, deployment, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	if err := rolledOut(ctx, p, 4, newImage); err != nil {
		return err
	}
	sets, err := p.factory.Apps().V1().ReplicaSets().Lister().
		ReplicaSets(p.namespace).List(labels.Everything())
	if err != nil || len(sets) != 2 {
		return fmt.Errorf("%d replica sets instead of 2: %w", len(sets), err)
	}
	return nil
}

func evicts(ctx context.Context, p *peer) error {
	pods, err := p.factory.Core().V1().Pods().Lister().
		Pods(p.namespace).List(labels.SelectorFromSet(webLabels))
	if err != nil {
		return err
	}
	name := pods[0].Name
	eviction := &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: p.namespace},
	}
	if err := p.client.CoreV1().Pods(p.namespace).EvictV1(ctx, eviction); err != nil {
		return err
	}
	err = eventually(ctx, func() error {
		if !p.deleted.has("pods", name) {
			return fmt.Errorf("%s stays", name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return rolledOut(ctx, p, 4, newImage)
}

func deletesDeployment(ctx context.Context, p *peer) error {
	foreground := metav1.DeletePropagationForeground
	pods, err := p.factory.Core().V1().Pods().Lister().
		Pods(p.namespace).List(labels.SelectorFromSet(webLabels))
	if err != nil || len(pods) != 4 {
		return fmt.Errorf("%d pods instead of 4: %w", len(pods), err)
	}
	err = p.client.AppsV1().Deployments(p.namespace).Delete(
		ctx, "web", metav1.DeleteOptions{PropagationPolicy: &foreground})
	if err != nil {
		return err
	}
	return eventually(ctx, func() error {
		for _, pod := range pods {
			if !p.deleted.has("pods", pod.Name) {
				return fmt.Errorf("pod %s stays", pod.Name)
			}
			if set := metav1.GetControllerOf(pod).Name; !p.deleted.has("replicasets", set) {
				return fmt.Errorf("replica set %s stays", set)
			}
		}
		if !p.deleted.has("deployments", "web") {
			return fmt.Errorf("the deployment stays")
		}
		return nil
	})
}
