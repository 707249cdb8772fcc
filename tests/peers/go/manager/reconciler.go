package main

import (
	"context"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	coreac "k8s.io/client-go/applyconfigurations/core/v1"
	metaac "k8s.io/client-go/applyconfigurations/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

const finalizer = "peer.mockapi.test/farewell"

// A reconciler keeps one ConfigMap per Deployment, which says how many replicas are available.
type reconciler struct{ client.Client }

func setUp(manager ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(manager).
		For(&appsv1.Deployment{}).
		Owns(&corev1.ConfigMap{}).
		Complete(&reconciler{manager.GetClient()})
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var web appsv1.Deployment
	if err := r.Get(ctx, request.NamespacedName, &web); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !web.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.finalize(ctx, &web)
	}
	if controllerutil.AddFinalizer(&web, finalizer) {
		return ctrl.Result{}, r.Update(ctx, &web)
	}
	return ctrl.Result{}, r.keep(ctx, &web)
}

func (r *reconciler) keep(ctx context.Context, web *appsv1.Deployment) error {
	owner := metaac.OwnerReference().WithAPIVersion("apps/v1").WithKind("Deployment").
		WithName(web.Name).WithUID(web.UID).WithController(true).WithBlockOwnerDeletion(true)
	count := strconv.Itoa(int(web.Status.AvailableReplicas))
	config := coreac.ConfigMap(web.Name+"-state", web.Namespace).
		WithOwnerReferences(owner).WithData(map[string]string{"available": count})
	return r.Apply(ctx, config, client.FieldOwner("peer-manager"), client.ForceOwnership)
}

// finalize leaves a last word and lets the deployment go.
func (r *reconciler) finalize(ctx context.Context, web *appsv1.Deployment) error {
	if !controllerutil.ContainsFinalizer(web, finalizer) {
		return nil
	}
	word := coreac.ConfigMap(web.Name+"-farewell", web.Namespace)
	err := r.Apply(ctx, word, client.FieldOwner("peer-manager"), client.ForceOwnership)
	if err != nil {
		return err
	}
	before := client.MergeFrom(web.DeepCopy())
	controllerutil.RemoveFinalizer(web, finalizer)
	return r.Patch(ctx, web, before)
}
