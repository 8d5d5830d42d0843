# Two commands are all a newcomer needs: `make run` and `make test`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LORA   := .venv-lora

.PHONY: run test test-lora trainers check format screenshots bench lock clean

run: $(VENV)/run.stamp  ## set up, then go once round the loop: the app in a terminal, plain lines elsewhere
	@$(BIN)/tintype tour

# What is imported is compiled once: the tests start some hundred processes. Of two processors, two
# workers leave a third idle, for half of what a journey takes is waiting: for a server, a clock.
# What failed is tried once more, alone: what passes then is unsteady, is named, and is to be mended.
test: $(VENV)/dev.stamp  ## set up, then run the tests
	@rm -f .pytest_cache/v/cache/lastfailed
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist worksteal -q || { \
	  code=$$?; [ $$code = 1 ] || exit $$code; \
	  echo 'What failed, once more and alone. A test that passes now is unsteady: it is to be mended.'; \
	  PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -rA --show-capture=no \
	    --last-failed --last-failed-no-failures none; }

# Open models, tuned with LoRA: the extra `lora` in an environment of its own (1.2 GB with PyTorch
# for the processor, which the pins in constraints-lora.txt choose).
test-lora: $(LORA)/stamp  ## set up, then run the tests of open models
	$(LORA)/bin/python -m pytest -q tests/lora

# Trainers of others, each in a folder of its own, with the versions that it asks for and without
# what only a GPU or a server needs (150 MB each): `make test-lora` has them read their recipes.
trainers: $(LORA)/stamp  ## install the trainers that `tintype move --recipe` writes for
	for one in trl llama-factory ms-swift unsloth; do \
	  $(LORA)/bin/python -m pip install -q --no-deps --upgrade --target $(LORA)/trainers/$$one \
	    -r tests/lora/trainers/$$one.txt || exit; done

check: $(VENV)/dev.stamp  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: $(VENV)/dev.stamp  ## the images in screenshots/ and the README, from the real app
	$(BIN)/python -m screenshots

bench: $(VENV)/dev.stamp  ## the figures in the README
	$(BIN)/python -m benchmarks

lock: $(VENV)/dev.stamp  ## pin every dependency, for all supported Pythons, with no address in the file
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile --universal --upgrade --group dev --no-annotate --no-emit-index-url \
	  --no-emit-find-links --custom-compile-command 'make lock' -q -o constraints.txt pyproject.toml

clean:
	rm -rf $(VENV) $(LORA) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Tintype needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which to use: make run PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(LORA)/stamp: pyproject.toml constraints.txt constraints-lora.txt
	$(PYTHON) -m venv $(LORA)
	$(LORA)/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt pip
	$(LORA)/bin/python -m pip install -q -c constraints-lora.txt torch
	$(LORA)/bin/python -m pip install -q -c constraints.txt -c constraints-lora.txt \
	  -e '.[lora]' --group dev peft
	@touch $@

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt pip
	$(BIN)/python -m pip install -q -c constraints.txt -e . --group dev
	@touch $@ $(VENV)/run.stamp
