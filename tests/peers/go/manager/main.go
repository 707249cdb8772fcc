// Program manager runs a controller-runtime manager, with leader election, finalizers and apply: for each
// Deployment it keeps a ConfigMap, and leaves another one when the Deployment goes.
//
// It prints one line per check and exits with 1 when one of them failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const patience = 15 * time.Second

type check struct {
	name string
	run  func(context.Context, client.Client) error
}

var (
	namespace = fmt.Sprintf("manager-%d", time.Now().Unix())
	checks    = []check{
		{"the lease names the leader", leaderIsNamed},
		{"a deployment gets its config map and finalizer", isReconciled},
		{"a config map taken away comes back", isRestored},
		{"a change is applied again", isUpdated},
		{"a foreign field survives applying", foreignFieldSurvives},
		{"the finalizer runs before the deployment goes", isFinalized},
	}
)

func main() {
	flag.Parse()
	if err := try(flag.Lookup("kubeconfig").Value.String()); err != nil {
		fmt.Printf("FAIL %v\n", err)
		os.Exit(1)
	}
}

func try(kubeconfig string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ctrl.SetLogger(logr.Discard())
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	direct, err := client.New(config, client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		return err
	}
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if err := direct.Create(ctx, space); err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                  clientgoscheme.Scheme,
		LeaderElection:          true,
		LeaderElectionID:        "peer-manager",
		LeaderElectionNamespace: namespace,
		Metrics:                 server.Options{BindAddress: "0"},
		Cache:                   cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
	})
	if err != nil {
		return err
	}
	if err := setUp(manager); err != nil {
		return err
	}
	managed, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(managed) }()
	// The checks read through the manager's cache, as reconcilers do.
	failure := runChecks(ctx, manager)
	stop()
	if err := <-ended; err != nil && failure == nil {
		failure = fmt.Errorf("the manager ended: %w", err)
	}
	if err := direct.Delete(ctx, space); err != nil && failure == nil {
		failure = err
	}
	return failure
}

func runChecks(ctx context.Context, manager ctrl.Manager) error {
	if !manager.GetCache().WaitForCacheSync(ctx) {
		return fmt.Errorf("the cache did not sync")
	}
	for _, check := range checks {
		start := time.Now()
		if err := check.run(ctx, manager.GetClient()); err != nil {
			return fmt.Errorf("%s: %w", check.name, err)
		}
		fmt.Printf("ok   %s (%d ms)\n", check.name, time.Since(start).Milliseconds())
	}
	return nil
}

// eventually waits for something that need not be so at once; the last complaint is the error.
func eventually(ctx context.Context, probe func() error) error {
	end := time.Now().Add(patience)
	for {
		err := probe()
		if err == nil || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func key(name string) client.ObjectKey {
	return client.ObjectKey{Namespace: namespace, Name: name}
}

func goes(ctx context.Context, c client.Client, object client.Object) error {
	return eventually(ctx, func() error {
		err := c.Get(ctx, client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("%s stays: %w", object.GetName(), err)
	})
}

func deployment(replicas int32) *appsv1.Deployment {
	labels := map[string]string{"peer": "managed"}
	container := corev1.Container{Name: "web", Image: "registry.example/web:1"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web", Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{container}},
			},
		},
	}
}
