"""KubeSchedulerConfiguration. Expectations from pkg/scheduler/apis/config, refusals from the real
scheduler (tests/scenarios/scheduler/configurations.yaml)."""

import re
from typing import Any

import pytest

from mockapi.scheduler import configuration
from mockapi.scheduler.configuration import ConfigurationError
from mockapi.scheduler.profile import Profile, default_profile
from tests.scenarios.scheduler import record_configurations as record

HEAD = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def _names(profile: Profile, point: str) -> list[str]:
    return [plugin.name for plugin in profile.at(point)]


def _with_plugins(plugins: dict[str, Any]) -> Profile:
    (profile,) = configuration.parse({**HEAD, "profiles": [{"plugins": plugins}]}).profiles
    return profile


def test_empty_configuration_is_the_default_profile() -> None:
    loaded = configuration.load(
        b"apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
    )
    (profile,) = loaded.profiles
    assert profile.name == "default-scheduler"
    for point in configuration.POINTS:
        assert _names(profile, point) == _names(default_profile(), point)
    assert profile.weight(profile.at("score")[0]) == 3
    assert (loaded.first_back_off, loaded.last_back_off) == (1, 10)


def test_disabled_plugin_is_gone_from_its_point_only() -> None:
    profile = _with_plugins({"filter": {"disabled": [{"name": "TaintToleration"}]}})
    assert "TaintToleration" not in _names(profile, "filter")
    assert "TaintToleration" in _names(profile, "score")


def test_star_leaves_only_what_is_enabled() -> None:
    profile = _with_plugins(
        {
            "score": {
                "disabled": [{"name": "*"}],
                "enabled": [{"name": "ImageLocality", "weight": 7}],
            }
        }
    )
    assert _names(profile, "score") == ["ImageLocality"]
    assert profile.weight(profile.at("score")[0]) == 7


def test_weight_of_the_score_list_goes_before_that_of_multi_point() -> None:
    profile = _with_plugins(
        {
            "multiPoint": {"enabled": [{"name": "NodeAffinity", "weight": 5}]},
            "score": {"enabled": [{"name": "NodeAffinity", "weight": 9}]},
        }
    )
    assert _names(profile, "score")[0] == "NodeAffinity"
    assert profile.weight(profile.at("score")[0]) == 9


def test_several_profiles_by_name() -> None:
    loaded = configuration.parse(
        {**HEAD, "profiles": [{"schedulerName": "a"}, {"schedulerName": "b"}]}
    )
    assert [profile.name for profile in loaded.profiles] == ["a", "b"]


def _refusal(case: dict[str, Any]) -> str:
    try:
        configuration.load(record.text(case).encode())
    except ConfigurationError as error:
        return error.text
    return record.ACCEPTED


def test_wrong_files_are_refused_in_the_real_words() -> None:
    def shown(case: dict[str, Any], text: str) -> str:
        return re.sub(r"\w+Plugin", "Plugin", text) if case.get("point") == "any" else text

    real = record.recorded()
    cases = record.cases()
    ours = {case["name"]: shown(case, _refusal(case)) for case in cases}
    assert ours == {
        case["name"]: case.get("ours") or shown(case, real[case["name"]]) for case in cases
    }


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("profile: []", "; did you mean profiles?"),
        ("profiles: [{plugins: {scores: {}}}]", "; did you mean score?"),
        (
            "profiles: [{plugins: {filter: {enabled: [{name: TaintTolerations}]}}}]",
            "; did you mean TaintToleration?",
        ),
        (
            "profiles: [{pluginConfig: [{name: VolumeBinding, args: {shapes: []}}]}]",
            "; did you mean shape?",
        ),
    ],
)
def test_refusal_names_what_was_meant(text: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        configuration.load(record.text({"text": text}).encode())
    assert str(refused.value) == refused.value.text + hint
