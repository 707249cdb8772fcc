"""KubeSchedulerConfiguration. Expectations from pkg/scheduler/apis/config and NewFramework."""

from typing import Any

import pytest

from mockapi.scheduler import configuration
from mockapi.scheduler.configuration import ConfigurationError
from mockapi.scheduler.profile import Profile, default_profile

HEAD = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def _names(profile: Profile, point: str) -> list[str]:
    return [plugin.name for plugin in profile.at(point)]


def _with_plugins(plugins: dict[str, Any]) -> Profile:
    (profile,) = configuration.parse({**HEAD, "profiles": [{"plugins": plugins}]}).profiles
    return profile


def test_empty_configuration_is_the_default_profile() -> None:
    loaded = configuration.load(
        "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
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


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"kind": "Other"},
            'no kind "Other" is registered for version "kubescheduler.config.k8s.io/v1"; '
            "expected KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1",
        ),
        ({"unknown": 1}, 'strict decoding error: unknown field "unknown"'),
        ({"extenders": [{}]}, "extenders: scheduler extenders are not offered"),
        (
            {"parallelism": 0},
            "parallelism: Invalid value: 0: should be an integer value greater than zero",
        ),
        (
            {"percentageOfNodesToScore": 101},
            "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]",
        ),
        (
            {"podInitialBackoffSeconds": 5, "podMaxBackoffSeconds": 4},
            "podMaxBackoffSeconds: Invalid value: 4: "
            "must be greater than or equal to PodInitialBackoffSeconds",
        ),
        (
            {"profiles": [{"schedulerName": "a"}, {"schedulerName": "a"}]},
            'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"',
        ),
        (
            {"profiles": [{"plugins": {"filter": {"enabled": [{"name": "Mine"}]}}}]},
            'FilterPlugin "Mine" does not exist',
        ),
        (
            {"profiles": [{"plugins": {"filter": {"enabled": [{"name": "ImageLocality"}]}}}]},
            'plugin "ImageLocality" does not extend FilterPlugin plugin',
        ),
        (
            {"profiles": [{"plugins": {"multiPoint": {"disabled": [{"name": "*"}]}}}]},
            "only one queue sort plugin required for profile with scheduler name "
            '"default-scheduler", but got 0',
        ),
        (
            {"profiles": [{"plugins": {"bind": {"disabled": [{"name": "*"}]}}}]},
            "at least one bind plugin is needed for profile with scheduler name "
            '"default-scheduler"',
        ),
        (
            {
                "profiles": [
                    {
                        "pluginConfig": [
                            {"name": "InterPodAffinity", "args": {"hardPodAffinityWeight": 101}}
                        ]
                    }
                ]
            },
            "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: "
            "not in valid range [0, 100]",
        ),
    ],
)
def test_wrong_configuration_is_refused_by_name(change: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        configuration.parse({**HEAD, **change})
    assert str(refused.value) == text
