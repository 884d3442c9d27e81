#!/bin/sh
# Installs what the image needs of its base: `install.sh runtime` for what stays, `install.sh build` for what only its build needs.
# On a base with dnf (Fedora) the packager's commands are Fedora's own packages; on one with apt (Debian) they come from PyPI later.
set -eu

stage=$1

if command -v dnf > /dev/null; then
  install() {
    dnf install -y --setopt=install_weak_deps=False --setopt=tsflags=nodocs "$@"
    dnf clean all
    rm -rf /var/cache/dnf /var/cache/libdnf5 /var/lib/dnf /var/log/dnf* /var/log/hawkey.log
  }
  case $stage in
    runtime)
      # fedora-packager-kerberos knows the realms and their KDCs, production's and staging's.
      install fedpkg fedpkg-stage koji bodhi-client rpmdevtools rpmautospec \
        krb5-workstation fedora-packager-kerberos git-core openssh-clients \
        nodejs24 nss_wrapper-libs tini
      # Node's packages own no unversioned name that is the same in all releases of Fedora.
      ln -s /usr/bin/node-24 /usr/local/bin/node
      ;;
    build) install /usr/bin/npm ;;
  esac
elif command -v apt-get > /dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  install() {
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "$@"
    apt-get clean
    rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /var/log/alternatives.log \
      /usr/share/doc /usr/share/man /usr/share/locale /usr/share/info
  }
  case $stage in
    runtime)
      # krb5-k5tls is what reaches a KDC behind HTTPS, as Fedora's is. Node comes from npm.
      install rpm python3 python3-rpm krb5-user krb5-k5tls git openssh-client ca-certificates \
        libnss-wrapper tini
      ;;
    build) install npm python3-venv python3-dev gcc libc6-dev libkrb5-dev ;;
  esac
else
  echo "error: this base has neither dnf nor apt-get" >&2
  echo "What to do: choose another BASE, or teach $0 its package manager." >&2
  exit 1
fi
