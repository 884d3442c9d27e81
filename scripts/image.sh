#!/usr/bin/env bash
# Builds the container image with buildah.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat << 'USAGE'
Usage: scripts/image.sh [--base IMAGE | --debootstrap SUITE] [--tag NAME] [--ca FILE] [-- BUILDAH-OPTIONS]

  --base IMAGE         what it stands on (default: that of the Containerfile, Fedora); any image with dnf or apt
  --debootstrap SUITE  stands on a Debian that is made here from nothing, such as `trixie`; needs root and debootstrap
  --tag NAME           name of the image (default: localhost/packprobe)
  --ca FILE            certificates that only the build trusts, for a proxy that opens TLS
  -- OPTIONS           passed on to `buildah build`, such as --isolation chroot
USAGE
}

fail() {
  echo "error: $1" >&2
  exit 2
}

base='' suite='' tag=localhost/packprobe
options=()
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --) shift; options+=("$@"); break ;;
    --base | --debootstrap | --tag | --ca) [ $# -ge 2 ] || fail "$1 needs a value" ;;&
    --base) base=$2; shift 2 ;;
    --debootstrap) suite=$2; shift 2 ;;
    --tag) tag=$2; shift 2 ;;
    --ca) options+=(--volume "$(realpath "$2"):/run/build-ca.pem:ro"); shift 2 ;;
    *) usage >&2; fail "unknown: $1" ;;
  esac
done
[ -z "$base" ] || [ -z "$suite" ] || fail 'either --base or --debootstrap'

# Everything of one Debian, and nothing else: the smallest that apt can work in.
debian() {
  local folder container
  folder=$(mktemp -d)
  debootstrap --variant=minbase "$suite" "$folder/root" >&2
  rm -rf "$folder"/root/var/cache/apt/archives/*.deb "$folder"/root/var/lib/apt/lists/* \
    "$folder"/root/usr/share/{doc,man,locale,info}/*
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$folder/root" / >&2
  buildah config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit --quiet --rm "$container" "localhost/debian-$suite" >&2
  rm -rf "$folder"
  echo "localhost/debian-$suite"
}

[ -z "$suite" ] || base=$(debian)
[ -z "$base" ] || options+=(--build-arg "BASE=$base")
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
revision=$(git rev-parse HEAD 2> /dev/null || echo unknown)

# Docker's format: that of OCI has no health check.
exec buildah build --format docker --layers --tag "$tag" --tag "$tag:$version" \
  --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
  ${options[@]+"${options[@]}"} .
