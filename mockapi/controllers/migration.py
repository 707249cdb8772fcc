"""StorageVersionMigrations: every object of a resource is written once more, one migration of a
resource at a time.

Source: pkg/controller/storageversionmigrator. Here objects are stored in one version only, so that
there is nothing to write: a patch that changes nothing is no write on the real server either.
"""

from mockapi.base.clock import parse_timestamp, timestamp
from mockapi.client.protocol import Event, Obj
from mockapi.controllers import base, objects
from mockapi.controllers.served import Served
from mockapi.meta.errors import ApiError
from mockapi.runtime.loop import Runtime

MIGRATIONS = "storagemigration.k8s.io/v1/storageversionmigrations"
RUNNING, SUCCEEDED, FAILED = "Running", "Succeeded", "Failed"
REASON = "MigrationRunning"
PATIENCE_SECONDS = 60.0
"""A resource may still come."""


class StorageVersionMigrator:
    name = "storage-version-migrator-controller"

    def start(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.client = base.client(runtime)
        self.served = Served(runtime)
        self.migrations = runtime.informer(MIGRATIONS)
        self.queue = base.queue(runtime, self.name, self.sync, self.migrations)
        self.migrations.on_event(self._changed)

    def _changed(self, event: Event) -> None:
        """What one waits for may be over."""
        for migration in self.migrations.list():
            if not _over(migration) or objects.condition_is(migration, RUNNING):
                self.queue.add(objects.name(migration))

    def sync(self, key: str) -> None:
        migration = self.migrations.get("", key)
        if migration is None:
            return
        if _over(migration):
            if objects.condition_is(migration, RUNNING):
                self._say(
                    migration, (RUNNING, "MigrationCompleted", "Migration completed"), value="False"
                )
            return
        if not objects.condition_is(migration, RUNNING):
            if self._is_next(migration):
                self._say(migration, (RUNNING, REASON, "The migration is running"))
            return
        resource = self._resource(migration)
        if not resource:
            since = parse_timestamp(objects.created(migration))
            if since + PATIENCE_SECONDS > self.clock.now():
                raise base.Retry("resource does not exist in our rest mapper")
            text = "resource does not exist in discovery"
            self._say(migration, (FAILED, "StorageVersionMigrationFailed", text))
        elif not objects.status(migration).get("resourceVersion"):
            version = self.client.list(resource).resource_version
            self._write(migration, {**objects.status(migration), "resourceVersion": version})
        else:
            self._migrate(migration, resource)

    def _is_next(self, migration: Obj) -> bool:
        same = [
            other
            for other in self.migrations.list()
            if other["spec"]["resource"] == migration["spec"]["resource"] and not _over(other)
        ]
        first = min(same, key=lambda m: (objects.created(m), objects.name(m)))
        return objects.name(first) == objects.name(migration)

    def _resource(self, migration: Obj) -> str:
        wanted = migration["spec"]["resource"]
        for row in self.served.all():
            same = row.resource.rpartition("/")[2] == wanted["resource"]
            if same and row.group == (wanted.get("group") or ""):
                return row.resource
        return ""

    def _migrate(self, migration: Obj, resource: str) -> None:
        items = self.client.list(resource).items
        for item in items:
            try:
                metadata = {"resourceVersion": item["metadata"]["resourceVersion"]}
                inside, name = objects.namespace(item), objects.name(item)
                self.client.patch(resource, inside, name, {"metadata": metadata})
            except ApiError as error:
                if not base.conflict(error) and not base.not_found(error):
                    raise
        told = f", {len(items)} objects verified migrated" if items else ""
        self._say(
            migration,
            (RUNNING, REASON, f"The migration is running{told}"),
            (SUCCEEDED, "StorageVersionMigrationSucceeded", "Migration completed"),
        )

    def _say(self, migration: Obj, *rows: tuple[str, str, str], value: str = "True") -> None:
        conditions = [dict(c) for c in objects.status(migration).get("conditions") or ()]
        for type, reason, message in rows:
            known = next((c for c in conditions if c["type"] == type), None)
            if known is None:
                known = {"type": type}
                conditions.append(known)
            if known.get("status") != value:
                known["lastTransitionTime"] = timestamp(self.clock.now())
            known.update(status=value, reason=reason, message=message)
        self._write(migration, {**objects.status(migration), "conditions": conditions})

    def _write(self, migration: Obj, status: Obj) -> None:
        new = objects.with_status(migration, status)
        self.client.update(MIGRATIONS, "", new, subresource="status")


def _over(migration: Obj) -> bool:
    return any(objects.condition_is(migration, type) for type in (SUCCEEDED, FAILED))
