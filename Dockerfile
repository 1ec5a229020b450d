# Two stages: the first installs what the lock file says, the second holds the program and nothing to build with.
#
#   docker build -t pocketdesk .            (--build-arg LOCK=postgres for a database on a server)
#   docker run --restart unless-stopped --memory 384m --read-only --tmpfs /tmp:size=32m -v pocketdesk:/data \
#     -v ./deploy/config.toml:/etc/pocketdesk/config.toml:ro -v ./deploy/secrets:/run/secrets:ro pocketdesk

FROM python:3.11-slim AS build
ARG LOCK=run
COPY requirements/bootstrap.txt requirements/run.txt requirements/postgres.txt /requirements/
RUN python -m venv /venv \
 && python -m pip install --quiet --no-cache-dir --root-user-action=ignore --target /tools --require-hashes -r /requirements/bootstrap.txt \
 && VIRTUAL_ENV=/venv /tools/bin/uv pip sync --quiet --system-certs --no-cache \
    --require-hashes "/requirements/$LOCK.txt"
COPY bot /app/bot
COPY engine /app/engine
COPY storage /app/storage
COPY sandbox /app/sandbox
# Compiled ahead, since the file system is read-only later: all but ccxt's hundred venues, of which six are used.
# For -OO, as deploy/pocketdesk starts it.
RUN rm -rf /venv/lib/python3*/site-packages/numpy/tests /venv/lib/python3*/site-packages/numpy/*/tests \
    /venv/lib/python3*/site-packages/matplotlib/tests \
 && python -m compileall -q -o 2 -x /ccxt/ /venv/lib /app \
 && PYTHONPATH=/app /venv/bin/python -OO -c "from engine.exchanges import lean, venues; \
    [lean.venue_class(name) for name in venues.VENUES]"

FROM python:3.11-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin pocketdesk \
 && install -d -o pocketdesk -g pocketdesk -m 700 /data && install -d /etc/pocketdesk
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY deploy/pocketdesk /usr/local/bin/pocketdesk
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    POCKETDESK__STORAGE__PATH=/data/pocketdesk.db \
    POCKETDESK__LOGS__FOLDER=/data/logs \
    POCKETDESK__HEALTH__ENABLED=true
USER pocketdesk
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=8s --start-period=30s --retries=3 \
    CMD ["pocketdesk", "health", "--config", "/etc/pocketdesk/config.toml"]
ENTRYPOINT ["pocketdesk"]
CMD ["run", "--config", "/etc/pocketdesk/config.toml"]
