import pytest

from pyg_liesym.metrics.front import knee, pareto_front


def test_the_front_holds_who_is_not_beaten():
    speed = [100.0, 400.0, 30.0, 30.0, 200.0, 300.0]
    score = [0.90, 0.70, 0.95, 0.94, 0.90, 0.60]
    front = pareto_front(speed, score)
    assert front == [1, 4, 2]
    for k in range(len(speed)):
        beaten = any(
            speed[j] >= speed[k] and score[j] >= score[k] and (speed[j], score[j]) != (speed[k], score[k])
            for j in range(len(speed))
        )
        assert beaten == (k not in front)
    assert pareto_front([], []) == []
    assert pareto_front([1.0, 1.0], [0.5, 0.5]) == [0]


def test_the_knee_goes_by_factors_of_speed():
    # halfway by factors: 0.9 is above the line from 0.7 to 1, 0.84 below it
    assert knee([1.0, 10.0, 100.0], [1.0, 0.9, 0.7]) == 1
    assert knee([1.0, 10.0, 100.0], [1.0, 0.84, 0.7]) != 1
    assert knee([1.0, 50.0, 100.0], [1.0, 0.84, 0.7]) == 1
    assert knee([5.0], [0.5]) == 0
    assert knee([1.0, 2.0], [0.6, 0.5]) == 1


@pytest.mark.parametrize(("speed", "message"), [([], "at least one"), ([0.0], "positive speeds"), ([1.0, 2.0], "2 sp")])
def test_what_has_no_knee(speed, message):
    with pytest.raises(ValueError, match=message):
        knee(speed, [0.5] * min(len(speed), 1))
