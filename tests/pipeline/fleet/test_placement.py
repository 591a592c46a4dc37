"""How many hosts, and what each may use: a pure function of the options and the machine."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.gpus import Gpu
from pipeline.errors import UsageError
from pipeline.fleet import room
from pipeline.fleet.cores import divided, parse_cores, written
from pipeline.fleet.placement import BESIDE, placements, settings_for, share_of
from pipeline.options.caption import Settings
from pipeline.video.children import cards

FOUR = tuple(Gpu(name=str(number)) for number in range(4))
CORES = range(64)


def placed(gpu: tuple[Gpu, ...] = FOUR, **options: Any) -> list[tuple[tuple[str, ...], str]]:
    return [(place.gpus, written(place.cores)) for place in placements(Settings(**options), there=gpu, cores=CORES)]


def test_each_gpu_has_a_host_and_its_part_of_the_cores() -> None:
    assert placed() == [(("0",), "0-15"), (("1",), "16-31"), (("2",), "32-47"), (("3",), "48-63")]
    assert placed(tensor_parallel_size=2) == [(("0", "1"), "0-31"), (("2", "3"), "32-63")]
    assert placed(engine_arg=("tensor-parallel-size=2",)) == placed(tensor_parallel_size=2), "the same by vLLM's own name"
    assert placed(gpus="1,3") == [(("1",), "0-31"), (("3",), "32-63")]
    assert placed(gpus="2", hosts=4) == [(("0",), "0-15"), (("1",), "16-31"), (("0",), "32-47"), (("1",), "48-63")]


def test_a_gpu_has_one_host_unless_hosts_says_more() -> None:
    """However small the model: several on one GPU share its memory, and nobody measured that they do more."""
    large = (Gpu(name="0", memory_gb=141),)
    assert placements(Settings(model="llava-onevision-0.5b"), there=large, cores=range(16)) == ()
    places = placements(Settings(model="llava-onevision-0.5b", hosts=2), there=large, cores=range(16))
    assert [(place.gpus, written(place.cores), place.sharing) for place in places] == [(("0",), "0-7", 2), (("0",), "8-15", 2)]


def test_one_host_with_all_that_there_is_needs_no_process() -> None:
    assert placed(FOUR[:1]) == [] == placed(()) == placed(tensor_parallel_size=4) == placed(data_parallel_size=4)
    assert placed(engine="openai", base_url="http://localhost:1") == [] == placed(engine="echo")
    assert placed(gpus="3,") == [(("3",), "0-63")], "one of four is a process that sees no other"


def test_hosts_without_a_gpu_share_the_cores() -> None:
    assert placed((), hosts=2) == [((), "0-31"), ((), "32-63")]
    first, second = placements(Settings(hosts=2), there=(), cores=CORES)
    assert first.environment == {"VLLM_CPU_OMP_THREADS_BIND": "0-31"}
    assert second.environment != first.environment


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"gpus": "0,7"}, "gpu_not_found"), ({"gpus": "5"}, "gpu_not_found"), ({"gpus": "some"}, "bad_value"), ({"gpus": "0"}, "bad_value"),
        ({"gpus": "1,1"}, "bad_value"), ({"gpus": "-1"}, "bad_value"), ({"gpus": ""}, "bad_value"), ({"gpus": "2", "engine": "echo"}, "bad_value"),
        ({"gpus": "9" * 20}, "gpu_not_found"), ({"gpus": "9" * 5000}, "gpu_not_found"), ({"gpus": "0," + "9" * 5000}, "gpu_not_found"),
        ({"hosts": 10_001}, "too_many_hosts"),
    ],
)  # fmt: skip
def test_what_can_t_be_is_one_line(options: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError) as refused:
        placed(**options)
    assert refused.value.code == code
    assert "\n" not in refused.value.message


def test_a_gpu_that_is_asked_for_and_not_there_says_what_is() -> None:
    with pytest.raises(UsageError, match="numbers 0 to 3"):
        placed(gpus="0,7")
    with pytest.raises(UsageError, match="no GPU was found"):
        placed((), gpus="1")
    with pytest.raises(UsageError, match="its number and a comma"):
        placed(gpus="0")


def test_gpus_that_make_no_group_are_told(caplog: pytest.LogCaptureFixture) -> None:
    assert placed(tensor_parallel_size=3) == [], "one engine of three"
    assert "1 of 4 GPUs have nothing to do: one engine takes 3 (--tensor-parallel-size 3)" in caplog.text
    with pytest.raises(UsageError, match=r"5 GPUs, and there are 4: --tensor-parallel-size 5") as refused:
        placed(tensor_parallel_size=5)
    assert refused.value.code == "gpu_not_found"


def test_a_host_counts_gpus_as_the_driver_s_tool_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA would put the fastest first; where the user has chosen GPUs, they were chosen in whatever order is set."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)

    def environment() -> dict[str, str]:
        return placements(Settings(gpus="2,"), there=FOUR, cores=CORES)[0].environment

    assert environment() == {"CUDA_VISIBLE_DEVICES": "2", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3")
    assert environment() == {"CUDA_VISIBLE_DEVICES": "2"}


def test_hosts_on_one_gpu_share_its_memory() -> None:
    settings = Settings(hosts=3)
    places = placements(settings, there=FOUR[:1], cores=CORES)
    assert [settings_for(settings, place, ("hosts",), None)["gpu_memory_utilization"] for place in places] == [0.28, 0.28, 0.28]
    told = settings_for(settings.changed(gpu_memory_utilization=0.6), places[0], ("gpu_memory_utilization",), 0.9)
    assert told == {"gpu_memory_utilization": 0.2}


@given(st.floats(16, 200), st.integers(1, 12))
def test_engines_and_decoders_of_all_hosts_on_one_gpu_fit_into_it(size: float, sharing: int) -> None:
    """Two of one H200 did not: each took a twentieth of the card for decoding, and the first engine to need a little more died."""
    share = share_of(None, None, sharing)
    decoders = len(cards.assign([size], utilization=share if sharing > 1 else None, sharing=sharing))
    assert sharing * (share + BESIDE) + sharing * decoders * cards.CONTEXT / size <= 0.99


def test_more_hosts_than_memory_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.engine.opening import choose_preset

    settings = Settings(model="shapes", hosts=8)
    places = placements(settings, there=(), cores=CORES)
    monkeypatch.setattr(room, "available_gb", lambda: 8.0)
    with pytest.raises(UsageError, match=r"8 hosts need about .* ask for 3") as refused:
        room.refuse_more_than_fit(settings, choose_preset(settings), places)
    assert refused.value.code == "too_many_hosts"
    room.refuse_more_than_fit(settings, choose_preset(settings), places[:3])


@given(st.sets(st.integers(0, 200), min_size=1), st.integers(1, 20))
def test_every_core_goes_to_one_host_and_every_host_has_one(cores: set[int], count: int) -> None:
    parts = divided(sorted(cores), [set()] * count)
    assert len(parts) == count
    assert all(parts)
    given_out = [core for part in parts for core in part]
    assert set(given_out) <= cores
    if count <= len(cores):
        assert sorted(given_out) == sorted(cores)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_hosts_get_the_cores_beside_their_gpus_where_these_are_enough() -> None:
    near, far = set(range(8)), set(range(8, 16))
    assert divided(range(16), [far, near, far]) == [[8, 9, 10, 11], list(range(8)), [12, 13, 14, 15]]
    assert divided(range(16), [{0}, {0}]) == [list(range(8)), list(range(8, 16))], "one core for two: the machine tells nonsense"


@given(st.sets(st.integers(0, 300)))
def test_lists_of_cores_are_read_as_they_are_written(cores: set[int]) -> None:
    assert parse_cores(written(sorted(cores))) == cores
