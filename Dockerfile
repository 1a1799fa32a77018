# The server in a container. Never built where this was written: no container
# engine was at hand. docs/install.md shows how to run it.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /agentplane ./cmd/agentplane

# Debian, because the server runs git; util-linux brings prlimit, which bounds it;
# universal-ctags reads what an interface's files define; openssh-client signs.
FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git openssh-client util-linux universal-ctags \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/agentplane --shell /usr/sbin/nologin agentplane \
 && install -d -o agentplane -g agentplane -m 0700 /var/lib/agentplane
COPY --from=build /agentplane /usr/local/bin/agentplane
USER 10001:10001
WORKDIR /var/lib/agentplane
VOLUME /var/lib/agentplane
ENV AGENTPLANE_LISTEN=:8080 \
    AGENTPLANE_DATABASE=/var/lib/agentplane/agentplane.db \
    AGENTPLANE_MIRRORS=/var/lib/agentplane/mirrors
EXPOSE 8080
ENTRYPOINT ["agentplane"]
CMD ["serve"]
