// Prints the layout of Kubernetes' internal types as JSON: field errors show whole structs of them,
// in Go's field order and with Go's names, because internal types have no JSON tags.
//
//	{"core.Volume": [["Name", "name", "s"], ["HostPath", "hostPath", "*core.HostPathVolumeSource"], ...]}
//
// A row is (Go name, wire name, type). Types: s string, n number, b bool, y bytes, w anything that
// prints as on the wire; * pointer, [ slice, { map of what follows; a name refers to a layout.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	storagemigrationv1 "k8s.io/api/storagemigration/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	"k8s.io/kubernetes/pkg/apis/apps"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/certificates"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/discovery"
	"k8s.io/kubernetes/pkg/apis/flowcontrol"
	"k8s.io/kubernetes/pkg/apis/networking"
	"k8s.io/kubernetes/pkg/apis/policy"
	"k8s.io/kubernetes/pkg/apis/rbac"
	"k8s.io/kubernetes/pkg/apis/resource"
	"k8s.io/kubernetes/pkg/apis/storage"
	"k8s.io/kubernetes/pkg/apis/storagemigration"
)

var layouts = map[string][][3]string{}

func pair(internal, versioned any) {
	walk(reflect.TypeOf(internal), reflect.TypeOf(versioned))
}

func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return parts[len(parts)-1] + "." + t.Name()
}

func isInternal(t reflect.Type) bool {
	return strings.HasPrefix(t.PkgPath(), "k8s.io/kubernetes/pkg/apis/") ||
		strings.HasSuffix(t.PkgPath(), "/pkg/apis/apiextensions")
}

// wire finds the versioned field of the same Go name, and its JSON name.
func wire(versioned reflect.Type, goName string) (string, reflect.Type) {
	if versioned != nil {
		if f, ok := versioned.FieldByName(goName); ok {
			tag := strings.Split(f.Tag.Get("json"), ",")[0]
			if tag != "" {
				return tag, f.Type
			}
			return "", f.Type
		}
	}
	return strings.ToLower(goName[:1]) + goName[1:], nil
}

func strip(t reflect.Type) reflect.Type {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map) {
		t = t.Elem()
	}
	return t
}

func code(t, versioned reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + code(t.Elem(), versioned)
	case reflect.Map:
		return "{" + code(t.Elem(), versioned)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		return "[" + code(t.Elem(), versioned)
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Struct:
		if !isInternal(t) {
			return "w"
		}
		walk(t, strip(versioned))
		return name(t)
	}
	return "n"
}

func walk(t, versioned reflect.Type) {
	if versioned != nil && versioned.Kind() != reflect.Struct {
		versioned = nil
	}
	if _, ok := layouts[name(t)]; ok {
		return
	}
	layouts[name(t)] = nil
	layouts[name(t)] = rows(t, versioned)
}

func rows(t, versioned reflect.Type) [][3]string {
	out := [][3]string{}
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		wireName, wireType := wire(versioned, f.Name)
		if f.Anonymous && isInternal(f.Type) {
			inner := versioned
			if wireType != nil {
				inner = wireType
			}
			out = append(out, rows(f.Type, inner)...)
			continue
		}
		if f.Anonymous && f.Name == "ObjectMeta" {
			wireName = "metadata"
		}
		if f.Anonymous && (f.Name == "TypeMeta" || f.Name == "ListMeta") {
			continue
		}
		out = append(out, [3]string{f.Name, wireName, code(f.Type, wireType)})
	}
	return out
}

func main() {
	pair(core.Pod{}, corev1.Pod{})
	pair(core.PodTemplate{}, corev1.PodTemplate{})
	pair(core.Service{}, corev1.Service{})
	pair(core.Endpoints{}, corev1.Endpoints{})
	pair(core.Node{}, corev1.Node{})
	pair(core.PersistentVolume{}, corev1.PersistentVolume{})
	pair(core.PersistentVolumeClaim{}, corev1.PersistentVolumeClaim{})
	pair(core.ReplicationController{}, corev1.ReplicationController{})
	pair(core.ResourceQuota{}, corev1.ResourceQuota{})
	pair(core.LimitRange{}, corev1.LimitRange{})
	pair(core.Event{}, corev1.Event{})
	pair(apps.StatefulSet{}, appsv1.StatefulSet{})
	pair(apps.Deployment{}, appsv1.Deployment{})
	pair(apps.DaemonSet{}, appsv1.DaemonSet{})
	pair(apps.ReplicaSet{}, appsv1.ReplicaSet{})
	pair(apps.ControllerRevision{}, appsv1.ControllerRevision{})
	pair(batch.Job{}, batchv1.Job{})
	pair(batch.CronJob{}, batchv1.CronJob{})
	pair(autoscaling.HorizontalPodAutoscaler{}, autoscalingv2.HorizontalPodAutoscaler{})
	pair(certificates.CertificateSigningRequest{}, certificatesv1.CertificateSigningRequest{})
	pair(certificates.ClusterTrustBundle{}, certificatesv1.ClusterTrustBundle{})
	pair(certificates.PodCertificateRequest{}, certificatesv1.PodCertificateRequest{})
	pair(discovery.EndpointSlice{}, discoveryv1.EndpointSlice{})
	pair(networking.Ingress{}, networkingv1.Ingress{})
	pair(networking.IngressClass{}, networkingv1.IngressClass{})
	pair(networking.NetworkPolicy{}, networkingv1.NetworkPolicy{})
	pair(networking.IPAddress{}, networkingv1.IPAddress{})
	pair(networking.ServiceCIDR{}, networkingv1.ServiceCIDR{})
	pair(policy.PodDisruptionBudget{}, policyv1.PodDisruptionBudget{})
	pair(rbac.ClusterRole{}, rbacv1.ClusterRole{})
	pair(rbac.ClusterRoleBinding{}, rbacv1.ClusterRoleBinding{})
	pair(storage.StorageClass{}, storagev1.StorageClass{})
	pair(storage.VolumeAttachment{}, storagev1.VolumeAttachment{})
	pair(storage.CSIDriver{}, storagev1.CSIDriver{})
	pair(storage.CSINode{}, storagev1.CSINode{})
	pair(storage.CSIStorageCapacity{}, storagev1.CSIStorageCapacity{})
	pair(flowcontrol.FlowSchema{}, flowcontrolv1.FlowSchema{})
	pair(flowcontrol.PriorityLevelConfiguration{}, flowcontrolv1.PriorityLevelConfiguration{})
	pair(admissionregistration.ValidatingAdmissionPolicy{}, admissionregistrationv1.ValidatingAdmissionPolicy{})
	pair(admissionregistration.ValidatingAdmissionPolicyBinding{}, admissionregistrationv1.ValidatingAdmissionPolicyBinding{})
	pair(admissionregistration.ValidatingWebhookConfiguration{}, admissionregistrationv1.ValidatingWebhookConfiguration{})
	pair(admissionregistration.MutatingAdmissionPolicy{}, admissionregistrationv1.MutatingAdmissionPolicy{})
	pair(admissionregistration.MutatingAdmissionPolicyBinding{}, admissionregistrationv1.MutatingAdmissionPolicyBinding{})
	pair(admissionregistration.MutatingWebhookConfiguration{}, admissionregistrationv1.MutatingWebhookConfiguration{})
	pair(apiextensions.CustomResourceDefinition{}, apiextensionsv1.CustomResourceDefinition{})
	pair(storage.VolumeAttributesClass{}, storagev1.VolumeAttributesClass{})
	pair(storagemigration.StorageVersionMigration{}, storagemigrationv1.StorageVersionMigration{})
	pair(resource.ResourceClaim{}, resourcev1.ResourceClaim{})
	pair(resource.ResourceClaimTemplate{}, resourcev1.ResourceClaimTemplate{})
	pair(resource.ResourceSlice{}, resourcev1.ResourceSlice{})
	pair(resource.DeviceClass{}, resourcev1.DeviceClass{})
	pair(resource.DeviceTaintRule{}, resourcev1.DeviceTaintRule{})
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(layouts); err != nil {
		panic(err)
	}
}
