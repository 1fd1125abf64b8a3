#!/bin/bash
# Runs in the lab: makes checkpoints of real containers into /lab/out, with the truth about each beside it.
set -euo pipefail
out=/lab/out
rm -rf "${out:?}"/*

mkdir -p /etc/containers
cat > /etc/containers/storage.conf <<'X'
[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
X
cat > /etc/containers/containers.conf <<'X'
[containers]
cgroupns = "private"
netns = "host"
pids_limit = 0
log_driver = "k8s-file"
seccomp_profile = ""
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
X
[ -e /etc/containers/policy.json ] || echo '{"default":[{"type":"insecureAcceptAnything"}]}' > /etc/containers/policy.json

podman rm -fa > /dev/null
podman volume rm -fa > /dev/null

# A container image out of the lab's own files: busybox, Python and what it needs.
image=$(mktemp -d)
mkdir -p "$image"/{bin,etc,tmp,proc,sys,dev,run,root,usr/bin,usr/lib,lib64,srv,mnt/volume,mnt/scratch,app}
cp /usr/bin/busybox "$image/bin/"
for applet in sh sleep ls cat; do ln -s busybox "$image/bin/$applet"; done
echo 'root:x:0:0:root:/root:/bin/sh' > "$image/etc/passwd"
echo 'to be deleted' > "$image/etc/obsolete.conf"
python=$(readlink -f /usr/bin/python3)
cp "$python" "$image/usr/bin/python3"
for library in $(ldd "$python" | grep -o '/[^ ]*'); do mkdir -p "$image$(dirname "$library")"; cp -L "$library" "$image$library"; done
cp -a "/usr/lib/$(basename "$python")" "$image/usr/lib/"
cp /lab/scripts/workload.py "$image/app/"
container=$(buildah from --pull-never scratch)
buildah copy -q "$container" "$image" / > /dev/null
buildah config --env PATH=/usr/bin:/bin --workingdir /app "$container"
buildah commit -q "$container" localhost/lab/workload:1 > /dev/null
buildah rm "$container" > /dev/null
rm -rf "$image"

# make NAME EXTENSION [podman checkpoint option…] -- [podman run option…] COMMAND…
make() {
  local name=$1 extension=$2 pid dump=()
  shift 2
  while [ "$1" != -- ]; do dump+=("$1"); shift; done
  shift
  podman run -d --name "$name" "$@" > /dev/null
  sleep 2
  pid=$(podman inspect -f '{{.State.Pid}}' "$name")
  python3 /lab/scripts/truth.py "$pid" > "$out/$name.truth.json"
  podman diff --format json "$name" > "$out/$name.diff.json"
  podman container checkpoint --export "$out/$name.$extension" "${dump[@]}" "$name" > /dev/null
  podman rm -f "$name" > /dev/null
}

loop='i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 1; done'
make crun-plain tar -c none -- -e 'GREETING=héllo wörld' localhost/lab/workload:1 sh -c "$loop"
make crun-gzip tar.gz -c gzip -- localhost/lab/workload:1 sh -c "$loop"
make runc-zstd tar.zst -- --runtime runc localhost/lab/workload:1 sh -c "$loop"
make odd tar -c none -- -v lab-volume:/mnt/volume --tmpfs /mnt/scratch localhost/lab/workload:1 python3 /app/workload.py
criu --version | sed -n 's/^Version: /criu /p' > "$out/versions.txt"
podman --version >> "$out/versions.txt"
chmod -R a+rX "$out"
