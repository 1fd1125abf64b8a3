#!/bin/bash
# A small machine inside this one, made of distribution packages only, in which Podman and CRIU make real checkpoints.
#
#   lab.sh up            build it (a Debian chroot) and start it; needs root and about two minutes
#   lab.sh run COMMAND   run a shell command in it; this folder is /lab/scripts there, $LAB/out is /lab/out
#   lab.sh exec WORD…    run one command in it, its words as they are
#   lab.sh down          stop it; `lab.sh remove` deletes it too
#
# LAB: its folder (default: checkpoint-explorer-lab in the system's folder for temporary files)
# SUITE: the Debian suite. The kernel decides which CRIU works on it; the newest has the best chances.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
LAB=${LAB:-${TMPDIR:-/tmp}/checkpoint-explorer-lab}
SUITE=${SUITE:-sid}
packages=(podman criu libcriu2 crun runc conmon buildah skopeo docker-registry checkpointctl busybox-static python3 nftables iptables iproute2 netavark ca-certificates golang-github-containers-common
  containerd containernetworking-plugins python3-grpcio python3-grpc-tools)

build() {
  mkdir -p "$LAB"/{out,tools,logs}
  if [ ! -x "$LAB/tools/usr/sbin/debootstrap" ]; then
    (cd "$LAB/tools" && apt-get download -q debootstrap && dpkg-deb -x debootstrap_*.deb .)
  fi
  if [ ! -e "$LAB/root/etc/debian_version" ]; then
    local mirror
    # The mirror that this machine's own packages come from.
    mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
    DEBOOTSTRAP_DIR=$LAB/tools/usr/share/debootstrap "$LAB/tools/usr/sbin/debootstrap" --variant=minbase \
      --keyring=/usr/share/keyrings/debian-archive-keyring.gpg "$SUITE" "$LAB/root" "$mirror"
  fi
  # An older lab may lack packages that came later.
  if [ "$(cat "$LAB/root/etc/lab-packages" 2> /dev/null)" != "${packages[*]}" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$LAB/root/usr/sbin/policy-rc.d"
    chmod +x "$LAB/root/usr/sbin/policy-rc.d"
    cp /etc/resolv.conf /etc/hosts "$LAB/root/etc/"
    # The mounts that packages need while they are set up go away with this mount namespace.
    unshare --mount --propagation private bash -c "
      mount -t proc proc '$LAB/root/proc' && mount --rbind /dev '$LAB/root/dev' &&
      chroot '$LAB/root' apt-get update -q -o Acquire::Check-Valid-Until=false &&
      DEBIAN_FRONTEND=noninteractive chroot '$LAB/root' apt-get install -y --no-install-recommends ${packages[*]}"
    make_cri_client
    echo "${packages[*]}" > "$LAB/root/etc/lab-packages"
  fi
}

# The distribution has the definition of the interface that crictl speaks, but no crictl. Of that package only one file is
# needed, and none of what it depends on.
make_cri_client() {
  local api=$LAB/root/usr/local/lib/cri-api
  mkdir -p "$api"
  (cd "$LAB/root/tmp" && chroot "$LAB/root" sh -c 'cd /tmp && apt-get download -q golang-k8s-cri-api-dev' &&
    dpkg-deb --fsys-tarfile golang-k8s-cri-api-dev_*.deb | tar -x --to-stdout --wildcards '*/runtime/v1/api.proto' |
    sed 's/ *\[debug_redact = true\]//' > "$api/api.proto" && rm -f golang-k8s-cri-api-dev_*.deb)
  chroot "$LAB/root" sh -c \
    'cd /usr/local/lib/cri-api && python3 -m grpc_tools.protoc -I . --python_out . --grpc_python_out . api.proto'
}

# CRIU dumps every cgroup below a process's own one, in every hierarchy: without one of its own in each, the lab would
# take the whole machine's tree along.
join_cgroups() {
  local hierarchy directory
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*/; do
    [ -e "$hierarchy/cgroup.procs" ] || continue
    directory=$hierarchy/checkpoint-explorer-lab
    if [ ! -d "$directory" ] && mkdir -p "$directory" && [ -e "$directory/cpuset.cpus" ] && [ -e "$directory/cgroup.clone_children" ]; then
      cat "$hierarchy/cpuset.cpus" > "$directory/cpuset.cpus"
      cat "$hierarchy/cpuset.mems" > "$directory/cpuset.mems"
      echo 1 > "$directory/cgroup.clone_children"
    fi
    echo "$BASHPID" > "$directory/cgroup.procs"
  done
}

start() {
  rm -f "$LAB/ready"
  (
    join_cgroups
    exec setsid unshare --mount --propagation private --pid --fork --net --uts --ipc --cgroup \
      bash "$here/lab.sh" inside
  ) > "$LAB/logs/init.log" 2>&1 < /dev/null &
  for _ in $(seq 100); do
    [ -e "$LAB/ready" ] && break
    sleep 0.1
  done
  [ -e "$LAB/ready" ] || { cat "$LAB/logs/init.log" >&2; exit 1; }
}

# The lab's first process: makes the mounts of a machine and moves into them. pivot_root, because CRIU refuses a process
# tree whose root is not that of its mount namespace.
inside() {
  local root=$LAB/root node
  hostname checkpoint-lab
  mount --bind "$root" "$root"
  cd "$root"
  mkdir -p lab/out lab/scripts
  mount --bind "$LAB" lab
  mkdir -p lab/out lab/scripts
  mount --bind "$here" lab/scripts
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs dev
  for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0" "fuse 10 229"; do
    # shellcheck disable=SC2086 # name, major and minor are three words
    set -- $node
    mknod -m 666 "dev/$1" c "$2" "$3"
  done
  mkdir -p dev/pts dev/shm dev/mqueue dev/net
  mknod -m 666 dev/net/tun c 10 200
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  mount -t tmpfs tmpfs dev/shm
  mount -t mqueue mqueue dev/mqueue
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=1777 tmpfs tmp
  mkdir -p old
  pivot_root . old
  cd /
  umount -l /old
  ip link set lo up
  echo ready > /lab/ready
  exec sleep infinity
}

# The process that owns the lab's namespaces, seen from outside.
init_pid() {
  local pid
  for pid in $(pgrep -x sleep); do
    [ "$(readlink "/proc/$pid/ns/uts")" != "$(readlink /proc/self/ns/uts)" ] || continue
    [ -e "/proc/$pid/root/lab/ready" ] && [ "$(stat -c %d:%i "/proc/$pid/root/lab")" = "$(stat -c %d:%i "$LAB")" ] && echo "$pid" && return
  done
  echo "The lab is not running: lab.sh up starts it." >&2
  return 1
}

run() {
  local pid
  pid=$(init_pid)
  join_cgroups
  exec nsenter -t "$pid" -m -p -n -u -i -C -r -w env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8 \
    bash -c "$*"
}

run_words() {
  local pid
  pid=$(init_pid)
  join_cgroups
  exec nsenter -t "$pid" -m -p -n -u -i -C -r -w env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8 "$@"
}

down() {
  local pid hierarchy
  if pid=$(init_pid 2> /dev/null); then kill -9 "$pid"; sleep 1; fi
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*/; do
    [ -d "$hierarchy/checkpoint-explorer-lab" ] || continue
    find "$hierarchy/checkpoint-explorer-lab" -depth -type d -exec rmdir {} + 2> /dev/null || true
  done
  rm -f "$LAB/ready"
}

case ${1:-} in
  up) build; start ;;
  inside) inside ;;
  run) shift; run "$@" ;;
  exec) shift; run_words "$@" ;;
  down) down ;;
  remove) down; rm -rf --one-file-system "$LAB" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
