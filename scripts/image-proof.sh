#!/usr/bin/env bash
# Proves an image where no container runtime starts: its root read-only in a mount namespace, under a user id that nobody knows, without any network
# but loopback. What a runtime adds beyond that (cgroups, seccomp, SELinux) is not proven here.
set -euo pipefail

usage() {
  cat << 'USAGE'
Usage: scripts/image-proof.sh [--image NAME] [--uid UID] [--speed N] [--keep]

Needs root, buildah, and unshare, nsenter, ip, pgrep, curl. Nothing of this host is changed; all is gone at the end.

  --image NAME   default: localhost/packprobe
  --uid UID      the user id that it runs under, in group 0 (default: 12345)
  --speed N      of the sandbox (default: 60)
  --keep         leave the data folder, and say where it is
USAGE
}

image=localhost/packprobe uid=12345 speed=60 keep=''
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --keep) keep=1; shift ;;
    --image) image=$2; shift 2 ;;
    --uid) uid=$2; shift 2 ;;
    --speed) speed=$2; shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done
if [ "$(id -u)" != 0 ]; then
  echo 'error: only root may make a mount namespace and choose a user id' >&2
  exit 2
fi

container=$(buildah from --pull-never "$image")
root=$(buildah mount "$container")
data=$(mktemp -d)
finish() {
  buildah umount "$container" > /dev/null
  buildah rm "$container" > /dev/null
  if [ -n "$keep" ]; then echo "data: $data"; else rm -rf "$data"; fi
}
trap finish EXIT

# As the volume of a runtime: whoever is in group 0 may write, nobody else.
chgrp 0 "$data"
chmod 775 "$data"
mapfile -t variables < <(buildah inspect --type image --format '{{range .OCIv1.Config.Env}}{{println .}}{{end}}' "$image" | sed '/^$/d')
mapfile -t entrypoint < <(buildah inspect --type image --format '{{range .OCIv1.Config.Entrypoint}}{{println .}}{{end}}' "$image" | sed '/^$/d')
echo "image: $image, $(du -sm "$root" | cut -f1) MB unpacked, entry point: ${entrypoint[*]}"

# The words behind the -- are an argument list; each check runs in namespaces of its own, its first program as process 1.
inside() {
  unshare --mount --pid --net --ipc --uts --fork --kill-child=SIGKILL bash -c '
    set -euo pipefail
    root=$1 data=$2 uid=$3
    shift 3
    ip link set lo up
    hostname packprobe
    mount --bind "$root" "$root"
    mount --bind "$data" "$root/data"
    mount -t tmpfs -o mode=1777,size=1g tmpfs "$root/tmp"
    mount -t tmpfs -o mode=1777,size=1g tmpfs "$root/var/tmp"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755,size=64k tmpfs "$root/dev"
    for device in null zero random urandom; do
      touch "$root/dev/$device"
      mount --bind "/dev/$device" "$root/dev/$device"
    done
    ln -s /proc/self/fd "$root/dev/fd"
    mount -o remount,ro,bind "$root"
    exec chroot --userspec="$uid:0" --groups= "$root" /usr/bin/env -i --chdir=/data "$@"
  ' inside "$root" "$data" "$uid" "${variables[@]}" "$@"
}

failed=0
check() {
  echo
  echo "== $1"
  shift
  if "$@"; then echo 'ok'; else echo "NOT OK (exit code $?)"; failed=1; fi
}

read_only() {
  inside sh -c '
    id
    ! getent passwd "$(id -u)" || exit 1
    for place in / /etc /opt/packprobe /usr/local/bin /home /var; do
      if touch "$place/written" 2> /dev/null; then echo "$place can be written to"; exit 1; fi
    done
    touch /data/written /tmp/written && rm /data/written /tmp/written
  '
}

commands() {
  inside sh -c 'for name in packprobe node fedpkg koji bodhi git ssh kinit klist rpm tini; do command -v "$name" || exit 1; done; packprobe --version'
}

git_and_ssh() {
  inside sh -c '
    set -u
    mkdir -p /tmp/git && cd /tmp/git && export HOME=/tmp/git
    git init -q . && git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m "by nobody known" && git log --format=%s
    # Nobody listens there: that ssh says so means that it knows who it is.
    said=$(ssh -oBatchMode=yes -p 1 127.0.0.1 2>&1)
    echo "$said"
    case $said in *"Connection refused"*) ;; *) exit 1 ;; esac
    echo "without the wrapper: $(/usr/bin/ssh -oBatchMode=yes -p 1 127.0.0.1 2>&1)"
  '
}

# Orphans: the grandchild is left behind by its parent, and ends later.
zombies() {
  inside "${entrypoint[@]:0:3}" node -e '
    const { execFileSync } = require("node:child_process");
    const { readdirSync, readFileSync } = require("node:fs");
    for (let i = 0; i < 20; i += 1) execFileSync("sh", ["-c", "sleep 0.2 > /dev/null 2>&1 &"]);
    setTimeout(() => {
      const states = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((pid) => readFileSync(`/proc/${pid}/stat`, "utf8"));
      const zombies = states.filter((stat) => / Z /.test(stat)).length;
      console.log(`${zombies} zombies of 20 orphans`);
      process.exit(zombies === 0 ? 0 : 1);
    }, 1000);
  '
}

single_build() {
  inside "${entrypoint[@]}" run single-build --env sandbox --speed "$speed"
}

# Starts the service with the configuration of the image, asks it as the health check does, and ends it as a runtime does.
serve() {
  inside "${entrypoint[@]}" serve --env sandbox > "$data/serve.out" 2>&1 &
  local job=$! begin=$EPOCHREALTIME pid='' answer='' code=0
  for _ in $(seq 300); do
    # The shell of this function, unshare, then process 1 of the namespace.
    pid=$(pgrep -x tini -P "$(pgrep -x unshare -P "$job" || echo 0)" || true)
    [ -z "$pid" ] || answer=$(nsenter --net --target "$pid" curl -s --noproxy '*' -m 5 -w ' HTTP %{http_code}' http://127.0.0.1:9842/healthz/ready || true)
    case $answer in *'HTTP 200') break ;; esac
    kill -0 "$job" 2> /dev/null || break
    sleep 0.1
  done
  echo "/healthz/ready after $(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $begin }") s: $answer"
  [ -z "$pid" ] || echo "/metrics: $(nsenter --net --target "$pid" curl -s --noproxy '*' -m 5 http://127.0.0.1:9842/metrics | grep -c '^packprobe_') series of packprobe"
  [ -z "$pid" ] || awk '/^(VmRSS|VmHWM)/ { print "memory of packprobe:", $0 }' "/proc/$(pgrep -P "$pid")/status"
  begin=$EPOCHREALTIME
  if [ -n "$pid" ]; then kill -TERM "$pid"; else pkill -P "$job" || true; fi
  wait "$job" || code=$?
  echo "ended by SIGTERM with exit code $code after $(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $begin }") s"
  tail -5 "$data/serve.out"
  case $answer in *'HTTP 200') [ "$code" = 0 ] ;; *) return 1 ;; esac
}

check 'a root that cannot be written to, under a user id without a name' read_only
check 'all commands are there' commands
check 'git and ssh work under a user id without a name' git_and_ssh
check 'orphans are taken in' zombies
check 'packprobe run single-build --env sandbox' single_build
check 'packprobe serve --env sandbox' serve
exit "$failed"
