import pytest


@pytest.fixture
def only_error(capsys):
    """Checks that a command printed one line of error, after its progress, and no result."""

    def check(message):
        out, err = capsys.readouterr()
        assert out == ""
        lines = [line for line in err.splitlines() if line.startswith("hwdse: error: ")]
        assert len(lines) == 1
        assert err.endswith(f"{lines[0]}\n")
        assert message in lines[0]

    return check
