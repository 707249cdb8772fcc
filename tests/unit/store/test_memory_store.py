"""The store's promises: see `mockapi.store.protocol`."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockapi.store.memory import MemoryStore
from mockapi.store.protocol import Compacted, Conflict, Entry, FutureRevision


def text(value: str) -> Callable[[int], bytes]:
    return lambda revision: f"{value}@{revision}".encode()


def put(store: MemoryStore, key: str, value: str = "x") -> Entry:
    current = store.get(key)
    return store.put(key, text(value), expected=current.revision if current else 0)


def delete(store: MemoryStore, key: str) -> Entry:
    current = store.get(key)
    assert current is not None
    return store.delete(key, text("gone"), expected=current.revision)


def test_a_write_takes_the_next_revision_and_knows_it() -> None:
    store = MemoryStore()
    entry = put(store, "pods/default/a")
    assert (entry.revision, entry.value, entry.created) == (2, b"x@2", 2)
    assert store.revision == 2


def test_put_over_an_unexpected_revision_is_a_conflict_with_what_stands_there() -> None:
    store = MemoryStore()
    entry = put(store, "pods/default/a")
    with pytest.raises(Conflict) as caught:
        store.put("pods/default/a", text("y"), expected=0)
    assert caught.value.current is entry
    assert store.revision == entry.revision


def test_keys_list_in_the_order_of_their_bytes() -> None:
    store = MemoryStore()
    for key in ("pods/a/x", "pods/a-b/x", "pods/a.b/x", "pods/b/x"):
        put(store, key)
    keys = [entry.key for entry in store.list("pods/").entries]
    assert keys == ["pods/a-b/x", "pods/a.b/x", "pods/a/x", "pods/b/x"]


def test_a_page_goes_on_after_a_key_and_counts_what_remains() -> None:
    store = MemoryStore()
    for name in "abcd":
        put(store, f"pods/n/{name}")
    page = store.list("pods/n/", after="pods/n/a", limit=2)
    assert [entry.key[-1] for entry in page.entries] == ["b", "c"]
    assert page.remaining == 1


def test_an_old_revision_shows_what_was_there_then() -> None:
    store = MemoryStore()
    put(store, "pods/n/a", "one")
    then = store.revision
    put(store, "pods/n/a", "two")
    delete(store, "pods/n/a")
    put(store, "pods/n/b")
    page = store.list("pods/", revision=then)
    assert [(e.key, e.value) for e in page.entries] == [("pods/n/a", b"one@2")]
    assert store.get("pods/n/a") is None
    old = store.get("pods/n/a", then)
    assert old is not None and old.value == b"one@2"


def test_a_watch_replays_and_then_follows() -> None:
    store = MemoryStore()
    put(store, "pods/n/a")
    watch = store.watch("pods/", after=1)
    assert [entry.key for entry in watch.poll()] == ["pods/n/a"]
    assert watch.poll() == []
    put(store, "secrets/n/a")
    put(store, "pods/n/b")
    assert [entry.key for entry in watch.poll()] == ["pods/n/b"]


def test_a_watch_of_a_namespace_is_not_stopped_by_writes_elsewhere() -> None:
    store = MemoryStore()
    watch = store.watch("pods/mine/", after=store.revision)
    for index in range(30):
        put(store, f"pods/other/p{index}")
    put(store, "pods/mine/a")
    assert [entry.key for entry in watch.poll(limit=5)] == ["pods/mine/a"]


def test_a_handle_taken_before_looking_misses_no_write() -> None:
    store = MemoryStore()
    watch = store.watch("pods/", after=store.revision)
    handle = watch.handle()
    assert watch.poll() == []
    put(store, "pods/n/a")
    assert handle.wait(0)


def test_compaction_forgets_and_says_so() -> None:
    store = MemoryStore()
    put(store, "pods/n/a", "one")
    slow = store.watch("pods/", after=1)
    put(store, "pods/n/a", "two")
    put(store, "pods/n/a", "three")
    store.compact(3)
    with pytest.raises(Compacted):
        store.get("pods/n/a", 2)
    with pytest.raises(Compacted):
        slow.poll()
    with pytest.raises(Compacted):
        store.watch("pods/", after=2)
    kept = store.get("pods/n/a", 3)
    assert kept is not None and kept.value == b"two@3"


def test_the_future_cannot_be_read() -> None:
    store = MemoryStore()
    with pytest.raises(FutureRevision):
        store.list("pods/", revision=99)


def test_history_is_bounded() -> None:
    store = MemoryStore(keep=10)
    for index in range(100):
        put(store, "pods/n/a", str(index))
    assert store.oldest >= store.revision - 20


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30))
def test_replaying_the_log_gives_the_state(writes: list[tuple[str, bool]]) -> None:
    store = MemoryStore()
    states: dict[int, dict[str, bytes]] = {store.revision: {}}
    state: dict[str, bytes] = {}
    for name, remove in writes:
        key = f"pods/n/{name}"
        if remove and key in state:
            delete(store, key)
            del state[key]
        else:
            state[key] = put(store, key, name).value
        states[store.revision] = dict(state)
    seen: dict[str, bytes] = {}
    watch = store.watch("pods/", after=1)
    while entries := watch.poll(limit=3):
        for entry in entries:
            if entry.deleted:
                del seen[entry.key]
            else:
                seen[entry.key] = entry.value
    assert seen == state
    for revision, expected in states.items():
        page = store.list("pods/", revision=revision)
        assert {e.key: e.value for e in page.entries} == expected
