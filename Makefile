# Everything is in bootstrap.py, so that machines without make do the same.
# ARGS go to the target's own command: make test ARGS='-k units', make PYTHON=python3.12
PYTHON ?= python3
ARGS ?=

.PHONY: make test venv publish peers history-bench docs clean help
.DEFAULT_GOAL := make

make test venv publish peers history-bench docs clean help:
	@$(PYTHON) bootstrap.py $@ $(ARGS)
