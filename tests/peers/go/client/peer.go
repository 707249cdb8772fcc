package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const patience = 15 * time.Second

// A peer is what the checks share: clients, informers and what went over the wire.
type peer struct {
	config      *rest.Config
	client      *kubernetes.Clientset
	contentType string
	namespace   string
	factory     informers.SharedInformerFactory
	deleted     journal
	traffic     traffic
	complaints  complaints
}

func newPeer(kubeconfig, contentType string) (*peer, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	p := &peer{config: config, contentType: contentType}
	config.QPS = -1
	config.ContentType = contentType
	// As the components do: not everything is there in protobuf.
	config.AcceptContentTypes = contentType + "," + runtime.ContentTypeJSON
	config.UserAgent = "mockapi-peer"
	config.WarningHandler = &p.complaints
	config.Wrap(p.traffic.wrap)
	// Of the process, so each peer replaces its forerunner's.
	utilruntime.ErrorHandlers = []utilruntime.ErrorHandler{p.complaints.hear}
	p.client, err = kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	_, kind, _ := strings.Cut(contentType, "/")
	p.namespace = fmt.Sprintf("peer-%s-%d", kind[strings.LastIndex(kind, ".")+1:], time.Now().Unix())
	p.factory = informers.NewSharedInformerFactoryWithOptions(
		p.client, 0, informers.WithNamespace(p.namespace))
	return p, nil
}

// informers are those that all the checks look through.
func (p *peer) informers() map[string]cache.SharedIndexInformer {
	core, apps := p.factory.Core().V1(), p.factory.Apps().V1()
	return map[string]cache.SharedIndexInformer{
		"deployments": apps.Deployments().Informer(),
		"replicasets": apps.ReplicaSets().Informer(),
		"pods":        core.Pods().Informer(),
		"services":    core.Services().Informer(),
		"events":      core.Events().Informer(),
	}
}

func (p *peer) stop(cancel context.CancelFunc) {
	err := p.client.CoreV1().Namespaces().Delete(
		context.Background(), p.namespace, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		fmt.Printf("FAIL %s: %v\n", p.contentType, err)
	}
	cancel()
	p.factory.Shutdown()
}

// eventually waits for something that need not be so at once; the last complaint is the error.
func eventually(ctx context.Context, probe func() error) error {
	end := time.Now().Add(patience)
	for {
		err := probe()
		if err == nil || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// A journal keeps the objects that informers reported as deleted, by "kind/name".
type journal struct {
	mutex sync.Mutex
	names map[string]bool
}

func (j *journal) note(kind, name string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.names == nil {
		j.names = map[string]bool{}
	}
	j.names[kind+"/"+name] = true
}

func (j *journal) has(kind, name string) bool {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.names[kind+"/"+name]
}

// An exchange is what is remembered of one request and its answer.
type exchange struct {
	method, path, query, contentType string
	code                             int
}

func (e exchange) String() string {
	return fmt.Sprintf("%s %s?%s: %d %s", e.method, e.path, e.query, e.code, e.contentType)
}

type traffic struct {
	mutex     sync.Mutex
	exchanges []exchange
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func (t *traffic) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err == nil {
			t.mutex.Lock()
			defer t.mutex.Unlock()
			t.exchanges = append(t.exchanges, exchange{request.Method, request.URL.Path,
				request.URL.RawQuery, response.Header.Get("Content-Type"), response.StatusCode})
		}
		return response, err
	})
}

func (t *traffic) all() []exchange {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return append([]exchange(nil), t.exchanges...)
}

// complaints are warnings of the server and errors that client-go only logs.
type complaints struct {
	mutex sync.Mutex
	texts []string
}

func (c *complaints) HandleWarningHeader(_ int, _ string, text string) {
	c.add("warning: " + text)
}

func (c *complaints) hear(_ context.Context, err error, message string, _ ...interface{}) {
	c.add(fmt.Sprintf("%s: %v", message, err))
}

func (c *complaints) add(text string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.texts = append(c.texts, text)
}

func (c *complaints) all() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]string(nil), c.texts...)
}

func namespaceIsReady(ctx context.Context, p *peer) error {
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: p.namespace}}
	made, err := p.client.CoreV1().Namespaces().Create(ctx, space, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if made.UID == "" || made.Labels[corev1.LabelMetadataName] != p.namespace {
		return fmt.Errorf("the namespace came back as %v", made)
	}
	return eventually(ctx, func() error {
		_, err := p.client.CoreV1().ServiceAccounts(p.namespace).Get(
			ctx, "default", metav1.GetOptions{})
		return err
	})
}

func nothingFailed(_ context.Context, p *peer) error {
	if texts := p.complaints.all(); len(texts) > 0 {
		return fmt.Errorf("%s", strings.Join(texts, "; "))
	}
	return nil
}

// contentTypeSpoken: no answer about resources came in another content type than was asked for.
// Secrets are left to the clients that choose for themselves.
func contentTypeSpoken(_ context.Context, p *peer) error {
	count := 0
	for _, e := range p.traffic.all() {
		if !strings.HasPrefix(e.contentType, "application/") ||
			!strings.Contains(e.path, "/namespaces/") || strings.Contains(e.path, "/secrets") {
			continue
		}
		spoken, _, _ := strings.Cut(e.contentType, ";")
		if spoken == p.contentType {
			count++
		} else {
			return fmt.Errorf("%v", e)
		}
	}
	if count < 20 {
		return fmt.Errorf("only %d answers", count)
	}
	return nil
}

func namespaceGoes(ctx context.Context, p *peer) error {
	spaces := p.client.CoreV1().Namespaces()
	if err := spaces.Delete(ctx, p.namespace, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return eventually(ctx, func() error {
		space, err := spaces.Get(ctx, p.namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("%v, %v", space, err)
	})
}
