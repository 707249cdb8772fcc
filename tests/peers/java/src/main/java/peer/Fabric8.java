package peer;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.File;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Fabric8's client: round trips, apply, a watch (over a WebSocket), an informer, a refusal. */
public final class Fabric8 {
  private static final Map<String, String> LABELS = Map.of("app", "web");

  public static void main(String[] arguments) {
    Check.run(() -> checks(arguments[0]));
  }

  private static void checks(String kubeconfig) throws Exception {
    Config config = Config.fromKubeconfig(new File(kubeconfig));
    try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build()) {
      roundTrip(client);
      watch(client);
      deployment(client);
      refusal(client);
    }
  }

  private static ConfigMap map(String name, String value) {
    return new ConfigMapBuilder()
        .withNewMetadata().withName(name).withNamespace("default").endMetadata()
        .addToData("a", value)
        .build();
  }

  private static void roundTrip(KubernetesClient client) {
    ConfigMap made = client.resource(map("one", "1")).create();
    Check.that(made.getMetadata().getUid() != null, "it has a uid");
    client.resource(map("one", "2")).forceConflicts().serverSideApply();
    ConfigMap edited =
        client.configMaps().inNamespace("default").withName("one").edit(
            old -> new ConfigMapBuilder(old).addToData("b", "3").build());
    Check.same(Map.of("a", "2", "b", "3"), edited.getData());
    Check.same(1, client.configMaps().inNamespace("default").withField("metadata.name", "one")
        .list().getItems().size());
    client.resource(edited).delete();
    Check.that(client.resource(edited).get() == null, "it is deleted");
    Check.passed("create, apply, edit, list, delete");
  }

  private static void watch(KubernetesClient client) throws Exception {
    List<String> seen = new CopyOnWriteArrayList<>();
    CountDownLatch enough = new CountDownLatch(2);
    Watcher<ConfigMap> watcher =
        new Watcher<>() {
          @Override
          public void eventReceived(Action action, ConfigMap object) {
            seen.add(action + " " + object.getMetadata().getName());
            enough.countDown();
          }

          @Override
          public void onClose(WatcherException cause) {}
        };
    try (var open = client.configMaps().inNamespace("default")
        .withField("metadata.name", "two").watch(watcher)) {
      client.resource(map("two", "1")).create();
      client.resource(map("two", "1")).delete();
      Check.that(enough.await(10, TimeUnit.SECONDS), "two events came");
    }
    Check.same(List.of("ADDED two", "DELETED two"), seen);
    Check.passed("watch");
  }

  private static void deployment(KubernetesClient client) throws Exception {
    CountDownLatch running = new CountDownLatch(2);
    Set<String> names = ConcurrentHashMap.newKeySet();
    SharedIndexInformer<Pod> informer =
        client.pods().inNamespace("default").withLabels(LABELS).inform(
            new ResourceEventHandler<>() {
              @Override
              public void onAdd(Pod pod) {
                note(pod);
              }

              @Override
              public void onUpdate(Pod old, Pod pod) {
                note(pod);
              }

              private void note(Pod pod) {
                String name = pod.getMetadata().getName();
                if ("Running".equals(pod.getStatus().getPhase()) && names.add(name)) {
                  running.countDown();
                }
              }

              @Override
              public void onDelete(Pod pod, boolean unknown) {}
            });
    Deployment web =
        new DeploymentBuilder()
            .withNewMetadata().withName("web").withNamespace("default").endMetadata()
            .withNewSpec().withReplicas(2)
            .withNewSelector().withMatchLabels(LABELS).endSelector()
            .withNewTemplate().withNewMetadata().withLabels(LABELS).endMetadata()
            .withNewSpec().addNewContainer().withName("web").withImage("nginx").endContainer()
            .endSpec().endTemplate().endSpec()
            .build();
    client.resource(web).create();
    client.resource(web).waitUntilReady(15, TimeUnit.SECONDS);
    Check.that(running.await(10, TimeUnit.SECONDS), "the informer saw two pods run");
    Check.same(3, client.apps().deployments().inNamespace("default").withName("web").scale(3)
        .getSpec().getReplicas());
    informer.stop();
    client.resource(web).delete();
    Check.passed("informer, Deployment, scale");
  }

  private static void refusal(KubernetesClient client) {
    try {
      client.resource(map("Bad_Name", "1")).create();
    } catch (KubernetesClientException error) {
      Check.same(422, error.getCode());
      Check.same("Invalid", error.getStatus().getReason());
      Check.passed("refusal");
      return;
    }
    throw new AssertionError("a bad name was taken");
  }
}
