# Postlark for many machines: the same image for web, worker, beat and migrate. On one machine `make run` needs none of this.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# Pillow sets letters closer with it, as the fonts ask.
RUN apt-get update && apt-get install -y --no-install-recommends libfribidi0 && rm -rf /var/lib/apt/lists/*

COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --require-hashes -r requirements/runtime.txt

# Without what the operator keeps here: .dockerignore. The blogs' files are mounted.
COPY . .
# The program itself is only read: the container may run with a read-only root and a volume on /data.
RUN pip install --no-deps --no-build-isolation -e . \
 && python -m compileall -q config worker \
 && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin postlark \
 && install -d -o postlark -g postlark -m 700 /data

USER postlark
ENV POSTLARK_DATA=/data LISTEN=0.0.0.0:8000
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["postlark", "web"]
