"""``burn``, ``caption --burn`` and ``watch --burn`` share their options, from one place."""

from pipeline.options.burn import Burned, BurnSettings, Cues
from pipeline.options.caption import Settings
from pipeline.options.watch import WatchSettings


def test_every_option_of_burning_is_the_same_everywhere() -> None:
    shared = {**Burned.model_fields, **Cues.model_fields}
    assert set(BurnSettings.model_fields) == set(shared)
    for other in (BurnSettings, Settings, WatchSettings):
        for name, field in shared.items():
            theirs = other.model_fields[name]
            assert (theirs.default, theirs.description, theirs.annotation) == (field.default, field.description, field.annotation)


def test_panels_stand_in_the_order_that_people_read_them() -> None:
    panels = [field.json_schema_extra["panel"] for field in Settings.ordered().values()]  # type: ignore[index,call-overload]
    assert list(dict.fromkeys(panels)) == list(Settings.panels)
