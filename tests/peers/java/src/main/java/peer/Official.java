package peer;

import com.google.gson.reflect.TypeToken;
import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.informer.ResourceEventHandler;
import io.kubernetes.client.informer.SharedIndexInformer;
import io.kubernetes.client.informer.SharedInformerFactory;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.ApiException;
import io.kubernetes.client.openapi.apis.AppsV1Api;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1DeploymentSpec;
import io.kubernetes.client.openapi.models.V1LabelSelector;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.openapi.models.V1Pod;
import io.kubernetes.client.openapi.models.V1PodList;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1PodTemplateSpec;
import io.kubernetes.client.util.Config;
import io.kubernetes.client.util.PatchUtils;
import io.kubernetes.client.util.Watch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The official Java client: round trips, patches, a watch, an informer, a refusal. */
public final class Official {
  private static final Map<String, String> LABELS = Map.of("app", "java");

  public static void main(String[] arguments) {
    Check.run(() -> checks(arguments[0]));
  }

  private static void checks(String kubeconfig) throws Exception {
    ApiClient client = Config.fromConfig(kubeconfig);
    client.setReadTimeout(0);
    CoreV1Api core = new CoreV1Api(client);
    roundTrip(core);
    patches(client, core);
    watch(client, core);
    deployment(client, core);
    refusal(core);
  }

  private static V1ConfigMap map(String name) {
    return new V1ConfigMap().metadata(new V1ObjectMeta().name(name)).putDataItem("a", "1");
  }

  private static void roundTrip(CoreV1Api core) throws ApiException {
    V1ConfigMap made = core.createNamespacedConfigMap("default", map("one")).execute();
    made.putDataItem("b", "2");
    V1ConfigMap replaced = core.replaceNamespacedConfigMap("one", "default", made).execute();
    Check.same(Map.of("a", "1", "b", "2"), replaced.getData());
    try {
      core.replaceNamespacedConfigMap("one", "default", made).execute();
      throw new AssertionError("a stale object was taken");
    } catch (ApiException error) {
      Check.same(409, error.getCode());
    }
    core.deleteNamespacedConfigMap("one", "default").execute();
    Check.passed("create, replace, conflict, delete");
  }

  private static void patches(ApiClient client, CoreV1Api core) throws ApiException {
    core.createNamespacedConfigMap("default", map("two")).execute();
    V1ConfigMap merged =
        PatchUtils.patch(
            V1ConfigMap.class,
            () -> core.patchNamespacedConfigMap("two", "default",
                new V1Patch("{\"data\":{\"a\":null,\"c\":\"3\"}}")).buildCall(null),
            V1Patch.PATCH_FORMAT_STRATEGIC_MERGE_PATCH,
            client);
    Check.same(Map.of("c", "3"), merged.getData());
    core.deleteNamespacedConfigMap("two", "default").execute();
    Check.passed("patch");
  }

  private static void watch(ApiClient client, CoreV1Api core) throws Exception {
    String begin = core.listNamespacedConfigMap("default").execute().getMetadata()
        .getResourceVersion();
    core.createNamespacedConfigMap("default", map("three")).execute();
    core.deleteNamespacedConfigMap("three", "default").execute();
    List<String> seen = new ArrayList<>();
    try (Watch<V1ConfigMap> open =
        Watch.createWatch(
            client,
            core.listNamespacedConfigMap("default").watch(true).resourceVersion(begin)
                .buildCall(null),
            new TypeToken<Watch.Response<V1ConfigMap>>() {}.getType())) {
      for (Watch.Response<V1ConfigMap> event : open) {
        seen.add(event.type + " " + event.object.getMetadata().getName());
        if (seen.size() == 2) {
          break;
        }
      }
    }
    Check.same(List.of("ADDED three", "DELETED three"), seen);
    Check.passed("watch");
  }

  private static void deployment(ApiClient client, CoreV1Api core) throws Exception {
    CountDownLatch running = new CountDownLatch(2);
    Set<String> names = ConcurrentHashMap.newKeySet();
    SharedInformerFactory factory = new SharedInformerFactory(client);
    SharedIndexInformer<V1Pod> informer =
        factory.sharedIndexInformerFor(
            call -> core.listNamespacedPod("default").labelSelector("app=java")
                .resourceVersion(call.resourceVersion).timeoutSeconds(call.timeoutSeconds)
                .watch(call.watch).buildCall(null),
            V1Pod.class,
            V1PodList.class);
    informer.addEventHandler(
        new ResourceEventHandler<>() {
          @Override
          public void onAdd(V1Pod pod) {
            note(pod);
          }

          @Override
          public void onUpdate(V1Pod old, V1Pod pod) {
            note(pod);
          }

          private void note(V1Pod pod) {
            String name = pod.getMetadata().getName();
            if ("Running".equals(pod.getStatus().getPhase()) && names.add(name)) {
              running.countDown();
            }
          }

          @Override
          public void onDelete(V1Pod pod, boolean unknown) {}
        });
    factory.startAllRegisteredInformers();
    V1PodTemplateSpec template =
        new V1PodTemplateSpec()
            .metadata(new V1ObjectMeta().labels(LABELS))
            .spec(new V1PodSpec().addContainersItem(new V1Container().name("web").image("nginx")));
    new AppsV1Api(client)
        .createNamespacedDeployment(
            "default",
            new V1Deployment()
                .metadata(new V1ObjectMeta().name("java"))
                .spec(
                    new V1DeploymentSpec()
                        .replicas(2)
                        .selector(new V1LabelSelector().matchLabels(LABELS))
                        .template(template)))
        .execute();
    Check.that(running.await(15, TimeUnit.SECONDS), "the informer saw two pods run");
    factory.stopAllRegisteredInformers();
    Check.passed("informer, Deployment");
  }

  private static void refusal(CoreV1Api core) {
    try {
      core.readNamespacedPod("absent", "default").execute();
    } catch (ApiException error) {
      Check.same(404, error.getCode());
      Check.that(error.getResponseBody().contains("pods \\\"absent\\\" not found"), "its Status");
      Check.passed("refusal");
      return;
    }
    throw new AssertionError("there is no such pod");
  }
}
