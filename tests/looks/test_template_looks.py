"""The dialog of device templates: what fits and why, saved, used on all of a device, taken in."""

import pytest

from tests.looks.test_looks import opened, settled, window  # noqa: F401
from tests.looks.test_region_looks import loop  # noqa: F401
from viewer.app.templates import NAME, Templates
from viewer.pixels.regions import Box, Fan, Manner, ScopeKind
from viewer.ui.template_dialog import TemplateDialog


@pytest.fixture
def dialog(qtbot, window, loop, tmp_path):  # noqa: F811
    opened(qtbot, window, loop)
    made = TemplateDialog(window.workspace, Templates(tmp_path / NAME), window)
    made.show()
    return made


def test_templates_are_offered_saved_and_used(qtbot, window, grab, dialog, tmp_path) -> None:  # noqa: F811
    assert dialog.list.item(0).text() == "✕ Siemens S2000 (proposal)"
    assert "another size" in dialog.conditions.text()
    assert not dialog.use.isEnabled()
    grab(dialog, "80-templates-other-size")
    fan = Fan(((256, 30), (384, 30), (599, 330), (41, 330)))
    window.workspace.add_regions(
        [(fan, Manner(keep=True)), (Box(300, 200, 40, 30), Manner("mean"))], ScopeKind.IMAGE
    )
    dialog.refresh()
    dialog.save_as("Ultrasound, ward 3")
    assert dialog.list.item(0).text().startswith("✓ Ultrasound, ward 3")
    grab(dialog, "81-templates-saved")
    window.workspace.history.undo()
    assert window.workspace.recipe.regions == ()
    dialog.use_all.click()
    assert {r.scope.kind for r in window.workspace.recipe.regions} == {ScopeKind.DEVICE}
    assert len(window.workspace.regions_here()) == 2
    settled(qtbot, window)
    grab(window, "82-template-used")
    (tmp_path / "bad.json").write_text("{}")
    dialog.import_from(tmp_path / "bad.json")
    assert "no file of device templates" in dialog.notice.text()
