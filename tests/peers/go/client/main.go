// Program client drives an API server with client-go, once in JSON and once in protobuf: informers,
// workloads, apply, patches, leader election, discovery, the dynamic and the metadata client.
//
// It prints one line per check and exits with 1 when one of them failed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// A check is one behaviour; what it returns says what was wrong.
type check struct {
	name string
	run  func(context.Context, *peer) error
}

var checks = []check{
	{"the namespace gets its default service account", namespaceIsReady},
	{"the server tells its version", version},
	{"discovery finds the built-in resources", discovered},
	{"the REST mapper maps kinds, resources and short names", mapped},
	{"OpenAPI v3 lists its group versions", openAPI},
	{"OpenAPI v3 says the same in JSON and in protobuf", openAPIForms},
	{"the informers sync by streaming lists", informersSync},
	{"a deployment becomes available", deploymentBecomesAvailable},
	{"a service gets its address and its endpoints", serviceGetsEndpoints},
	{"the events tell what happened", eventsTell},
	{"the scale subresource scales", scales},
	{"a new image rolls out", rollsOut},
	{"a stale update is a conflict", staleUpdateConflicts},
	{"an invalid object is refused with its causes", invalidIsRefused},
	{"a second create is refused, a missing object not found", createdOnce},
	{"apply owns, contests and gives up fields", applies},
	{"apply and extract a deployment", appliesDeployment},
	{"the three patches patch", patches},
	{"lists come in pages", pages},
	{"selectors select", selectors},
	{"a watch resumes from a version and sends bookmarks", watchResumes},
	{"an evicted pod is replaced", evicts},
	{"leadership passes on when it is released", leads},
	{"the dynamic client and its informer agree", dynamicClient},
	{"the metadata client sees the same objects", metadataClient},
	{"logs are read, followed and refused", logs},
	{"a collection is deleted", deletesCollection},
	{"a foreground deletion reaches the pods", deletesDeployment},
	{"nothing failed behind the scenes", nothingFailed},
	{"the content type was spoken throughout", contentTypeSpoken},
	{"the namespace goes away", namespaceGoes},
}

func main() {
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "the server to try")
	limit := flag.Duration("timeout", time.Minute, "of everything together")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	failed := false
	for _, contentType := range []string{runtime.ContentTypeJSON, runtime.ContentTypeProtobuf} {
		failed = !try(ctx, *kubeconfig, contentType) || failed
	}
	if failed {
		os.Exit(1)
	}
}

// try runs all the checks in one content type. Later ones build on earlier ones, so the first that
// fails ends it.
func try(ctx context.Context, kubeconfig, contentType string) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	peer, err := newPeer(kubeconfig, contentType)
	if err != nil {
		fmt.Printf("FAIL %s: %v\n", contentType, err)
		return false
	}
	defer peer.stop(cancel)
	for _, check := range checks {
		start := time.Now()
		if err := check.run(ctx, peer); err != nil {
			fmt.Printf("FAIL %s: %s: %v\n", contentType, check.name, err)
			return false
		}
		fmt.Printf("ok   %s: %s (%d ms)\n", contentType, check.name, time.Since(start).Milliseconds())
	}
	return true
}
