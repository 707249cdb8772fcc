package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/restmapper"
)

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

func version(_ context.Context, p *peer) error {
	info, err := p.client.Discovery().ServerVersion()
	if err != nil || info.Major != "1" || info.Minor != "37" {
		return fmt.Errorf("the version is %v: %w", info, err)
	}
	return nil
}

func discovered(_ context.Context, p *peer) error {
	_, lists, err := p.client.Discovery().ServerGroupsAndResources()
	if err != nil {
		return err
	}
	available := map[schema.GroupVersionResource]bool{}
	namespaced, err := discovery.GroupVersionResources(lists)
	if err != nil {
		return err
	}
	for resource := range namespaced {
		available[resource] = true
	}
	for _, wanted := range []schema.GroupVersionResource{
		{Version: "v1", Resource: "pods"},
		{Group: "apps", Version: "v1", Resource: "deployments"},
		{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"},
		{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
	} {
		if !available[wanted] {
			return fmt.Errorf("%v is missing among %d", wanted, len(available))
		}
	}
	return nil
}

func mapped(_ context.Context, p *peer) error {
	cached := memory.NewMemCacheClient(p.client.Discovery())
	mapper := restmapper.NewShortcutExpander(
		restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	if err != nil || mapping.Resource.Resource != "deployments" || mapping.Scope.Name() != "namespace" {
		return fmt.Errorf("Deployment maps to %v: %w", mapping, err)
	}
	kind, err := mapper.KindFor(schema.GroupVersionResource{Resource: "hpa"})
	wanted := schema.GroupVersionKind{
		Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler"}
	if err != nil || kind != wanted {
		return fmt.Errorf("hpa maps to %v: %w", kind, err)
	}
	return nil
}

func openAPI(_ context.Context, p *peer) error {
	paths, err := p.client.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	apps, ok := paths["apis/apps/v1"]
	if !ok {
		return fmt.Errorf("apps/v1 is missing among %d", len(paths))
	}
	document, err := apps.Schema("application/json")
	if err != nil || len(document) < 1000 {
		return fmt.Errorf("the document has %d bytes: %w", len(document), err)
	}
	return nil
}

func dynamicClient(ctx context.Context, p *peer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := dynamic.NewForConfig(p.config)
	if err != nil {
		return err
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, p.namespace, nil)
	lister := factory.ForResource(secrets).Lister().ByNamespace(p.namespace)
	factory.ForResource(secrets).Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	defer factory.Shutdown()
	defer cancel()
	object := &unstructured.Unstructured{Object: map[string]interface{}{
		"apiVersion": "v1", "kind": "Secret",
		"metadata":   map[string]interface{}{"name": "dynamic"},
		"stringData": map[string]interface{}{"key": "value"},
	}}
	space := client.Resource(secrets).Namespace(p.namespace)
	if _, err := space.Create(ctx, object, metav1.CreateOptions{}); err != nil {
		return err
	}
	err = eventually(ctx, func() error {
		cached, err := lister.Get("dynamic")
		if err != nil {
			return err
		}
		value, _, err := unstructured.NestedString(
			cached.(*unstructured.Unstructured).Object, "data", "key")
		if err != nil || value != "dmFsdWU=" {
			return fmt.Errorf("the informer has %v: %w", cached, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	object.Object["stringData"] = map[string]interface{}{"key": "other"}
	_, err = space.Apply(ctx, "dynamic", object, metav1.ApplyOptions{
		FieldManager: "applier", Force: true})
	return err
}

func metadataClient(ctx context.Context, p *peer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := metadata.NewForConfig(p.config)
	if err != nil {
		return err
	}
	factory := metadatainformer.NewFilteredSharedInformerFactory(client, 0, p.namespace, nil)
	lister := factory.ForResource(secrets).Lister().ByNamespace(p.namespace)
	factory.ForResource(secrets).Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	defer factory.Shutdown()
	defer cancel()
	if _, err := lister.Get("dynamic"); err != nil {
		return err
	}
	space := client.Resource(secrets).Namespace(p.namespace)
	if err := space.Delete(ctx, "dynamic", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return eventually(ctx, func() error {
		cached, err := lister.Get("dynamic")
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("the informer has %v: %w", cached, err)
	})
}
