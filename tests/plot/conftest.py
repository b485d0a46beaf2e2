"""Fixtures that draw a figure and look at it."""

import io

import pytest
from matplotlib.text import Text


@pytest.fixture
def drawn():
    """Draws a figure to a file; returns all of its text."""

    def draw(figure):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=40)
        assert len(buffer.getvalue()) > 2000
        return " | ".join(text.get_text() for text in figure.findobj(Text) if text.get_text())

    return draw


@pytest.fixture
def panels():
    """The axes of a figure that show something, without colour bars."""
    return lambda figure: [ax for ax in figure.axes if ax.get_label() != "<colorbar>" and ax.axison]
