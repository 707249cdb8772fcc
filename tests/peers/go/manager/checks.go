package main

import (
	"context"
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

func leaderIsNamed(ctx context.Context, c client.Client) error {
	return eventually(ctx, func() error {
		var lease coordinationv1.Lease
		if err := c.Get(ctx, key("peer-manager"), &lease); err != nil {
			return err
		}
		if lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" {
			return fmt.Errorf("the lease is %v", lease.Spec)
		}
		return nil
	})
}

// hasState waits until the cache shows the state of so many available replicas.
func hasState(ctx context.Context, c client.Client, available string) error {
	return eventually(ctx, func() error {
		var state corev1.ConfigMap
		if err := c.Get(ctx, key("web-state"), &state); err != nil {
			return err
		}
		owner := metav1.GetControllerOf(&state)
		if state.Data["available"] != available || owner == nil || owner.Name != "web" {
			return fmt.Errorf("the state is %v of %v", state.Data, owner)
		}
		return nil
	})
}

func isReconciled(ctx context.Context, c client.Client) error {
	web := deployment(2)
	if err := c.Create(ctx, web); err != nil {
		return err
	}
	if err := hasState(ctx, c, "2"); err != nil {
		return err
	}
	if err := c.Get(ctx, key("web"), web); err != nil {
		return err
	}
	if !controllerutil.ContainsFinalizer(web, finalizer) {
		return fmt.Errorf("the finalizers are %v", web.Finalizers)
	}
	return nil
}

func isRestored(ctx context.Context, c client.Client) error {
	var state corev1.ConfigMap
	if err := c.Get(ctx, key("web-state"), &state); err != nil {
		return err
	}
	if err := c.Delete(ctx, state.DeepCopy()); err != nil {
		return err
	}
	return eventually(ctx, func() error {
		var again corev1.ConfigMap
		if err := c.Get(ctx, key("web-state"), &again); err != nil {
			return err
		}
		if again.UID == state.UID {
			return fmt.Errorf("it is still there")
		}
		return nil
	})
}

func isUpdated(ctx context.Context, c client.Client) error {
	web := deployment(0)
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"replicas":3}}`))
	if err := c.Patch(ctx, web, patch); err != nil {
		return err
	}
	return hasState(ctx, c, "3")
}

func foreignFieldSurvives(ctx context.Context, c client.Client) error {
	var state corev1.ConfigMap
	if err := c.Get(ctx, key("web-state"), &state); err != nil {
		return err
	}
	before := client.MergeFrom(state.DeepCopy())
	state.Data["foreign"] = "yes"
	if err := c.Patch(ctx, &state, before); err != nil {
		return err
	}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"replicas":1}}`))
	if err := c.Patch(ctx, deployment(0), patch); err != nil {
		return err
	}
	if err := hasState(ctx, c, "1"); err != nil {
		return err
	}
	if err := c.Get(ctx, key("web-state"), &state); err != nil {
		return err
	}
	if state.Data["foreign"] != "yes" {
		return fmt.Errorf("the data are %v", state.Data)
	}
	return nil
}

func isFinalized(ctx context.Context, c client.Client) error {
	if err := c.Delete(ctx, deployment(0)); err != nil {
		return err
	}
	if err := goes(ctx, c, deployment(0)); err != nil {
		return err
	}
	var word corev1.ConfigMap
	if err := c.Get(ctx, key("web-farewell"), &word); err != nil {
		return err
	}
	state := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web-state"},
	}
	return goes(ctx, c, state)
}
