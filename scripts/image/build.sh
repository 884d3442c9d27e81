#!/bin/sh
# Runs in the image's build stage: `build.sh dependencies`, then `build.sh packprobe`, which leaves all that the image gets in /image.
set -eu

# A certificate authority that only the build needs, such as that of a proxy which opens TLS: `scripts/image.sh --ca FILE`.
ca=/run/build-ca.pem
if [ -s "$ca" ]; then
  export NODE_EXTRA_CA_CERTS=$ca npm_config_cafile=$ca PIP_CERT=$ca SSL_CERT_FILE=$ca REQUESTS_CA_BUNDLE=$ca
fi
export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false PIP_NO_CACHE_DIR=1

case $1 in
  dependencies)
    npm ci
    # Fedora's own packages are what its packagers use; elsewhere they come from PyPI, in the versions that the tests know.
    command -v fedpkg > /dev/null || npm run clients
    rm -rf "$HOME/.npm"
    ;;
  packprobe)
    npm run build
    mkdir -p /image/usr/local/bin /image/opt/packprobe /image/etc/packprobe
    # A fifth less without its symbols, which only a debugger reads.
    [ -e /usr/local/bin/node ] || install -m 755 --strip node_modules/node/bin/node /image/usr/local/bin/node
    npm prune --omit=dev
    cp -a bin dist probes config docs package.json LICENSE node_modules /image/opt/packprobe/
    # Nobody debugs or compiles in there: half of the files are maps, types and the sources of both.
    find /image/opt/packprobe/dist /image/opt/packprobe/node_modules -type f \
      \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.md' \) -delete
    if [ -d .clients ]; then
      .clients/packager/bin/python -m pip uninstall --quiet --yes pip
      find .clients -name '*.so' -exec strip --strip-unneeded {} +
      cp -a .clients /image/opt/packprobe/
      for name in koji bodhi fedpkg; do
        ln -s "/opt/packprobe/.clients/bin/$name" "/image/usr/local/bin/$name"
      done
    fi
    install -m 755 scripts/image/ssh.sh /image/usr/local/bin/ssh
    install -m 644 config/deploy/packprobe.yaml /image/etc/packprobe/packprobe.yaml
    ln -s /opt/packprobe/bin/packprobe.js /image/usr/local/bin/packprobe
    # Whoever runs it has the group 0 and any user id: what the group may, is all that it may.
    install -d -m 775 -g 0 /image/data
    ;;
esac
