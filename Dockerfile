# syntax=docker/dockerfile:1
FROM python:3.13-slim
WORKDIR /src
COPY . .
# What is installed is this checkout.
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ".[cel]" && rm -rf /src/*
WORKDIR /work
ENV MOCKAPI_HOST=0.0.0.0
EXPOSE 8001
HEALTHCHECK --interval=2s --timeout=2s --retries=15 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8001/readyz', timeout=2)"]
ENTRYPOINT ["mockapi"]
CMD ["serve"]
