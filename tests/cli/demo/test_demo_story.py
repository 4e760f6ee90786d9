"""A story is its files, and leaves nothing behind in the process that plays it."""

import sys
from pathlib import Path

import pytest

from trilens.cli.demo.story import examples_folder, find_example, loaded_story
from trilens.errors import ExtensionError, SettingsError

STEP = "TITLE = 'a title'\nWHY = 'a reason'\n\n\ndef play(scene):\n    scene.check('something', holds=True)\n"


def write_story(folder: Path, **files: str) -> Path:
    (folder / "story").mkdir()
    for name, text in files.items():
        (folder / "story" / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def test_steps_come_in_the_order_of_their_files(tmp_path: Path) -> None:
    example = write_story(tmp_path, step_2_b=STEP.replace("a title", "second"), step_1_a=STEP, other="raise SystemExit")
    with loaded_story(example) as steps:
        assert [step.title for step in steps] == ["a title", "second"]


@pytest.mark.parametrize("name", ["TITLE", "WHY", "play"])
def test_a_step_that_lacks_a_part_is_named_with_it(tmp_path: Path, name: str) -> None:
    example = write_story(tmp_path, step_1_a=STEP.replace(name, f"other_{name}"))
    with pytest.raises(ExtensionError, match=rf"`story\.step_1_a` .*: {name} \["), loaded_story(example):
        pass


def test_two_stories_in_one_process_do_not_share_modules(tmp_path: Path) -> None:
    for number in ("1", "2"):
        folder = tmp_path / number
        folder.mkdir()
        (folder / "shop.py").write_text(f"NAME = {number!r}\n", encoding="utf-8")
        example = write_story(folder, step_1_a="from shop import NAME\n" + STEP.replace("'a title'", "NAME"))
        with loaded_story(example) as steps:
            assert [step.title for step in steps] == [number]
    assert {"shop", "story", "story.step_1_a"}.isdisjoint(sys.modules)
    assert not any(str(tmp_path) in path for path in sys.path)


def test_an_example_is_found_by_name_and_no_path_is_one() -> None:
    assert find_example("support") == examples_folder() / "support"
    for name in ("", "..", "support/story", "/etc"):
        with pytest.raises(SettingsError) as raised:
            find_example(name)
        assert raised.value.help == "examples that can be shown: `support`"
