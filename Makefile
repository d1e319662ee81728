# The workflow, by name. What it takes to run and test Postlark stands in ./run, so that no make is needed.

.PHONY: run test lint format bench pictures words lock

run:            ## Postlark on this machine, with the example blog; or: make run FEED=https://blog.example/feed/
	@./run up "$(FEED)"

test:           ## every test, on SQLite and on PostgreSQL
	@./run test

lint:           ## formatting, rules, types, layers
	@./run lint

format:         ## put the formatting right
	@./run format

bench:          ## what the figures in README.md come from
	@./run bench

pictures:       ## the pictures in the documents, taken and drawn by tests
	POSTLARK_PICTURES=docs/pictures ./run test tests/browser tests/render/test_card_sheet.py -k "pictures or cards"

words:          ## the catalogue of locale/, from the sources; prints what has no French words yet
	.venv/bin/python -m tests.house.catalogue

lock:           ## the hashed locks, from pyproject.toml (needs uv); --universal also locks for Python 3.11.2 and other systems
	uv pip compile $(LOCK) pyproject.toml -o requirements/runtime.txt
	uv pip compile $(LOCK) --group dev -c requirements/runtime.txt -o requirements/dev.txt

LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
