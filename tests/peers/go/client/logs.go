package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const talks = `logs: {lines: ["tick {n}"], every: 0.2}`

// logs follows a container that talks, and asks for what is not there.
func logs(ctx context.Context, p *peer) error {
	pods := p.client.CoreV1().Pods(p.namespace)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "talker", Annotations: map[string]string{"mockapi.dev/behaviour": talks}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{
			{Name: "main", Image: "app:1"}, {Name: "late", Image: "Late:1"}}},
	}
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	now := metav1.DeleteOptions{GracePeriodSeconds: new(int64)}
	defer pods.Delete(context.Background(), "talker", now)
	if err := eventually(ctx, func() error { return follow(ctx, p) }); err != nil {
		return err
	}
	one := int64(1)
	options := &corev1.PodLogOptions{Container: "main", TailLines: &one, Timestamps: true}
	text, err := pods.GetLogs("talker", options).DoRaw(ctx)
	if err != nil {
		return err
	}
	stamp, rest, _ := strings.Cut(string(text), " ")
	if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil || !strings.HasPrefix(rest, "tick ") {
		return fmt.Errorf("the last line is %q: %w", text, err)
	}
	_, err = pods.GetLogs("talker", &corev1.PodLogOptions{Container: "late"}).Stream(ctx)
	wanted := `container "late" in pod "talker" is waiting to start: InvalidImageName`
	if !apierrors.IsBadRequest(err) || err.Error() != wanted {
		return fmt.Errorf("a container that waits is refused with %v", err)
	}
	return nil
}

func follow(ctx context.Context, p *peer) error {
	options := &corev1.PodLogOptions{Container: "main", Follow: true}
	stream, err := p.client.CoreV1().Pods(p.namespace).GetLogs("talker", options).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	lines := bufio.NewScanner(stream)
	for number := range 3 {
		if !lines.Scan() || lines.Text() != fmt.Sprintf("tick %d", number) {
			return fmt.Errorf("line %d is %q: %w", number, lines.Text(), lines.Err())
		}
	}
	return nil
}
