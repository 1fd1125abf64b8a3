#!/bin/bash
# Runs in the lab, after make-checkpoints.sh: starts containerd with its CRI plugin, a registry that it pulls from, and what
# stands for crictl; makes a checkpoint of a container in a pod, as a kubelet would have it made, into /lab/out.
set -euo pipefail
out=/lab/out

cat > /usr/local/bin/crictl <<'E'
#!/bin/sh
exec python3 /lab/scripts/crictl.py "$@"
E
cat > /usr/local/bin/runc-without-limits <<'E'
#!/bin/sh
exec python3 /lab/scripts/runc-without-limits.py "$@"
E
chmod +x /usr/local/bin/*

mkdir -p /etc/cni/net.d /etc/containerd /run/containerd /var/log/pods /etc/criu
rm -f "$out"/containerd.* /etc/criu/runc.conf
cat > /etc/cni/net.d/10-lab.conflist <<'E'
{"cniVersion": "1.0.0", "name": "lab", "plugins": [
  {"type": "ptp", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.22.0.0/24"}]]}}]}
E
cat > /etc/containerd/config.toml <<'E'
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '127.0.0.1:5000/lab/pause:1'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  disable_apparmor = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/usr/lib/cni']
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = '/usr/local/bin/runc-without-limits'
E
cat > /etc/lab-registry.yml <<'E'
version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: /var/lib/lab-registry}, delete: {enabled: true}}
http: {addr: '127.0.0.1:5000'}
E
rm -rf /var/lib/lab-registry
setsid docker-registry serve /etc/lab-registry.yml > /lab/logs/registry.log 2>&1 < /dev/null &
setsid containerd > /lab/logs/containerd.log 2>&1 < /dev/null &
for _ in $(seq 100); do
  crictl version > /dev/null 2>&1 && break
  sleep 0.2
done
crictl version | sed -n 's/^Runtime\(Name\|Version\): *//p' >> "$out/versions.txt"

# The restore pulls the container image by its digest, so it must come from a registry.
container=$(buildah from --pull-never localhost/lab/workload:1)
buildah config --entrypoint '["/bin/busybox", "sleep", "1000000"]' "$container"
buildah commit -q "$container" localhost/lab/pause:1 > /dev/null
buildah rm "$container" > /dev/null
for image in pause:1 workload:1; do
  buildah push -q --tls-verify=false "localhost/lab/$image" "docker://127.0.0.1:5000/lab/$image"
done
crictl pull 127.0.0.1:5000/lab/workload:1

work=$(mktemp -d)
cat > "$work/pod.json" <<'E'
{"metadata": {"name": "counters", "namespace": "default", "uid": "11111111-2222-3333-4444-555555555555", "attempt": 0},
 "log_directory": "/var/log/pods/counters", "linux": {}}
E
cat > "$work/container.json" <<'E'
{"metadata": {"name": "counter", "attempt": 0}, "image": {"image": "127.0.0.1:5000/lab/workload:1"}, "log_path": "counter.log",
 "command": ["sh", "-c", "i=0; while :; do i=$((i+1)); echo $i > /tmp/count; echo tick $i; sleep 1; done"],
 "mounts": [{"container_path": "/mnt/volume", "host_path": "/srv"}],
 "labels": {"io.kubernetes.container.name": "counter"}, "annotations": {"of": "the original"}, "linux": {}}
E
pod=$(crictl runp "$work/pod.json")
container=$(crictl create "$pod" "$work/container.json" "$work/pod.json")
crictl start "$container" > /dev/null
sleep 3
crictl checkpoint "--export=$out/containerd.tar" "$container" > /dev/null
crictl exec --sync "$container" cat /tmp/count > "$out/containerd.count"
crictl rmp --force "$pod" > /dev/null
rm -rf "$work"
# Else CRIU's log goes away with a container whose restore fails.
echo 'log-file=/var/log/criu-restore.log' > /etc/criu/runc.conf
# Of its own for crun, which would take that of runc: Podman keeps CRIU's log where it says.
echo '# nothing' > /etc/criu/crun.conf
chmod -R a+rX "$out"
