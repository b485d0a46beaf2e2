import pytest
import torch

from pyg_liesym.plot.flow import plot_flow_forecasts, plot_flow_frames
from pyg_liesym.plot.lead import plot_lead_errors
from pyg_liesym.plot.relaxation import plot_relaxation


def test_a_row_for_the_truth_and_each_forecast(drawn, panels):
    truth = torch.randn(6, 2, 4, 5, generator=torch.Generator().manual_seed(0))
    figure = plot_flow_forecasts(truth, {"same": truth, "off": truth + 0.5})
    rows = panels(figure)[:15]
    assert [ax.get_ylabel() for ax in rows[::5]] == ["truth", "same", "off"]
    assert [ax.get_title() for ax in rows[:5]] == [f"frame {k}" for k in (1, 2, 3, 5, 6)]
    assert rows[5].get_title() == "RMSE 0"
    assert rows[10].get_title() == "RMSE 0.5"
    speed = rows[2].get_images()[0].get_array()
    torch.testing.assert_close(torch.as_tensor(speed.data), truth[2].norm(dim=0).double())
    assert "truth" in drawn(figure)
    with pytest.raises(ValueError, match=r"forecast 'off': expected \[6, 2, 4, 5\]"):
        plot_flow_forecasts(truth, {"off": truth[:3]})
    with pytest.raises(ValueError, match="a forecast of them"):
        plot_flow_forecasts(truth, {})


def test_land_is_blank_and_not_counted(panels):
    truth = torch.ones(2, 2, 4, 4)
    truth[:, :, :2] = torch.nan
    forecast = truth.nan_to_num(nan=9.0) + 0.5
    figure = plot_flow_forecasts(truth, {"off": forecast, "unknown": torch.full_like(truth, torch.nan)}, frames=[1])
    first, second, third = panels(figure)
    assert first.get_images()[0].get_array().mask[:2].all()
    assert second.get_title() == "RMSE 0.5"
    assert third.get_title() == "RMSE nan"


def test_frames_side_by_side_on_one_scale(drawn, panels):
    frame = torch.ones(2, 3, 6)
    frame[:, 0] = torch.nan
    figure = plot_flow_frames({"now": frame, "then": 2 * frame}, unit="m/s")
    now, then = (ax.get_images()[0] for ax in panels(figure))
    assert now.get_array().mask[0].all()
    assert now.get_clim() == then.get_clim() == (0, pytest.approx(8**0.5))
    assert "speed [m/s]" in drawn(figure)
    with pytest.raises(ValueError, match="one shape"):
        plot_flow_frames({"now": frame, "then": frame[0]})
    with pytest.raises(ValueError, match="one shape"):
        plot_flow_frames({})


def test_errors_by_lead():
    figure = plot_lead_errors({"network": [0.1, 0.2], "nothing changes": [0.2, 0.3]}, unit="m/s")
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["network", "nothing changes"]
    assert list(lines[0].get_ydata()) == [0.1, 0.2]
    with pytest.raises(ValueError, match="as many errors"):
        plot_lead_errors({"a": [0.1], "b": [0.1, 0.2]})
    with pytest.raises(ValueError, match="as many errors"):
        plot_lead_errors({})


def test_a_line_for_each_course():
    figure = plot_relaxation({"symmetric": ([0, 5], [0.0, 0.1]), "broken": ([0, 5, 9], [0.0, 0.2, 0.4])})
    first, second = figure.axes[0].get_lines()
    assert list(first.get_ydata()) == [0.0, 0.1]
    assert list(second.get_xdata()) == [0, 5, 9]
    with pytest.raises(ValueError, match="as many values as steps"):
        plot_relaxation({"a": ([0], [])})
