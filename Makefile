# `make run` and `make test` are all that is needed; each sets up what it uses.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
EXAMPLE_PROMPT := rain on a tin roof

.PHONY: setup run test check format clean

setup: $(SETUP)

$(SETUP): pyproject.toml packaging/system/libraries packaging/system/python
	@packaging/system/libraries run
	@packaging/system/python $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): $(SETUP)
	@packaging/system/libraries test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

run: $(SETUP)
	@problem=$$($(BIN)/python -c 'from soundstudio.ui.display import display_problem as p; print(p())'); \
	if [ -n "$$problem" ]; then \
		echo "$$problem Generating “$(EXAMPLE_PROMPT)” instead."; \
		$(BIN)/soundstudio generate "$(EXAMPLE_PROMPT)" -o "$(CURDIR)/build/example.wav" && \
		echo "The sound lies in $(CURDIR)/build/example.wav"; \
	else \
		exec $(BIN)/soundstudio; \
	fi

test: $(DEV)
	$(BIN)/python -m pytest

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/typos

format: $(DEV)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist
